"""WSGIApplication and WSGIAdapter, called as a server calls them, and run by real servers."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import wsgiref.simple_server
import wsgiref.util
import wsgiref.validate

import pytest

import tornado.wsgi
from tornado.httputil import HTTPInputError
from tornado.web import Application, HTTPError, RequestHandler, asynchronous, stream_request_body
from tornado.wsgi import HTTPRequest, WSGIAdapter, WSGIApplication


def make_environ(path="/", method="GET", body=b"", **more):
    environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "wsgi.input": io.BytesIO(body)}
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    environ.update(more)
    wsgiref.util.setup_testing_defaults(environ)
    return environ


def call(application, *args, **kwargs):
    """Return (status, headers, content), under the eye of the standard library's validator."""
    environ = make_environ(*args, **kwargs)
    environ["SERVER_PROTOCOL"] = "HTTP/1.1"
    environ.setdefault("QUERY_STRING", "")
    environ["SCRIPT_NAME"] = ""
    seen = []
    result = wsgiref.validate.validator(application)(environ, lambda *a: seen.append(a) or print)
    try:
        content = b"".join(result)
    finally:
        result.close()
    (status, headers, *_), *others = seen
    assert others == []
    return status, dict(headers), content


class MainHandler(RequestHandler):
    def get(self):
        self.write("Hello, world")

    def post(self):
        self.write({"name": self.get_argument("name"), "files": sorted(self.request.files)})


class FlushHandler(RequestHandler):
    def get(self):
        self.write("a")
        self.flush()
        self.write("b")


class AsyncReadyHandler(RequestHandler):
    async def get(self):
        self.write("ready")


class AsyncWaitingHandler(RequestHandler):
    async def get(self):
        await asyncio.sleep(1)


class LegacyHandler(RequestHandler):
    @asynchronous
    def get(self):
        pass


class ErrorHandler(RequestHandler):
    def get(self):
        raise HTTPError(418)


class BrokenHandler(RequestHandler):
    def get(self):
        raise KeyError("broken")


@stream_request_body
class StreamHandler(RequestHandler):
    def data_received(self, chunk):
        pass


class CookieHandler(RequestHandler):
    def get(self):
        self.set_cookie("a", "1")
        self.set_cookie("b", "2")
        self.write(self.request.full_url() + " " + self.request.remote_ip)


HANDLERS = [
    ("/", MainHandler),
    ("/flush", FlushHandler),
    ("/ready", AsyncReadyHandler),
    ("/waiting", AsyncWaitingHandler),
    ("/legacy", LegacyHandler),
    ("/error", ErrorHandler),
    ("/broken", BrokenHandler),
    ("/stream", StreamHandler),
    ("/cookie", CookieHandler),
    (r"/(caf.*)", MainHandler),
]


@pytest.fixture(params=["application", "adapter"])
def application(request):
    if request.param == "application":
        return WSGIApplication(HANDLERS)
    return WSGIAdapter(Application(HANDLERS))


def test_names():
    for name in tornado.wsgi.__all__:
        assert getattr(tornado.wsgi, name).__module__ == "tornado.wsgi"


def test_hello(application):
    status, headers, content = call(application)
    assert (status, content) == ("200 OK", b"Hello, world")
    assert headers["Content-Length"] == "12"
    assert "Etag" in headers


def test_not_modified(application):
    etag = call(application)[1]["Etag"]
    status, headers, content = call(application, HTTP_IF_NONE_MATCH=etag)
    assert (status, content) == ("304 Not Modified", b"")
    assert "Content-Length" not in headers


def test_head(application):
    status, headers, content = call(application, method="HEAD")
    assert (status, headers["Content-Length"], content) == ("200 OK", "12", b"")


def test_form(application):
    kind = "application/x-www-form-urlencoded"
    content = call(application, method="POST", body=b"name=J%C3%BCrg", CONTENT_TYPE=kind)[2]
    assert content == b'{"name": "J\\u00fcrg", "files": []}'


def test_upload(application):
    body = (
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nn\r\n'
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="g"\r\n\r\ndata\r\n--x--\r\n'
    )
    kind = "multipart/form-data; boundary=x"
    assert b'"files": ["f"]' in call(application, method="POST", body=body, CONTENT_TYPE=kind)[2]


def test_errors(application, caplog):
    assert call(application, "/error")[0].startswith("418 ")
    assert call(application, "/nowhere")[0] == "404 Not Found"
    assert call(application, "/broken")[0] == "500 Internal Server Error"
    assert "KeyError: 'broken'" in caplog.text


def test_cookies_and_addresses(application):
    environ = make_environ("/cookie", HTTP_HOST="example.com", REMOTE_ADDR="10.0.0.1")
    seen = []
    result = application(environ, lambda *a: seen.append(a))
    assert b"".join(result) == b"http://example.com/cookie 10.0.0.1"
    cookies = [value for name, value in seen[0][1] if name == "Set-Cookie"]
    assert cookies == ["a=1; Path=/", "b=2; Path=/"]


