#!/usr/bin/env python3
"""The loop: callbacks, timeouts, coroutine hops, locks and queues, by this project, a released
Tornado and plain asyncio.

usage: python3 benchmarks/loop.py [--rounds N] [--only NAME] [--json FILE]

Nanoseconds of CPU time per operation. A hop through one pending future holds two turns of the loop,
which are asyncio's in each case; where a hundred coroutines wait for one future the turns are
shared, and the hop itself shows. Plain asyncio does the same work with its own means: `call_soon`
for `add_callback`, a native coroutine in a task for a `gen.coroutine`.
"""

from __future__ import annotations

import harness
from harness import Contestant

PEER = ["tornado>=6.5,<7"]

COMMON = """
import asyncio, gc, json, sys, time, tracemalloc

def best(function, count, repeat=5):
    "Nanoseconds per operation: the best of some runs, as the others were disturbed."
    gc.collect()
    gc.disable()
    times = []
    for _ in range(repeat):
        begin = time.process_time()
        function(count)
        times.append(time.process_time() - begin)
    gc.enable()
    return min(times) / count * 1e9

async def abest(function, count, repeat=5):
    gc.collect()
    gc.disable()
    times = []
    for _ in range(repeat):
        begin = time.process_time()
        await function(count)
        times.append(time.process_time() - begin)
    gc.enable()
    return min(times) / count * 1e9

def memory(add, count=20000):
    "Bytes per pending timeout."
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = [None] * count
    taken = tracemalloc.get_traced_memory()[0] - before
    for n in range(count):
        kept[n] = add(3600 + n)
    used = tracemalloc.get_traced_memory()[0] - before - taken
    tracemalloc.stop()
    for handle in kept:
        handle.cancel()
    return used / count
"""

TORNADO = (
    COMMON
    + """
from tornado import gen, locks, queues
from tornado.concurrent import Future
from tornado.ioloop import IOLoop

loop = IOLoop.current()
aloop = loop.asyncio_loop
figures = {}

def run_hops(count):
    left = count
    def hop():
        nonlocal left
        left -= 1
        if left:
            loop.add_callback(hop)
        else:
            loop.stop()
    loop.add_callback(hop)
    loop.start()

def run_burst(count):
    def nothing():
        pass
    def fill():
        for _ in range(count):
            loop.add_callback(nothing)
        loop.add_callback(loop.stop)
    loop.add_callback(fill)
    loop.start()

def timeouts(count):
    def nothing():
        pass
    for handle in [loop.call_later(3600, nothing) for _ in range(count)]:
        loop.remove_timeout(handle)
    loop.add_callback(loop.stop)
    loop.start()

@gen.coroutine
def pending_hops(count):
    create, call_soon = aloop.create_future, aloop.call_soon
    for _ in range(count):
        future = create()
        call_soon(future.set_result, None)
        yield future

async def shared_hops(count):
    turns = count // 100
    futures = [aloop.create_future() for _ in range(turns)]
    @gen.coroutine
    def worker():
        for future in futures:
            yield future
    workers = [worker() for _ in range(100)]
    for future in futures:
        aloop.call_soon(future.set_result, None)
        await asyncio.sleep(0)
    await asyncio.gather(*workers)

@gen.coroutine
def moments(count):
    for _ in range(count):
        yield gen.moment

@gen.coroutine
def ready():
    raise gen.Return(1)

@gen.coroutine
def ready_hops(count):
    for _ in range(count):
        yield ready()

@gen.coroutine
def waits():
    future = aloop.create_future()
    aloop.call_soon(future.set_result, None)
    yield future

@gen.coroutine
def nested_hops(count):
    for _ in range(count):
        yield waits()

async def native():
    future = aloop.create_future()
    aloop.call_soon(future.set_result, None)
    await future

@gen.coroutine
def native_hops(count):
    for _ in range(count):
        yield native()

async def native_in_native(count):
    for _ in range(count):
        await native()

async def gathered(count):
    for _ in range(count // 10):
        await gen.multi([waits() for _ in range(10)])
"""
)

