"""How clients are made, configured, shared and closed; the blocking client; the command; contexts."""

import asyncio
import contextlib
import gc
import subprocess
import sys
import threading
import warnings
from unittest import mock

import pytest

from tornado import stack_context
from tornado.curl_httpclient import CurlAsyncHTTPClient
from tornado.httpclient import AsyncHTTPClient, HTTPClient, HTTPError, HTTPRequest, HTTPResponse
from tornado.ioloop import IOLoop
from tornado.netutil import Resolver
from tornado.simple_httpclient import SimpleAsyncHTTPClient


@pytest.fixture(autouse=True)
def configuration():
    saved = AsyncHTTPClient._save_configuration()
    yield
    AsyncHTTPClient._restore_configuration(saved)


@pytest.fixture
def blocking_server():
    """A server in a thread of its own; the URL."""
    import http.server

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            code = 404 if self.path == "/404" else 200
            self.send_response(code)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_one_client_a_loop(run):
    async def main():
        client = AsyncHTTPClient()
        assert type(client) is SimpleAsyncHTTPClient
        assert AsyncHTTPClient() is client
        assert AsyncHTTPClient(io_loop=IOLoop.current()) is client
        assert AsyncHTTPClient(IOLoop.current()) is client
        assert AsyncHTTPClient(False) is client
        for other in (
            AsyncHTTPClient(True),
            AsyncHTTPClient("http://localhost:1234"),  # as a program's tests do
            AsyncHTTPClient({"max_clients": 3}),
            AsyncHTTPClient(force_instance="yes"),
            AsyncHTTPClient(force_instance=True),
            AsyncHTTPClient(IOLoop.current(), True),
        ):
            assert other is not client
            assert AsyncHTTPClient() is client
            other.close()
        assert SimpleAsyncHTTPClient() is not client
        SimpleAsyncHTTPClient().close()
        client.close()
        assert AsyncHTTPClient() is not client
        AsyncHTTPClient().close()

    run(main)


def test_configure(run):
    async def main():
        AsyncHTTPClient.configure("tornado.curl_httpclient.CurlAsyncHTTPClient", max_clients=7)
        client = AsyncHTTPClient()
        assert type(client) is CurlAsyncHTTPClient
        assert client.max_clients == 7
        client.close()
        AsyncHTTPClient.configure(None, max_clients=3, defaults={"user_agent": "x"})
        client = AsyncHTTPClient()
        assert type(client) is SimpleAsyncHTTPClient
        assert client.max_clients == 3
        assert client.defaults["user_agent"] == "x"
        assert client.defaults["max_redirects"] == 5
        client.close()
        AsyncHTTPClient.configure(SimpleAsyncHTTPClient)
        client = AsyncHTTPClient(max_clients=4)
        assert client.max_clients == 4
        client.close()
        client = AsyncHTTPClient(IOLoop.current(), 5)
        assert client.max_clients == 5
        client.close()
        client = SimpleAsyncHTTPClient(max_clients=9, max_simultaneous_connections=2)
        assert client.max_clients == 2
        client.close()

    run(main)


class FakeClient(AsyncHTTPClient):
    """An implementation as one wrote it for Tornado 6."""

    def initialize(self, answer=200, defaults=None):
        super().initialize(defaults=defaults)
        self.answer = answer

    def fetch_impl(self, request, callback):
        callback(HTTPResponse(request, self.answer))


def test_other_implementations(run):
    async def main():
        AsyncHTTPClient.configure(FakeClient)
        client = AsyncHTTPClient()
        assert type(client) is FakeClient
        assert (await client.fetch("anything")).code == 200
        client.close()
        client = FakeClient(force_instance=True, answer=500)
        with pytest.raises(HTTPError):
            await client.fetch("anything")
        client.close()

    run(main)


def test_hostname_mapping_and_resolver(run, make_simple, serve, respond):
    class Own(Resolver):
        def initialize(self):
            self.asked = []

        async def resolve(self, host, port, family=0):
            self.asked.append(host)
            return [(2, ("127.0.0.1", port))]

        def close(self):
            self.asked.append("closed")

    async def main():
        resolver = Own()
        async with serve(lambda r: respond(body=r.headers["host"].encode())) as server:
            url = f"http://made.up:{server.port}"
            async with make_simple(resolver=resolver) as client:
                assert (await client.fetch(url)).body == f"made.up:{server.port}".encode()
            assert resolver.asked == ["made.up"]
            async with make_simple(hostname_mapping={"made.up": "127.0.0.1"}) as client:
                assert (await client.fetch(url)).code == 200

    run(main)