def test_a_coroutine_that_need_not_wait(application):
    assert call(application, "/ready")[2] == b"ready"


def test_a_coroutine_that_waits_is_refused(application):
    with pytest.raises(RuntimeError, match="did not answer before it returned"):
        call(application, "/waiting")
    assert call(application)[2] == b"Hello, world"


def test_asynchronous_is_refused():
    assert call(WSGIApplication(HANDLERS), "/legacy")[0] == "500 Internal Server Error"
    with pytest.raises(RuntimeError, match="did not answer before it returned"):
        call(WSGIAdapter(Application(HANDLERS)), "/legacy")


def test_what_was_flushed_is_gathered(application):
    assert call(application, "/flush")[2] == b"ab"


def test_streamed_content_is_refused(application):
    with pytest.raises(RuntimeError, match="needs an event loop"):
        application(make_environ("/stream", "POST", b"x"), print)


@pytest.mark.parametrize("length", ["-1", "+1", "1_0", "x", "٣", "9" * 30, "104857601", "7"])
def test_bad_lengths(application, length, caplog):
    environ = make_environ("/", "POST", b"abc", CONTENT_LENGTH=length)
    seen = []
    assert application(environ, lambda *a: seen.append(a)) == []
    assert seen[0][0] == "400 Bad Request"
    assert "Malformed request by WSGI" in caplog.text


def test_an_application_serves_requests_of_tornados_own_too(serve):
    served = serve(lambda: WSGIApplication(HANDLERS))
    assert served.get("/")[2] == b"Hello, world"


class TestHTTPRequest:
    def test_attributes(self):
        request = HTTPRequest(
            make_environ(
                "/caf\xc3\xa9 x",
                QUERY_STRING="a=1&a=2",
                HTTP_HOST="example.com",
                HTTP_COOKIE="c=d",
                HTTP_X_THING="y",
                REMOTE_ADDR="10.1.2.3",
            )
        )
        assert request.method == "GET"
        assert request.path == "/caf%C3%A9%20x"
        assert request.uri == "/caf%C3%A9%20x?a=1&a=2"
        assert request.query == "a=1&a=2"
        assert request.arguments == {"a": [b"1", b"2"]}
        assert request.cookies["c"].value == "d"
        assert request.headers["X-Thing"] == "y"
        assert (request.remote_ip, request.protocol, request.host) == (
            "10.1.2.3",
            "http",
            "example.com",
        )
        assert request.full_url() == "http://example.com/caf%C3%A9%20x?a=1&a=2"
        assert request.supports_http_1_1()
        assert request.request_time() >= 0

    def test_host_without_a_field(self):
        environ = make_environ(SERVER_NAME="here", SERVER_PORT="8080")
        del environ["HTTP_HOST"]
        assert HTTPRequest(environ).host == "here:8080"
        environ["SERVER_PORT"] = "80"
        assert HTTPRequest(environ).host == "here"

    def test_input_that_ends_by_itself(self):
        environ = make_environ("/", "POST")
        environ.update({"wsgi.input": io.BytesIO(b"abc"), "wsgi.input_terminated": True})
        assert HTTPRequest(environ).body == b"abc"

    def test_malformed_form(self):
        environ = make_environ("/", "POST", b"x", CONTENT_TYPE="multipart/form-data")
        with pytest.raises(HTTPInputError):
            HTTPRequest(environ)


def test_wsgiref_serves_the_manuals_example():
    class Quiet(wsgiref.simple_server.WSGIRequestHandler):
        def log_message(self, *args):
            pass

    application = WSGIApplication([(r"/", MainHandler)])
    with wsgiref.simple_server.make_server(
        "127.0.0.1", 0, application, handler_class=Quiet
    ) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/") as answer:
            content = answer.read()
        thread.join()
    assert content == b"Hello, world"


CGI = """
import tornado.web
import tornado.wsgi
import wsgiref.handlers

class MainHandler(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello, world")

if __name__ == "__main__":
    application = tornado.wsgi.WSGIApplication([
        (r"/", MainHandler),
    ])
    wsgiref.handlers.CGIHandler().run(application)
"""


def test_cgi_runs_the_manuals_example(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(CGI)
    environ = {
        **os.environ,
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "SERVER_NAME": "a",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
    }
    done = subprocess.run([sys.executable, str(script)], env=environ, capture_output=True)
    head, _, content = done.stdout.replace(b"\r\n", b"\n").partition(b"\n\n")
    assert done.stderr == b""
    assert head.startswith(b"Status: 200 OK")
    assert content == b"Hello, world"


def test_gunicorn_serves_handlers(tmp_path):
    pytest.importorskip("gunicorn")
    (tmp_path / "app.py").write_text(CGI.partition("if __name__")[0] + (
        "application = tornado.wsgi.WSGIApplication([(r'/', MainHandler)])\n"
    ))  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "-w", "1"]
    process = subprocess.Popen(
        [*command, "--worker-tmp-dir", str(tmp_path), "app:application"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                    assert answer.read() == b"Hello, world"
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