ASYNCIO = (
    COMMON
    + """
loop = aloop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
locks = queues = asyncio
locks.Semaphore, figures = asyncio.Semaphore, {}

def run_hops(count):
    left = count
    def hop():
        nonlocal left
        left -= 1
        if left:
            loop.call_soon(hop)
        else:
            loop.stop()
    loop.call_soon(hop)
    loop.run_forever()

def run_burst(count):
    def nothing():
        pass
    def fill():
        for _ in range(count):
            loop.call_soon(nothing)
        loop.call_soon(loop.stop)
    loop.call_soon(fill)
    loop.run_forever()

def timeouts(count):
    def nothing():
        pass
    for handle in [loop.call_later(3600, nothing) for _ in range(count)]:
        handle.cancel()
    loop.call_soon(loop.stop)
    loop.run_forever()

async def pending_hops(count):
    create, call_soon = aloop.create_future, aloop.call_soon
    for _ in range(count):
        future = create()
        call_soon(future.set_result, None)
        await future

async def shared_hops(count):
    turns = count // 100
    futures = [aloop.create_future() for _ in range(turns)]
    async def worker():
        for future in futures:
            await future
    workers = [asyncio.create_task(worker()) for _ in range(100)]
    for future in futures:
        aloop.call_soon(future.set_result, None)
        await asyncio.sleep(0)
    await asyncio.gather(*workers)

async def moments(count):
    for _ in range(count):
        await asyncio.sleep(0)

async def ready():
    return 1

async def ready_hops(count):
    for _ in range(count):
        await ready()

async def waits():
    future = aloop.create_future()
    aloop.call_soon(future.set_result, None)
    await future

native = waits

async def nested_hops(count):
    for _ in range(count):
        await asyncio.create_task(waits())

native_hops = nested_hops

async def native_in_native(count):
    for _ in range(count):
        await native()

async def gathered(count):
    for _ in range(count // 10):
        await asyncio.gather(*[waits() for _ in range(10)])
"""
)

MEASURE = """
async def lock_free(count):
    lock = locks.Lock()
    for _ in range(count):
        async with lock:
            pass

async def lock_contended(count):
    lock = locks.Lock()
    async def worker():
        for _ in range(count // 4):
            async with lock:
                await asyncio.sleep(0)
    await asyncio.gather(*[worker() for _ in range(4)])

async def event_wait(count):
    event = locks.Event()
    for _ in range(count):
        aloop.call_soon(event.set)
        await event.wait()
        event.clear()

async def queue_ready(count):
    queue = queues.Queue()
    for n in range(count):
        await queue.put(n)
        await queue.get()

async def queue_waiting(count):
    queue = queues.Queue(1)
    async def producer():
        for n in range(count):
            await queue.put(n)
    async def consumer():
        for n in range(count):
            await queue.get()
    await asyncio.gather(producer(), consumer())

figures["add_callback: hop"] = best(run_hops, 20000)
figures["add_callback: burst"] = best(run_burst, 50000)
figures["100,000 timeouts: add and remove"] = best(timeouts, 100000, 3)
for name, function, count in [
    ("gen.coroutine: pending future", pending_hops, 20000),
    ("gen.coroutine: pending future, 100 coroutines wait for it", shared_hops, 50000),
    ("gen.coroutine: moment", moments, 20000),
    ("gen.coroutine: ready coroutine", ready_hops, 50000),
    ("gen.coroutine: pending coroutine", nested_hops, 10000),
    ("gen.coroutine: native coroutine", native_hops, 10000),
    ("async def: native coroutine", native_in_native, 20000),
    ("multi: ten pending coroutines", gathered, 10000),
    ("lock: free", lock_free, 50000),
    ("lock: contended", lock_contended, 10000),
    ("event: wait", event_wait, 20000),
    ("queue: put and get, ready", queue_ready, 20000),
    ("queue: put and get, waiting", queue_waiting, 10000),
]:
    figures[name] = aloop.run_until_complete(abest(function, count))
figures["memory per pending timeout (bytes)"] = memory(lambda delay: loop.call_later(delay, print))
print(json.dumps(figures))
"""


def main() -> None:
    """Run the contestants in turn, and print and save what they measured."""
    parser = harness.arguments(__doc__ or "", rounds=3)
    options = parser.parse_args()
    sources = {"tornado.py_": TORNADO + MEASURE, "asyncio.py_": ASYNCIO + MEASURE}
    with harness.scripts(sources) as path:
        ours, peer = harness.ours(), harness.environment([*PEER, "uvloop"])
        contestants = [
            Contestant("this project", [ours, path("tornado.py_")]),
            Contestant("Tornado 6", [peer, path("tornado.py_")]),
            Contestant("asyncio", [ours, path("asyncio.py_")]),
        ]
        figures = harness.micro(harness.chosen(contestants, options.only), rounds=options.rounds)
    memory = {name: rows for name, rows in figures.items() if name.startswith("memory")}
    times = {name: rows for name, rows in figures.items() if name not in memory}
    print(harness.table("The loop", "ns of CPU per operation", times))
    print(harness.table("Memory", "bytes", memory))
    if options.json:
        harness.save(options.json, "loop", {"time_ns": times, "memory_bytes": memory})


if __name__ == "__main__":
    main()