def test_network_interface(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond()) as server, make_client() as client:
            assert (await client.fetch(server.url, network_interface="127.0.0.1")).code == 200
            with pytest.raises((ValueError, OSError, HTTPError)):
                await client.fetch(server.url, network_interface="not-an-interface")

    run(main)


def test_prepare_curl_callback(run, make_client, serve, respond):
    if "curl" not in make_client.name:
        return

    async def main():
        import pycurl

        async with serve(lambda r: respond(body=r.headers["x-a"].encode())) as server:
            async with make_client() as client:
                response = await client.fetch(
                    server.url,
                    prepare_curl_callback=lambda c: c.setopt(pycurl.HTTPHEADER, ["X-A: b"]),
                )
                assert response.body == b"b"
                await client.fetch(server.url, headers={"X-A": "c"})
                assert server.requests[1].headers["user-agent"].startswith("Mozilla/")

    run(main)


def test_blocking_client(blocking_server):
    with HTTPClient() as client:
        assert client.fetch(blocking_server).body == b"hello"
        assert client.fetch(HTTPRequest(blocking_server)).code == 200
        with pytest.raises(HTTPError):
            client.fetch(f"{blocking_server}/404")
        assert client.fetch(f"{blocking_server}/404", raise_error=False).code == 404
        with pytest.raises(ValueError, match="scheme"):
            client.fetch("frob:")
    client.close()
    client = HTTPClient(CurlAsyncHTTPClient, max_clients=2)
    assert client.fetch(blocking_server).body == b"hello"
    del client
    gc.collect()
    with pytest.raises(ZeroDivisionError):
        HTTPClient(lambda: 1 / 0)


def test_blocking_client_beside_a_running_loop(run, blocking_server):
    async def main():
        client = HTTPClient()
        assert client.fetch(blocking_server).body == b"hello"
        with pytest.raises(HTTPError):
            client.fetch(f"{blocking_server}/404")
        client.close()
        loop = asyncio.get_running_loop()

        def in_thread():
            with HTTPClient() as client:
                return client.fetch(blocking_server).body

        assert await loop.run_in_executor(None, in_thread) == b"hello"

    run(main)


def test_loops_that_end_without_closing_the_client(blocking_server):
    async def fetch():
        return (await AsyncHTTPClient().fetch(blocking_server)).body

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(5):
            assert asyncio.run(fetch()) == b"hello"
        gc.collect()
        clients = AsyncHTTPClient._async_clients()
        assert len([loop for loop in clients if loop.asyncio_loop.is_closed()]) <= 1


def test_command(blocking_server):
    def command(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "tornado.httpclient", *arguments],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout

    assert command(blocking_server) == "hello\n"
    printed = command("--print_headers", "--print_body=false", f"{blocking_server}/404")
    assert "Content-Length: 5\n" in printed
    assert "hello" not in printed


def test_contexts_go_with_the_callback(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=b"x")) as server, make_client() as client:
            caught = []

            def on_error(typ, value, tb):
                caught.append(typ)
                return True

            seen = asyncio.get_running_loop().create_future()

            def callback(response):
                seen.set_result(response.code)
                raise ZeroDivisionError

            with stack_context.ExceptionStackContext(on_error):
                client.fetch(server.url, callback)
            assert await seen == 200
            await asyncio.sleep(0.01)
            assert caught == [ZeroDivisionError]
            # The connection was made inside the context and is used outside it.
            assert (await client.fetch(server.url)).body == b"x"
            assert caught == [ZeroDivisionError]
            assert server.connections == 1

    run(main)


