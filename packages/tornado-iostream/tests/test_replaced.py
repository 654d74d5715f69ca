"""System calls that somebody replaced: in a subclass, on a class, on an instance, by a wrapper."""

import asyncio
import contextlib
import os
from unittest import mock

import pytest

from tornado.iostream import IOStream, PipeIOStream, SSLIOStream, StreamClosedError


class Counted:
    """Makes replacements that count their calls and do what they replace."""

    def __init__(self):
        self.calls = []
        self.check = True

    def function(self, original):
        def replacement(stream, data):
            self.calls.append(len(data))
            assert isinstance(data, (memoryview, bytearray)) or not self.check
            return original(stream, data)

        return replacement

    def wrapper(self, wrapped, instance, args, kwargs):
        self.calls.append(len(args[0]))
        return wrapped(*args, **kwargs)


class Transparent:
    """A wrapper as tracers use them: attributes, class and equality are those of the function."""

    def __init__(self, wrapped, wrapper, instance=None):
        self.__dict__.update(wrapped=wrapped, wrapper=wrapper, instance=instance)

    __class__ = property(lambda self: type(self.wrapped))

    def __getattr__(self, name):
        return getattr(self.wrapped, name)

    def __eq__(self, other):
        return self.wrapped == other

    def __hash__(self):
        return hash(self.wrapped)

    def __get__(self, instance, owner):
        return Transparent(self.wrapped.__get__(instance, owner), self.wrapper, instance)

    def __call__(self, *args, **kwargs):
        return self.wrapper(self.wrapped, self.instance, args, kwargs)


def on_class(cls, name, counted, stream):
    return mock.patch.object(cls, name, counted.function(getattr(cls, name)))


def on_class_by_wrapper(cls, name, counted, stream):
    return mock.patch.object(cls, name, Transparent(getattr(cls, name), counted.wrapper))


def on_instance(cls, name, counted, stream):
    original = getattr(cls, name)
    replacement = counted.function(original)
    return mock.patch.object(stream, name, lambda data: replacement(stream, data), create=True)


def by_mock(cls, name, counted, stream):
    return mock.patch.object(
        cls, name, autospec=True, side_effect=counted.function(getattr(cls, name))
    )


WAYS = [on_class, on_class_by_wrapper, on_instance, by_mock]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_writing(run, pairs, tmp_path, way, kind):
    path = tmp_path / "file"
    path.write_bytes(b"f" * 1000)

    async def main():
        async with pairs(kind) as (left, right):
            await left.write(b"before")
            counted = Counted()
            with way(type(left), "write_to_fd", counted, left), open(path, "rb") as file:
                await left.write(b"1" * 10)
                assert counted.calls == [10]
                left.send(b"2" * 20)
                left.send_many([b"3" * 10, b"4" * 10])
                assert counted.calls == [10, 20, 20]
                await left.send_file(file, 0, 1000)
                assert counted.calls == [10, 20, 20, 1000]
                done = left.write(b"5" * 3_000_000)
                await asyncio.gather(done, right.read_bytes(6 + 50 + 1000 + 3_000_000))
                assert len(counted.calls) > 5
            await left.write(b"after")
            assert await right.read_bytes(5) == b"after"

    run(main)


@pytest.mark.parametrize("way", [on_class, on_class_by_wrapper, on_instance, by_mock, "subclass"])
def test_the_write_that_engines_use(run, pairs, way):
    """Released engines sent by ``write``; one that somebody replaced sees what ours send."""

    async def main():
        counted = Counted()
        counted.check = False
        async with pairs("tcp") as (left, right):
            if way == "subclass":

                class Own(IOStream):
                    def write(self, data, callback=None):
                        counted.calls.append(len(data))
                        return super().write(data, callback)

                left.__class__ = Own
                replacing = contextlib.nullcontext()
            else:
                replacing = way(type(left), "write", counted, left)
            with replacing:
                assert left.send(b"1" * 10)
                assert left.send_many([b"2" * 20, b"3" * 30])
                assert left.send_many([b"4" * 40])
                assert counted.calls == [10, 50, 40]
                assert not left.written_by_hand
                assert not left.send(b"5" * 30_000_000)  # what the kernel does not take is queued
                assert len(await right.read_bytes(30_000_100)) == 30_000_100
                left.close()
                with pytest.raises(StreamClosedError):
                    left.send(b"late")

    run(main)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_reading(run, pairs, way, kind):
    async def main():
        async with pairs(kind) as (left, right):
            await right.write(b"before")
            assert await left.read_bytes(6) == b"before"
            counted = Counted()
            with way(type(left), "read_from_fd", counted, left):
                await right.write(b"hello\n")
                assert await left.read_until(b"\n") == b"hello\n"
                assert counted.calls
                del counted.calls[:]
                await right.write(b"12345")
                assert await left.read_into(bytearray(5)) == 5
                assert counted.calls
                del counted.calls[:]
                receiver = mock.Mock(spec=["chunk_received", "stream_closed", "writing_resumed"])
                left.attach(receiver)
                await right.write(b"chunk")
                while not receiver.chunk_received.called:
                    await asyncio.sleep(0)
                assert counted.calls
                left.detach()
            await right.write(b"after")
            assert await left.read_bytes(5) == b"after"

    run(main)


