"""Coroutines, loops, locks and queues that are clean with Tornado 6.6.1, checked strictly."""

from __future__ import annotations

import asyncio
import concurrent.futures
import datetime
import socket
from collections.abc import Awaitable, Generator
from typing import Any

from tornado import gen
from tornado.concurrent import (
    Future,
    chain_future,
    dummy_executor,
    future_add_done_callback,
    future_set_result_unless_cancelled,
    is_future,
    run_on_executor,
)
from tornado.gen import Return, WaitIterator, convert_yielded, is_coroutine_function, maybe_future
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.locks import BoundedSemaphore, Condition, Event, Lock, Semaphore
from tornado.platform.asyncio import AsyncIOMainLoop, to_asyncio_future, to_tornado_future
from tornado.queues import LifoQueue, PriorityQueue, Queue, QueueEmpty, QueueFull
from tornado.util import Configurable, ObjectDict, TimeoutError, errno_from_exception, import_object


@gen.coroutine
def length(text: str) -> Generator[Any, Any, int]:
    yield gen.sleep(0.01)
    yield gen.moment
    yield [gen.sleep(0), gen.sleep(0)]
    return len(text)


@gen.coroutine
def plain(number: int) -> str:
    return str(number)


@gen.coroutine
def old_style() -> Generator[Any, Any, Any]:
    response = yield length("x")
    raise Return(response)


async def uses() -> int:
    number: int = await length("text")
    text: str = await plain(number)
    future: Future[int] = length(text)
    future.add_done_callback(lambda done: print(done.result() + 1))
    several: list[Any] = await gen.multi([length("a"), plain(2)])
    named: dict[Any, Any] = await gen.multi({"a": length("a"), "b": plain(2)})
    limited: int = await gen.with_timeout(datetime.timedelta(seconds=1), length("a"))
    quiet: Any = await gen.with_timeout(1.0, future, quiet_exceptions=(ValueError, TimeoutError))
    known: Any = await maybe_future(5)
    converted: Any = await convert_yielded(asyncio.sleep(0))
    await gen.moment
    return number + len(several) + len(named) + limited + int(bool(quiet) or known or converted)


async def iterate(first: Future[int], second: Future[int]) -> None:
    iterator = WaitIterator(first, second)
    while not iterator.done():
        value = await iterator.next()
        print(value, iterator.current_index, iterator.current_future)
    async for value in WaitIterator(a=first, b=second):
        print(value)


def futures() -> None:
    made: Future[str] = Future()
    future_set_result_unless_cancelled(made, "x")
    other: concurrent.futures.Future[str] = dummy_executor.submit(str, 5)
    chain_future(other, made)
    future_add_done_callback(made, lambda done: print(done.result().upper()))
    future_add_done_callback(other, lambda done: print(done.result().upper()))
    assert is_future(made)
    assert is_coroutine_function(length)
    to_asyncio_future(made).cancel()
    to_tornado_future(asyncio.Future()).cancel()


class Worker:
    executor = concurrent.futures.ThreadPoolExecutor(2)
    _other = executor

    @run_on_executor
    def add(self, a: int, b: int) -> int:
        return a + b

    @run_on_executor(executor="_other")
    def join(self, *parts: str) -> str:
        return "".join(parts)

    async def work(self) -> str:
        total: int = await self.add(1, 2)
        text: str = await self.join("a", str(total))
        return text


def loops() -> None:
    loop = IOLoop.current()
    loop = IOLoop.current(instance=True) or loop
    handle = loop.call_later(1, print, "x")
    loop.remove_timeout(handle)
    loop.remove_timeout(loop.add_timeout(datetime.timedelta(seconds=1), print, 1, end=""))
    loop.remove_timeout(loop.call_at(loop.time() + 1, print))
    loop.add_callback(print, "a", end="")
    loop.add_callback_from_signal(loop.stop)
    loop.spawn_callback(uses)
    loop.add_future(length("x"), lambda done: print(done.result()))
    loop.set_default_executor(concurrent.futures.ThreadPoolExecutor())

    def on_events(fd: int, events: int) -> None:
        loop.update_handler(fd, events & IOLoop.WRITE)

    def on_socket(connection: socket.socket, events: int) -> None:
        loop.remove_handler(connection)

    loop.add_handler(0, on_events, IOLoop.READ | IOLoop.ERROR)
    with socket.socket() as connection:
        loop.add_handler(connection, on_socket, IOLoop.READ)

    async def main() -> int:
        return await loop.run_in_executor(None, len, "text")

    result: int = loop.run_sync(main, timeout=5)
    periodic = PeriodicCallback(uses, datetime.timedelta(seconds=1), jitter=0.1)
    PeriodicCallback(lambda: None, 100).start()
    periodic.start()
    assert periodic.is_running()
    assert result
    periodic.stop()
    AsyncIOMainLoop().install()


async def locks() -> None:
    lock, semaphore, bounded = Lock(), Semaphore(2), BoundedSemaphore(1)
    async with lock, semaphore, bounded:
        pass
    with await lock.acquire(timeout=datetime.timedelta(seconds=1)):
        pass
    semaphore.release()
    condition, event = Condition(), Event()
    notified: bool = await condition.wait(timeout=1.0)
    condition.notify_all()
    event.set()
    await event.wait()
    assert notified or event.is_set()


async def queues() -> list[int]:
    queue: Queue[int] = Queue(maxsize=2)
    await queue.put(1)
    try:
        queue.put_nowait(2)
    except QueueFull:
        pass
    first: int = await queue.get()
    try:
        second: int = queue.get_nowait()
    except QueueEmpty:
        second = 0
    queue.task_done()
    await queue.join(timeout=datetime.timedelta(seconds=1))
    lifo, priority = LifoQueue(), PriorityQueue(5)
    await lifo.put("x")
    await priority.put((1, "x"))
    async for item in queue:
        return [item, first, second, queue.qsize(), queue.maxsize]
    return []


class Store(Configurable):
    @classmethod
    def configurable_base(cls) -> type[Configurable]:
        return Store

    @classmethod
    def configurable_default(cls) -> type[Configurable]:
        return MemoryStore

    def initialize(self, size: int = 10) -> None:
        self.size = size


class MemoryStore(Store):
    pass


def configured() -> type[Configurable]:
    Store.configure("a.b.MemoryStore", size=5)
    Store.configure(MemoryStore)
    IOLoop.configure(None)
    values = ObjectDict(a=1)
    values.b = import_object("os.path")
    print(errno_from_exception(OSError(1, "x")), values.a)
    return Store.configured_class()


def either(flag: bool) -> Awaitable[None]:
    return gen.sleep(1) if flag else uses_nothing()


async def uses_nothing() -> None:
    pass