def test_fetch_has_no_state_of_its_own(run, make_client, serve, respond):
    """A handle or connection that served one request brings nothing of it to the next."""

    async def main():
        async with (
            serve(lambda r: respond(body=r.raw)) as server,
            make_client(max_clients=1) as client,
        ):
            plain = (await client.fetch(server.url)).body
            for kwargs in (
                {"method": "POST", "body": b"x", "headers": {"X-A": "b"}},
                {"auth_username": "u", "auth_password": "p"},
                {"method": "HEAD"},
                {"method": "PUT", "body_producer": lambda write: write(b"x")},
                {"user_agent": "other", "decompress_response": False},
            ):
                await client.fetch(server.url, **kwargs)
                assert (await client.fetch(server.url)).body == plain

    run(main)


def _replaced_by_assignment(owner, name, wrapper):
    original = getattr(owner, name)
    setattr(owner, name, lambda self, *args, **kwargs: wrapper(original, self, args, kwargs))
    return lambda: setattr(owner, name, original)


def _replaced_by_mock(owner, name, wrapper):
    original = getattr(owner, name)

    def call(self, *args, **kwargs):
        return wrapper(original, self, args, kwargs)

    patch = mock.patch.object(owner, name, autospec=True, side_effect=call)
    patch.start()
    return patch.stop


def _replaced_by_wrapt(owner, name, wrapper):
    wrapt = pytest.importorskip("wrapt")
    original = owner.__dict__[name]

    def call(wrapped, instance, args, kwargs):
        return wrapper(
            lambda self, *args, **kwargs: wrapped(*args, **kwargs), instance, args, kwargs
        )

    wrapt.wrap_function_wrapper(owner, name, call)
    return lambda: setattr(owner, name, original)


@pytest.mark.parametrize(
    "replace", [_replaced_by_assignment, _replaced_by_mock, _replaced_by_wrapt]
)
@pytest.mark.parametrize("name", ["fetch", "fetch_impl", "close"])
def test_replaced_methods_are_called(run, make_client, serve, respond, replace, name):
    """As instrumentation does it, on a class that already served fetches."""
    calls = []

    def wrapper(original, self, args, kwargs):
        calls.append(name)
        return original(self, *args, **kwargs)

    async def main():
        async with serve(lambda r: respond(body=b"x")) as server:
            async with make_client() as client:
                await client.fetch(server.url)
                owner = next(each for each in type(client).__mro__ if name in each.__dict__)
                undo = replace(owner, name, wrapper)
                try:
                    assert (await client.fetch(server.url)).body == b"x"
                    client.close()
                finally:
                    undo()
            assert calls == [name]

    run(main)


@pytest.mark.parametrize("container", ["class", "instance"])
def test_fetch_of_the_interface_is_replaced(run, make_client, serve, respond, container):
    async def main():
        async with serve(lambda r: respond(body=b"x")) as server:
            async with make_client() as client:
                owner = AsyncHTTPClient if container == "class" else client
                with mock.patch.object(owner, "fetch", wraps=client.fetch) as fetch:
                    if container == "instance":
                        await client.fetch(server.url)
                    else:
                        # The implementations add nothing of their own.
                        assert "fetch" not in type(client).__dict__
                        fetch.side_effect = lambda *args, **kwargs: "replaced"
                        assert client.fetch(server.url) == "replaced"
                    assert fetch.call_count == 1

    run(main)


def test_attributes_of_released_instances(run, make_client, serve, respond):
    """What instances had in 6.6 after construction and after a fetch."""
    request = HTTPRequest("http://a/")
    for name in (
        "_body _headers allow_ipv6 allow_nonstandard_methods auth_mode auth_password auth_username "
        "body body_producer ca_certs client_cert client_key connect_timeout decompress_response "
        "expect_100_continue follow_redirects header_callback headers max_redirects method "
        "network_interface prepare_curl_callback proxy_auth_mode proxy_host proxy_password "
        "proxy_port proxy_username request_timeout ssl_options start_time streaming_callback url "
        "user_agent validate_cert"
    ).split():
        assert hasattr(request, name), name

    async def main():
        async with serve(lambda r: respond(body=b"x")) as server, make_client() as client:
            response = await client.fetch(server.url)
            assert vars(response).keys() >= {
                "_body",
                "_error_is_response_code",
                "buffer",
                "code",
                "effective_url",
                "error",
                "headers",
                "reason",
                "request",
                "request_time",
                "start_time",
                "time_info",
            }
            assert vars(response.request).keys() >= vars(request).keys()
            for name in "_closed active defaults io_loop max_body_size max_clients queue".split():
                assert hasattr(client, name), name

    run(main)


