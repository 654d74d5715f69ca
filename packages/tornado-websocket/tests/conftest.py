"""Fixtures that several modules share."""

import asyncio

import pytest

from tornado._websocket.engine import Engine, Role
from tornado._websocket.masking import apply_mask
from tornado.iostream import StreamClosedError


def drain(engine):
    """Return every event that is there."""
    events = []
    while (event := engine.next_event()) is not None:
        events.append(event)
    return events


def run_whole(engine, data):
    engine.feed(data)
    return drain(engine)


def run_bytewise(engine, data):
    events = []
    for i in range(len(data)):
        engine.feed(data[i : i + 1])
        events += drain(engine)
    return events


def run_odd(engine, data):
    events = []
    for i in range(0, len(data), 3):
        engine.feed(data[i : i + 3])
        events += drain(engine)
    return events


def run_trailing(engine, data):
    """The same bytes, with the begin of another frame behind them."""
    engine.feed(data + b"\x81")
    return drain(engine)


@pytest.fixture(params=[run_whole, run_bytewise, run_odd, run_trailing])
def replay(request):
    """One way in which the bytes of a case arrive; gives the events that come out."""
    return request.param


@pytest.fixture
def events_of():
    """Feeds everything at once and gives the events."""
    return run_whole


KEY = b"\x12\x9a\x05\xfe"


def masked(first, payload, key=KEY, length=None):
    """Return a client's frame; ``length`` gives the length bytes where they are to be wrong."""
    if length is None:
        length = length_bytes(len(payload))
    return bytes((first, 0x80 | length[0])) + length[1:] + key + apply_mask(key, payload)


def plain(first, payload, length=None):
    """Return a server's frame."""
    if length is None:
        length = length_bytes(len(payload))
    return bytes((first,)) + length + payload


def length_bytes(size):
    if size < 126:
        return bytes((size,))
    if size < 65536:
        return b"\x7e" + size.to_bytes(2, "big")
    return b"\x7f" + size.to_bytes(8, "big")


class Side:
    """One role: its engine, and frames as the other role sends them."""

    def __init__(self, role):
        self.role = role
        self.is_server = role is Role.SERVER

    def engine(self, **keywords):
        return Engine(self.role, **keywords)

    def frame(self, first, payload=b"", length=None):
        """Return a frame for this side's engine."""
        return (masked if self.is_server else plain)(first, payload, length=length)

    def bare(self, data):
        """Return the frames that this side sent, unmasked, as (first byte, payload)."""
        frames = []
        while data:
            size = data[1] & 0x7F
            assert size < 126
            assert bool(data[1] & 0x80) is not self.is_server
            if self.is_server:
                frames.append((data[0], data[2 : 2 + size]))
                data = data[2 + size :]
            else:
                frames.append((data[0], apply_mask(data[2:6], data[6 : 6 + size])))
                data = data[6 + size :]
        return frames


@pytest.fixture(params=list(Role), ids=lambda role: role.value)
def side(request):
    """Either role."""
    return Side(request.param)


@pytest.fixture
def server_side():
    return Side(Role.SERVER)


@pytest.fixture
def loop():
    """An event loop that has to be left clean."""
    loop = asyncio.new_event_loop()
    yield loop
    left = asyncio.all_tasks(loop)
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    assert left == set()


class MemoryTransport:
    """One end of a pair of byte transports without a socket: what the seam asks for, and no more.

    ``window`` is how many bytes the other end takes before it has to be told to `take` more.
    """

    high_water = 1000
    low_water = 100

    def __init__(self, loop):
        self.loop = loop
        self.peer = None
        self.receiver = None
        self.window = None
        self.paused = False
        self.closed = False
        self.eof_sent = False
        self.arrived = []
        self.queue = b""
        self.sent = []
        self.flush_waiters = []
        self.nodelay = None

    @classmethod
    def pair(cls, loop):
        one, two = cls(loop), cls(loop)
        one.peer, two.peer = two, one
        return one, two

    @property
    def backlog(self):
        return len(self.queue)

    def attach(self, receiver):
        self.receiver = receiver
        self._deliver()

    def send(self, data):
        if self.closed or self.eof_sent:
            raise StreamClosedError()
        self.queue += data
        self._move()
        return not self.queue

    def send_many(self, chunks):
        return self.send(b"".join(chunks))

    def _move(self):
        count = len(self.queue) if self.window is None else min(self.window, len(self.queue))
        if count:
            data, self.queue = self.queue[:count], self.queue[count:]
            if self.window is not None:
                self.window -= count
            self.sent.append(data)
            if self.peer is not None:
                self.peer.arrived.append(data)
                self.loop.call_soon(self.peer._deliver)
        if not self.queue:
            for waiter in self.flush_waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self.flush_waiters.clear()

    def take(self, count):
        """The other end takes so many bytes more."""
        before = len(self.queue)
        self.window += count
        self._move()
        if before > self.high_water and len(self.queue) < self.low_water:
            self.receiver.writing_resumed()

    def flushed(self):
        if not self.queue:
            return None
        waiter = self.loop.create_future()
        self.flush_waiters.append(waiter)
        return waiter

    def _deliver(self):
        while self.arrived and self.receiver is not None and not self.paused and not self.closed:
            data = self.arrived.pop(0)
            if data is None:
                self.close()
            else:
                self.receiver.chunk_received(data)

    def give(self, data):
        """Let ``data`` arrive now."""
        self.arrived.append(data)
        self._deliver()

    def pause_reading(self):
        self.paused = True

    def resume_reading(self):
        if self.paused:
            self.paused = False
            self.loop.call_soon(self._deliver)

    def write_eof(self):
        if not self.eof_sent and not self.closed:
            self.eof_sent = True
            self._end_peer()

    def _end_peer(self):
        if self.peer is not None:
            self.peer.arrived.append(None)
            self.loop.call_soon(self.peer._deliver)

    def close(self, error=None):
        if self.closed:
            return
        self.closed = True
        self.queue = b""
        for waiter in self.flush_waiters:
            if not waiter.done():
                waiter.set_exception(StreamClosedError())
                waiter.exception()
        if not self.eof_sent:
            self._end_peer()
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            self.loop.call_soon(receiver.stream_closed, error)

    def set_nodelay(self, value):
        self.nodelay = value


@pytest.fixture
def memory_transport():
    """The class of the transports without a socket."""
    return MemoryTransport


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Files with a certificate for 127.0.0.1 that signs itself, and its key."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return {"certfile": str(cert_file), "keyfile": str(key_file)}
