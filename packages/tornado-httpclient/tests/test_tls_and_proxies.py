"""Certificates, both sides' and bad ones; proxies of http and by CONNECT."""

import asyncio
import base64
import contextlib
import ssl
import warnings

import pytest
import trustme

from tornado.httpclient import HTTPClientError
from tornado.simple_httpclient import HTTPTimeoutError

ERRORS = (HTTPClientError, OSError)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def server_context(authority):
    def make(*names, **kwargs):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*(names or ("127.0.0.1", "localhost")), **kwargs).configure_cert(
            context
        )
        return context

    return make


def test_verification(run, make_client, serve, respond, server_context, ca_file):
    async def main():
        async with serve(lambda r: respond(body=b"safe"), server_context()) as server:
            async with make_client() as client:
                for _ in range(2):
                    response = await client.fetch(server.url, ca_certs=ca_file)
                    assert response.body == b"safe"
                assert server.connections == 1
                # Nobody has vouched for this authority: refused, over a connection of its own.
                with pytest.raises(ERRORS):
                    await client.fetch(server.url)
                with pytest.raises(ERRORS):
                    await client.fetch(server.url, ssl_options={})
                for kwargs in (
                    {"validate_cert": False},
                    {"ssl_options": {"cert_reqs": ssl.CERT_NONE}},
                    {"ssl_options": {"ca_certs": ca_file}},
                ):
                    assert (await client.fetch(server.url, **kwargs)).body == b"safe"
                # And none of that is reused by a fetch that verifies.
                with pytest.raises(ERRORS):
                    await client.fetch(server.url)

    run(main)


def test_wrong_host_name(run, make_client, serve, respond, server_context, ca_file):
    async def main():
        async with serve(lambda r: respond(), server_context("other.example")) as server:
            async with make_client() as client:
                with pytest.raises(ERRORS):
                    await client.fetch(server.url, ca_certs=ca_file)

    run(main)


def test_expired_certificate(run, make_client, serve, respond, server_context, ca_file):
    import datetime

    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)

    async def main():
        context = server_context("127.0.0.1", not_before=past, not_after=past)
        async with serve(lambda r: respond(), context) as server, make_client() as client:
            with pytest.raises(ERRORS):
                await client.fetch(server.url, ca_certs=ca_file)

    run(main)


def test_old_tls(run, make_client, serve, respond, server_context, ca_file):
    context = server_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    async def main():
        async with serve(lambda r: respond(), context) as server, make_client() as client:
            with pytest.raises(ERRORS):
                await client.fetch(server.url, ca_certs=ca_file)

    run(main)


def test_ssl_context(run, make_simple, serve, respond, server_context, ca_file):
    async def main():
        async with serve(lambda r: respond(), server_context()) as server, make_simple() as client:
            context = ssl.create_default_context(cafile=ca_file)
            for _ in range(2):
                assert (await client.fetch(server.url, ssl_options=context)).code == 200
            assert server.connections == 1

    run(main)


def test_curl_takes_no_ssl_context(run, make_client):
    if "curl" not in make_client.name:
        return

    async def main():
        async with make_client() as client:
            with pytest.raises(ValueError, match="SSLContext"):
                await client.fetch("https://localhost/", ssl_options=ssl.create_default_context())

    run(main)


def test_client_certificate(
    run, make_client, serve, respond, server_context, authority, ca_file, tmp_path
):
    own = authority.issue_cert("client.example")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    own.cert_chain_pems[0].write_to_path(str(cert))
    own.private_key_pem.write_to_path(str(key))
    context = server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)

    async def main():
        async with serve(lambda r: respond(), context) as server, make_client() as client:
            response = await client.fetch(
                server.url, ca_certs=ca_file, client_cert=str(cert), client_key=str(key)
            )
            assert response.code == 200
            with pytest.raises(ERRORS):
                await client.fetch(server.url, ca_certs=ca_file)
            with pytest.raises(ERRORS):
                await client.fetch(server.url, ca_certs=ca_file, client_cert="/nowhere.pem")

    run(main)


def test_from_https_to_http_go_no_credentials(
    run, make_client, serve, respond, server_context, ca_file
):
    async def main():
        async with serve(lambda r: respond()) as plain:
            moved = respond(302, headers=[("Location", plain.url)])
            async with serve(lambda r: moved, server_context()) as server, make_client() as client:
                await client.fetch(
                    server.url,
                    ca_certs=ca_file,
                    auth_username="u",
                    headers={"Cookie": "a=b", "Authorization": "x"},
                )
            assert "authorization" not in plain.requests[0].headers
            assert "cookie" not in plain.requests[0].headers

    run(main)


def test_handshake_that_never_ends(run, make_client, serve_raw):
    async def handle(reader, writer):
        await reader.read()

    async def main():
        async with serve_raw(handle) as server, make_client() as client:
            with pytest.raises(HTTPTimeoutError):
                await client.fetch(
                    server.url.replace("http:", "https:"), connect_timeout=0.05, request_timeout=5
                )

    run(main)


