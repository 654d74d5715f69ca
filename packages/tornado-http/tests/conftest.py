"""Ways to feed a reader, loops that notice what is left behind, and server connections over socket pairs."""

import asyncio
import os
import socket

import pytest

from tornado._http1.errors import MessageError
from tornado._http1.reader import END, RequestReader, ResponseReader
from tornado.iostream import IOStream


def _drain(reader):
    """Return the events that are there, contents joined, and the error that ended them."""
    events = []
    try:
        while True:
            event = reader.next_event()
            if event is None:
                return events, None
            if isinstance(event, bytes) and events and isinstance(events[-1], bytes):
                events[-1] += event
            else:
                events.append(event)
            if event is END:
                return events, None
    except MessageError as error:
        return events, error


def _merge(events, more):
    for event in more:
        if isinstance(event, bytes) and events and isinstance(events[-1], bytes):
            events[-1] += event
        else:
            events.append(event)


def _feed(reader, pieces, eof):
    events = []
    for piece in pieces:
        reader.receive(piece)
        more, error = _drain(reader)
        _merge(events, more)
        if error is not None or (events and events[-1] is END):
            return events, error
    if eof:
        reader.receive_eof()
        more, error = _drain(reader)
        _merge(events, more)
        return events, error
    return events, None


def _plain(event):
    """Return an event as something that compares."""
    if isinstance(event, bytes) or event is END:
        return event
    head = event
    headers = list(head.fields.headers.get_all())
    if hasattr(head, "method"):
        return (head.method, head.target, head.version, headers)
    return (head.version, head.status, head.reason, headers)


@pytest.fixture
def replay():
    """Feed a message whole, byte by byte and with trailing bytes; return what all ways agree on.

    Returns (events, error): events in comparable form, error a `MessageError` or None. The keyword `role` is
    "request" or "response"; others are set on the reader.
    """

    def run(
        data,
        role="request",
        eof=False,
        trailing=b"GET /trailing HTTP/1.1\r\n",
        limits=None,
        **settings,
    ):
        def reader():
            kind = RequestReader if role == "request" else ResponseReader
            made = kind() if limits is None else kind(limits)
            for name, value in settings.items():
                setattr(made, name, value)
            return made

        whole = _feed(reader(), [data], eof)
        single = _feed(reader(), [data[i : i + 1] for i in range(len(data))], eof)
        outcomes = [whole, single]
        if whole[1] is None and whole[0] and whole[0][-1] is END and not eof:
            trailed = reader()
            outcomes.append(_feed(trailed, [data + trailing], eof))
            assert trailed.hand_over() == trailing
        plain = [
            (
                # Content that came before an error may or may not have been reported by then.
                [
                    _plain(event)
                    for event in events
                    if error is None or not isinstance(event, bytes)
                ],
                None if error is None else error.status,
            )
            for events, error in outcomes
        ]
        for outcome in plain[1:]:
            assert outcome == plain[0]
        return [_plain(event) for event in whole[0]], whole[1]

    return run


def _descriptors():
    try:
        return sorted(
            (int(name), os.readlink(f"/proc/self/fd/{name}"))
            for name in os.listdir("/proc/self/fd")
            if os.path.islink(f"/proc/self/fd/{name}")
        )
    except OSError:
        return []


@pytest.fixture
def peers():
    """The peers that `connect` made; `run` closes them."""
    return []


@pytest.fixture
def run(peers):
    """Run a coroutine function on a new loop; fail on tasks, watched files, descriptors or errors left."""

    def runner(function, *args, timeout=10):
        before = _descriptors()
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        problems = []
        loop.set_exception_handler(lambda _, context: problems.append(context))

        async def main():
            result = await asyncio.wait_for(function(*args), timeout)
            for _ in range(10):  # what is scheduled already may finish
                await asyncio.sleep(0)
            left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            assert left == []
            return result

        try:
            result = loop.run_until_complete(main())
        finally:
            asyncio.set_event_loop(None)
            loop.close()
            for peer in peers:
                peer.close()
            peers.clear()
        assert problems == []
        assert _descriptors() == before
        return result

    return runner


class Peer:
    """The other end of a connection: a plain socket driven by the loop."""

    def __init__(self, sock):
        self.sock = sock
        sock.setblocking(False)

    async def send(self, data):
        await asyncio.get_running_loop().sock_sendall(self.sock, data)

    async def receive(self, count=None, timeout=5):
        """Return `count` bytes, or all until the end."""
        loop = asyncio.get_running_loop()
        data = b""
        while count is None or len(data) < count:
            try:
                chunk = await asyncio.wait_for(loop.sock_recv(self.sock, 65536), timeout)
            except ConnectionResetError:
                break
            if not chunk:
                break
            data += chunk
        return data

    async def receive_head(self):
        """Return bytes up to the empty line (and whatever came with them)."""
        loop = asyncio.get_running_loop()
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = await asyncio.wait_for(loop.sock_recv(self.sock, 65536), 5)
            if not chunk:
                break
            data += chunk
        return data

    async def quiet(self, seconds=0.02):
        """Assert that nothing comes for a moment."""
        loop = asyncio.get_running_loop()
        try:
            data = await asyncio.wait_for(loop.sock_recv(self.sock, 1), seconds)
        except asyncio.TimeoutError:
            return
        raise AssertionError(f"got {data!r}")

    def close(self):
        self.sock.close()


@pytest.fixture
def connect(peers):
    """Return a function that makes a connected pair: an `IOStream` and a `Peer`."""

    def make():
        # TCP, since only there the kernel resets connections that are closed with unread bytes.
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ours = socket.create_connection(listener.getsockname())
            theirs, _ = listener.accept()
        peer = Peer(theirs)
        peers.append(peer)
        return IOStream(ours), peer

    return make