def test_an_override_of_a_later_base(run, pairs):
    class Throttled(IOStream):
        def write_to_fd(self, data):
            return super().write_to_fd(data[:3])

        def read_from_fd(self, buf=None):
            return super().read_from_fd(memoryview(buf)[:2])

    async def main():
        async with pairs() as (left, right):
            slow = Throttled(left.socket)
            left.socket = None
            await asyncio.gather(slow.write(b"0123456789"), right.read_bytes(10))
            await right.write(b"abcdef\n")
            assert await slow.read_until(b"\n") == b"abcdef\n"
            slow.close()

    run(main)


def test_pipes(run):
    async def main():
        reading, writing = os.pipe()
        source, sink = PipeIOStream(reading), PipeIOStream(writing)
        counted = Counted()
        with (
            on_class(PipeIOStream, "write_to_fd", counted, sink),
            on_class(PipeIOStream, "read_from_fd", counted, source),
        ):
            await sink.write(b"some")
            assert await source.read_bytes(4) == b"some"
        assert counted.calls == [4, source.read_chunk_size]
        source.close()
        sink.close()

    run(main)


def test_an_override_without_a_parameter(run, pairs):
    class Old(IOStream):
        __slots__ = ()

        def read_from_fd(self):
            return self.socket.recv(4)

    async def main():
        async with pairs() as (left, right):
            left.__class__ = Old
            await right.write(b"123456789\n")
            assert await left.read_until(b"\n") == b"123456789\n"
            await right.write(b"12345678")
            buffer = bytearray(6)
            assert await left.read_into(buffer) == 6
            assert buffer == b"123456"
            assert await left.read_bytes(2) == b"78"

    run(main)


def test_a_replacement_that_cannot_take_the_buffer(run, pairs, caplog):
    async def main():
        async with pairs() as (left, right):
            left.read_from_fd = lambda: b"data"
            await right.write(b"something")
            with pytest.raises(StreamClosedError) as caught:
                await left.read_bytes(1)
            assert isinstance(caught.value.real_error, TypeError)

    run(main)
    assert "error on read" in caplog.text


@pytest.mark.parametrize("kind", ["plain", "tls"])
@pytest.mark.parametrize("error", [ValueError("odd"), KeyError("odd"), OSError(5, "odd")])
@pytest.mark.parametrize("where", ["class", "instance", "subclass"])
def test_a_transport_that_raises(run, pairs, caplog, kind, error, where):
    def read_from_fd(*args):
        raise error

    async def main():
        async with pairs(kind) as (left, right):
            patch = mock.patch.object(
                left if where == "instance" else type(left), "read_from_fd", read_from_fd
            )
            if where == "subclass":
                cls = type("Sub", (type(left),), {"read_from_fd": read_from_fd, "__slots__": ()})
                left.__class__ = cls
                patch = mock.patch.object(left, "unrelated", None, create=True)
            closed = []
            left.set_close_callback(lambda: closed.append(left.error))
            with patch:
                pending = left.read_bytes(10)
                right.write(b"something")
                with pytest.raises(StreamClosedError) as caught:
                    await pending
            assert caught.value.real_error is error
            await asyncio.sleep(0)
            assert closed == [error]

    run(main)
    records = [r.getMessage() for r in caplog.records if r.name == "tornado.general"]
    assert records == [f"error on read: {error}"]


def test_a_receiver_of_a_transport_that_raises(run, pairs, caplog):
    async def main():
        async with pairs() as (left, right):
            receiver = mock.Mock(spec=["chunk_received", "stream_closed", "writing_resumed"])
            left.attach(receiver)
            left.read_from_fd = mock.Mock(side_effect=RuntimeError("odd"))
            right.write(b"something")
            while not receiver.stream_closed.called:
                await asyncio.sleep(0)
            assert left.closed()

    run(main)
    assert [r.getMessage() for r in caplog.records] == ["error on read: odd"]


def test_a_transport_that_raises_while_the_queue_is_flushed(run, pairs, caplog):
    async def main():
        async with pairs("tcp") as (left, right):
            pending = left.write(bytes(10_000_000))
            left.write_to_fd = mock.Mock(side_effect=RuntimeError("odd"))
            await right.read_bytes(100_000)
            with pytest.raises(StreamClosedError) as caught:
                await pending
            assert str(caught.value.real_error) == "odd"

    run(main)
    assert [r.getMessage() for r in caplog.records if "Write error" in r.getMessage()]


def test_try_inline_read_is_called_once_by_each_read(run, pairs):
    async def main():
        async with pairs() as (left, right):
            for read in (
                lambda: left.read_bytes(3),
                lambda: left.read_until(b"\n"),
                lambda: left.read_until_regex(b"\n"),
                lambda: left.read_into(bytearray(3)),
                left.read_until_close,
            ):
                with mock.patch.object(
                    left, "_try_inline_read", side_effect=StreamClosedError()
                ) as replaced:
                    with pytest.raises(StreamClosedError):
                        read()
                replaced.assert_called_once_with()
            await right.write(b"abc")
            assert await left.read_bytes(3) == b"abc"

    run(main)


def test_tls_and_plain_are_told_apart(run, pairs):
    async def main():
        async with pairs("tls") as (left, right):
            counted = Counted()
            with on_class(IOStream, "write_to_fd", counted, left):
                await left.write(b"hello")
            assert counted.calls == []  # `SSLIOStream` has its own, in every release
            assert isinstance(left, SSLIOStream)
            assert await right.read_bytes(5) == b"hello"

    run(main)
