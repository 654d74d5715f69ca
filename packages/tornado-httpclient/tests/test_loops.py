"""One client in many loops: each has its own connections, and none keeps those of another."""

import asyncio
import gc
import socket
import threading
import weakref

import pytest

from tornado.httpclient import AsyncHTTPClient, HTTPClient, HTTPRequest
from tornado.ioloop import IOLoop
from tornado.simple_httpclient import HTTPStreamClosedError, SimpleAsyncHTTPClient

pytestmark = pytest.mark.filterwarnings("error")

CURL = "tornado.curl_httpclient.CurlAsyncHTTPClient"
SIMPLE = "tornado.simple_httpclient.SimpleAsyncHTTPClient"


@pytest.fixture(params=[SIMPLE, CURL], ids=["simple", "curl"])
def implementation(request):
    saved = AsyncHTTPClient._save_configuration()
    AsyncHTTPClient.configure(request.param)
    yield request.param
    AsyncHTTPClient._restore_configuration(saved)


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("force_instance", [True, False])
def test_made_without_a_loop_and_used_in_several(implementation, serve, respond, force_instance):
    client = AsyncHTTPClient(force_instance=force_instance)
    if not force_instance:
        assert AsyncHTTPClient() is client

    async def main():
        async with serve(lambda r: respond(body=b"x")) as server:
            responses = await asyncio.gather(*[client.fetch(server.url) for _ in range(3)])
            assert [each.body for each in responses] == [b"x"] * 3
            await client.fetch(server.url)
            assert server.connections == 3

    for _ in range(3):
        asyncio.run(main())
    assert all(transport.is_closed for transport in client._transports.values())
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.fetch("http://localhost/")


def test_connections_are_closed_with_the_loop(implementation, serve, respond):
    """asyncio.run ends; the server sees the end of the connection, without help of the application."""
    server_loop = asyncio.new_event_loop()
    thread = threading.Thread(target=server_loop.run_forever)
    thread.start()

    def on_server(coro):
        return asyncio.run_coroutine_threadsafe(coro, server_loop).result(10)

    server = serve(lambda r: respond(body=b"x"))
    on_server(server.__aenter__())
    client = AsyncHTTPClient(force_instance=True)

    async def main():
        await asyncio.gather(*[client.fetch(server.url) for _ in range(3)])
        assert server.open == 3

    asyncio.run(main())
    on_server(asyncio.wait_for(until(lambda: server.open == 0), 5))
    on_server(server.__aexit__())
    server_loop.call_soon_threadsafe(server_loop.stop)
    thread.join()
    server_loop.close()
    client.close()


def test_several_threads_at_once(implementation, serve, respond):
    client = AsyncHTTPClient(force_instance=True)
    failures = []

    async def main():
        async with serve(lambda r: respond(body=r.path.encode())) as server:
            for number in range(30):
                response = await client.fetch(f"{server.url}/{number}")
                assert response.body == b"/%d" % number

    def run():
        try:
            asyncio.run(main())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    client.close()


def test_close_from_another_thread(implementation, serve_raw):
    client = AsyncHTTPClient(force_instance=True)
    started = threading.Event()
    outcome = []

    async def handle(reader, writer):
        await reader.read()

    async def main():
        async with serve_raw(handle) as server:
            future = client.fetch(server.url)
            await until(lambda: server.open)
            started.set()
            with pytest.raises(HTTPStreamClosedError) as raised:
                await asyncio.wait_for(future, 10)
            outcome.append(raised.value)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    started.wait(10)
    client.close()
    thread.join()
    assert len(outcome) == 1


def test_a_loop_that_was_closed_without_notice(implementation, serve, respond):
    client = AsyncHTTPClient(force_instance=True)

    async def main():
        async with serve(lambda r: respond(body=b"x")) as server:
            await client.fetch(server.url)

    for _ in range(2):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
    assert len(client._transports) == 1  # those of other closed loops were dropped
    client.close()
    assert client._transports == {}


def test_the_old_way_with_a_loop_that_runs_later(implementation, serve, respond):
    loop = IOLoop(make_current=False)
    client = AsyncHTTPClient(loop, force_instance=True)
    assert client.io_loop is loop

    async def main():
        async with serve(lambda r: respond(body=b"x")) as server:
            return await client.fetch(server.url)

    assert loop.run_sync(main).body == b"x"
    client.close()
    loop.close()


def test_an_io_loop_attribute_of_a_subclass_is_its_own(serve, respond, run):
    class Client(SimpleAsyncHTTPClient):
        def initialize(self, **kwargs):
            super().initialize(**kwargs)
            self.io_loop = "mine"
            self.pool = self.contexts = self.loop = "mine"

    async def main():
        async with serve(lambda r: respond(body=b"x")) as server:
            client = Client(force_instance=True)
            assert client.io_loop == "mine"
            assert (await client.fetch(server.url)).body == b"x"
            client.close()

    run(main)


def test_async_with(run, serve, respond, implementation):
    async def main():
        async with serve(lambda r: respond(body=b"x")) as server:
            async with AsyncHTTPClient(force_instance=True) as client:
                assert (await client.fetch(server.url)).body == b"x"
            with pytest.raises(RuntimeError):
                client.fetch(server.url)
            await asyncio.sleep(0.01)

    run(main)


def test_a_client_that_nobody_holds_closes_its_connections(run, serve, respond, implementation):
    async def main():
        async with serve(lambda r: respond(body=b"x")) as server:
            client = AsyncHTTPClient(force_instance=True)
            await client.fetch(server.url)
            gone = weakref.ref(client)
            del client
            gc.collect()
            assert gone() is None
            await asyncio.wait_for(until(lambda: server.open == 0), 5)

    run(main)


def test_a_fetch_keeps_its_client(run, serve, respond, implementation):
    async def main():
        async with serve(lambda r: respond(body=b"x")) as server:
            future = AsyncHTTPClient(force_instance=True).fetch(server.url)
            gc.collect()
            assert (await future).body == b"x"
            await asyncio.sleep(0.01)

    run(main)


def test_blocking_client_made_in_one_thread_and_used_in_another(blocking_server_url):
    client = HTTPClient()
    bodies = []
    thread = threading.Thread(target=lambda: bodies.append(client.fetch(blocking_server_url).body))
    thread.start()
    thread.join()
    bodies.append(client.fetch(HTTPRequest(blocking_server_url)).body)
    assert bodies == [b"hello", b"hello"]
    client.close()


@pytest.fixture
def blocking_server_url(serve, respond):
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = serve(lambda r: respond(body=b"hello"))
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    yield server.url
    asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize("turns", [0, 1, 50])
def test_a_fetch_that_ends_with_its_loop_is_not_reported(implementation, turns, caplog):
    """Nobody awaits it any more; released versions said nothing either."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

        async def main():
            client = AsyncHTTPClient(force_instance=True)
            queueing = AsyncHTTPClient(force_instance=True, max_clients=1)
            fetches = [client.fetch(url), *(queueing.fetch(url) for _ in range(2))]
            for _ in range(turns):
                await asyncio.sleep(0)
            assert not any(fetch.done() for fetch in fetches)

        asyncio.run(main())
        gc.collect()
    assert [record.getMessage() for record in caplog.records] == []