def test_raise_error_by_place(run, make_client, serve, respond):
    """Since 6.0 it is the second parameter of `fetch`."""

    async def main():
        async with serve(lambda r: respond(404)) as server, make_client() as client:
            assert (await client.fetch(server.url, False)).code == 404
            assert (await client.fetch(server.url, None, False)).code == 404
            with pytest.raises(HTTPError):
                await client.fetch(server.url, True)

    run(main)


def test_requests_in_the_order_of_every_release():
    """Parameters were added in the middle: in 3.0 ``auth_mode``, in 4.0 ``proxy_auth_mode``."""

    def plain(request, name):
        value = getattr(request, name)
        return getattr(value, "__wrapped__", value)  # callbacks, once a stack context was entered

    first = ["http://x/", "POST", {"A": "b"}, b"body", "user", "pass"]
    middle = [1.5, 2, 0, False, 3, "agent", True, "127.0.0.1", len, repr, print]
    proxy = ["proxy", 80, "puser", "ppass"]
    last = [True, False, "ca", True, "key", "cert"]
    names = (
        "connect_timeout request_timeout if_modified_since follow_redirects max_redirects user_agent"
        " use_gzip network_interface streaming_callback header_callback prepare_curl_callback"
        " proxy_host proxy_port proxy_username proxy_password"
        " allow_nonstandard_methods validate_cert ca_certs allow_ipv6 client_key client_cert"
    ).split()
    by_name = HTTPRequest(*first, **dict(zip(names, [*middle, *proxy, *last], strict=True)))
    for request in (
        HTTPRequest(*first, *middle, *proxy, *last),
        HTTPRequest(*first, None, *middle, *proxy, *last),
        HTTPRequest(*first, None, *middle, *proxy, None, *last),
        HTTPRequest(*first, *middle, *proxy, **dict(zip(names[-6:], last, strict=True))),
        HTTPRequest(
            *first, *middle[:1], **dict(zip(names[1:], [*middle, *proxy, *last][1:], strict=True))
        ),
    ):
        for name in {*names, "url", "method", "body", "auth_username", "headers"} - {
            "if_modified_since"
        }:
            assert plain(request, name) == plain(by_name, name), name
        assert request.proxy_auth_mode is None
    assert HTTPRequest(*first, "digest", 1.5).connect_timeout == 1.5


def test_initialize_in_the_order_of_every_release(run):
    """As subclasses call it by ``super()``: with a loop in front until 5.0, then without."""
    mapping, defaults = {"a": "127.0.0.1"}, {"user_agent": "agent"}
    resolver = Resolver()

    async def main():
        loop = IOLoop.current()
        with contextlib.closing(SimpleAsyncHTTPClient(force_instance=True)) as client:
            for args in (
                (5, mapping, 1000, resolver, defaults, 2000, 3000),
                (loop, 5, mapping, 1000, resolver, defaults, 2000, 3000),
                (None, 5, mapping, 1000, resolver, defaults, 2000, 3000),
            ):
                client.initialize(*args)
                found = client.max_clients, client.max_header_size, client.max_body_size
                assert found == (5, 2000, 3000)
                assert client.defaults["user_agent"] == "agent"
                assert client.hostname_mapping == mapping
            for args in ((loop, 5, 3, mapping, 1000), (loop, 3, None, mapping, 1000)):  # 2.x
                client.initialize(*args)
                assert (client.max_clients, client.max_buffer_size) == (3, 1000)
                assert client.hostname_mapping == mapping
        with contextlib.closing(CurlAsyncHTTPClient(force_instance=True)) as client:
            for args in ((5, defaults, 999), (loop, 5, defaults, 999)):
                client.initialize(*args)
                assert (client.max_clients, client.max_body_size) == (5, 999)
                assert client.defaults["user_agent"] == "agent"
            client.initialize(loop, 5, 3)
            assert client.max_clients == 3
        for args in ((defaults,), (loop, defaults), (None, defaults)):
            AsyncHTTPClient.initialize(client, *args)
            assert client.defaults["user_agent"] == "agent"

    run(main)
