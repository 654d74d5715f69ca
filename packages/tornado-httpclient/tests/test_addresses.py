"""Errors name the host and port that they are about; their class and number stay."""

import asyncio
import errno
import socket
import subprocess
import sys
import textwrap

import pytest

from tornado.curl_httpclient import CurlError
from tornado.netutil import Resolver
from tornado.simple_httpclient import HTTPTimeoutError

pytestmark = pytest.mark.filterwarnings("error")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_closed_port(run, make_client):
    async def main():
        port = free_port()
        async with make_client() as client:
            with pytest.raises((OSError, CurlError)) as raised:
                await client.fetch(f"http://127.0.0.1:{port}/")
            assert f"127.0.0.1:{port}" in str(raised.value) or f"port {port}" in str(raised.value)
            if "simple" in make_client.name:
                assert isinstance(raised.value, ConnectionRefusedError)
                assert raised.value.errno == errno.ECONNREFUSED

    run(main)


def test_closed_port_of_a_proxy(run, make_simple):
    async def main():
        port = free_port()
        async with make_simple() as client:
            with pytest.raises(ConnectionRefusedError, match=f"127.0.0.1:{port}"):
                await client.fetch("http://a.invalid/", proxy_host="127.0.0.1", proxy_port=port)

    run(main)


def test_unknown_name(run, make_simple):
    class Unknown(Resolver):
        @classmethod
        def configurable_default(cls):
            return cls

        async def resolve(self, host, port, family=0, callback=None):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def main():
        async with make_simple(resolver=Unknown()) as client:
            with pytest.raises(socket.gaierror, match=r"nobody\.invalid:81") as raised:
                await client.fetch("http://nobody.invalid:81/")
            assert raised.value.errno == socket.EAI_NONAME

    run(main)


def test_time_out_of_a_handshake(run, make_simple):
    async def main():
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            port = deaf.getsockname()[1]
            async with make_simple() as client:
                with pytest.raises(HTTPTimeoutError, match=f"127.0.0.1:{port}") as raised:
                    await client.fetch(f"https://127.0.0.1:{port}/", connect_timeout=0.02)
                assert str(raised.value).startswith("Timeout ")

    run(main)


def test_encoded_host_reaches_a_custom_resolver(run, make_simple, respond, receive, tmp_path):
    path = str(tmp_path / "Server.sock")
    asked = []

    class Sockets(Resolver):
        @classmethod
        def configurable_default(cls):
            return cls

        async def resolve(self, host, port, family=0, callback=None):
            asked.append(host)
            return [(socket.AF_UNIX, path)]

    async def handle(reader, writer):
        request = await receive(reader)
        writer.write(respond(body=request.headers["host"].encode()))
        writer.close()

    async def main():
        server = await asyncio.start_unix_server(handle, path)
        host = path.replace("/", "%2F")
        async with server, make_simple(resolver=Sockets()) as client:
            response = await client.fetch(f"http://{host}/api")
            assert asked == [host]
            assert response.body.decode() == host
        async with make_simple() as client:
            with pytest.raises(ValueError, match="invalid host name"):
                await client.fetch(f"http://{host}/api")

    run(main)


def test_encoded_host_in_a_mapping(run, make_simple, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=b"x")) as server:
            mapping = {"%2Frun%2Fd.sock": "127.0.0.1"}
            async with make_simple(hostname_mapping=mapping) as client:
                url = f"http://%2Frun%2Fd.sock:{server.port}/"
                assert (await client.fetch(url)).body == b"x"

    run(main)


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "tornado.httpclient", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_command_without_a_url():
    done = command()
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("usage: ")


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "ftp://a/", "http://[::1/"])
def test_command_that_fails_says_why_in_one_line(url):
    url = url.format(port=free_port())
    done = command(url)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert url in done.stderr


def test_command_with_an_unknown_option():
    done = command("--print_heders", "http://a/")
    assert done.returncode == 2
    assert "print_heders" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_missing_pycurl_is_named_when_it_is_asked_for():
    program = """
        import sys
        sys.modules["pycurl"] = None
        from tornado.httpclient import AsyncHTTPClient
        try:
            AsyncHTTPClient.configure("tornado.curl_httpclient.CurlAsyncHTTPClient")
        except ImportError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60
    )
    assert "pip install 'tornado-httpclient[curl]'" in done.stdout