@pytest.fixture
def proxy(serve_raw, receive, respond):
    """A proxy that tunnels, and that answers requests in absolute-form itself; asks for credentials."""

    @contextlib.asynccontextmanager
    async def make(credentials=None, status=200):
        seen = []

        async def copy(reader, writer):
            with contextlib.suppress(OSError):
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
            writer.close()

        async def handle(reader, writer):
            while (request := await receive(reader)) is not None:
                seen.append(request)
                given = request.headers.get("proxy-authorization")
                if credentials and given != "Basic " + base64.b64encode(credentials).decode():
                    writer.write(respond(407, b"who?", [("Proxy-Authenticate", "Basic")]))
                elif status != 200:
                    writer.write(respond(status, b"no"))
                elif request.method != "CONNECT":
                    writer.write(respond(body=b"by proxy " + request.target.encode()))
                else:
                    host, _, port = request.target.rpartition(":")
                    there = await asyncio.open_connection(host.strip("[]"), int(port))
                    writer.write(b"HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n")
                    try:
                        await asyncio.gather(copy(reader, there[1]), copy(there[0], writer))
                    finally:
                        there[1].close()
                        with contextlib.suppress(OSError):
                            await there[1].wait_closed()
                    return
                await writer.drain()

        async with serve_raw(handle) as server:
            server.seen = seen
            yield server

    return make


def test_proxy_of_http(run, make_client, proxy):
    async def main():
        async with proxy(b"u:p") as server, make_client() as client:
            settings = {"proxy_host": "127.0.0.1", "proxy_port": server.port}
            for host in ("one.invalid", "two.invalid:81"):
                response = await client.fetch(
                    f"http://{host}/a?b",
                    proxy_username="u",
                    proxy_password="p",
                    auth_username="me",
                    **settings,
                )
                assert response.body == f"by proxy http://{host}/a?b".encode()
            assert server.connections == 1
            assert server.seen[0].headers["host"] == "one.invalid"
            assert server.seen[0].headers["authorization"] == "Basic bWU6"
            with pytest.raises(HTTPClientError) as info:
                await client.fetch("http://one.invalid/", **settings)
            assert info.value.code == 407
            assert "proxy-authorization" not in server.seen[-1].headers

    run(main)


def test_proxy_with_digest(run, make_client, serve, respond):
    if "curl" not in make_client.name:
        return
    challenge = 'Digest realm="r", nonce="n", qop="auth"'

    def application(request):
        given = request.headers.get("proxy-authorization", "")
        if 'username="u"' in given and given.startswith("Digest"):
            return respond(body=b"by proxy " + request.target.encode())
        return respond(407, b"who?", [("Proxy-Authenticate", challenge)])

    async def main():
        async with serve(application) as server, make_client() as client:
            settings = {
                "proxy_host": "127.0.0.1",
                "proxy_port": server.port,
                "proxy_auth_mode": "digest",
            }
            url = "http://one.invalid/a"
            response = await client.fetch(url, proxy_username="u", proxy_password="p", **settings)
            assert response.body == b"by proxy " + url.encode()
            with pytest.raises(HTTPClientError) as info:
                await client.fetch(url, proxy_username="other", proxy_password="p", **settings)
            assert info.value.code == 407

    run(main)


def test_proxy_of_https(run, make_client, proxy, serve, respond, server_context, ca_file):
    async def main():
        async with proxy(b"u:p") as through, make_client() as client:
            async with serve(lambda r: respond(body=b"inside"), server_context()) as server:
                settings = {
                    "ca_certs": ca_file,
                    "proxy_host": "127.0.0.1",
                    "proxy_port": through.port,
                    "proxy_username": "u",
                }
                lines = []
                for _ in range(2):
                    response = await client.fetch(
                        f"{server.url}/x",
                        proxy_password="p",
                        header_callback=lines.append,
                        **settings,
                    )
                    assert response.body == b"inside"
                    assert "X-Proxy" not in response.headers
                assert lines.count("HTTP/1.1 200 OK\r\n") == 2
                assert len(through.seen) == 1
                assert through.seen[0].target == f"127.0.0.1:{server.port}"
                assert all("proxy-authorization" not in each.headers for each in server.requests)
                assert server.requests[0].target == "/x"
                with pytest.raises(HTTPClientError, match="407"):
                    await client.fetch(server.url, proxy_password="wrong", **settings)

    run(main)


def test_proxy_that_refuses(run, make_client, proxy, serve, respond, server_context, ca_file):
    async def main():
        async with proxy(status=502) as through, make_client() as client:
            with pytest.raises(HTTPClientError, match="502"):
                await client.fetch(
                    "https://127.0.0.1:1/", proxy_host="127.0.0.1", proxy_port=through.port
                )

    run(main)


def test_environment(run, make_client, proxy, serve, respond, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    async def main():
        async with proxy(b"u:p") as through, serve(lambda r: respond(body=b"direct")) as server:
            monkeypatch.setenv("http_proxy", f"http://u:p@127.0.0.1:{through.port}")
            async with make_client() as client:
                assert (await client.fetch(server.url)).body == b"direct"
                response = await client.fetch(server.url, proxy_from_environment=True)
                assert response.body.startswith(b"by proxy http://127.0.0.1")
                monkeypatch.setenv("no_proxy", "localhost,127.0.0.0/8")
                response = await client.fetch(server.url, proxy_from_environment=True)
                assert response.body == b"direct"

    run(main)
