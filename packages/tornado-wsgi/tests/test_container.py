"""WSGIContainer over real sockets: in the loop's thread and with an executor."""

from __future__ import annotations

import logging
import threading
import time
import wsgiref.validate
from concurrent.futures import ThreadPoolExecutor

import pytest

from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.iostream import StreamClosedError
from tornado.web import Application, FallbackHandler, RequestHandler
from tornado.wsgi import WSGIContainer, from_wsgi_str, to_wsgi_str


@pytest.fixture(params=["loop", "executor"])
def contain(request, serve):
    """Serve a WSGI application in either way."""
    executor = ThreadPoolExecutor(4) if request.param == "executor" else None
    yield lambda app: serve(lambda: WSGIContainer(app, executor))
    if executor is not None:
        executor.shutdown()


def echo(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"got ", body]


def test_manual_example(contain):
    def simple_app(environ, start_response):
        status = "200 OK"
        response_headers = [("Content-type", "text/plain")]
        start_response(status, response_headers)
        return [b"Hello world!\n"]

    status, fields, content = contain(simple_app).get()
    assert status == "HTTP/1.1 200 OK"
    assert content == b"Hello world!\n"
    assert fields["Content-Type"] == "text/plain"
    assert fields["Content-Length"] == "13"
    assert fields["Server"] == "TornadoServer/6.100"


@wsgiref.validate.validator
def valid_app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-A", "1"), ("X-A", "2")])
    return [environ["wsgi.input"].read(5), environ["PATH_INFO"].encode("latin-1")]


def test_the_validator_has_no_complaint(contain):
    served = contain(valid_app)
    assert served.get("/a%20b?c=d")[2] == b"/a b"
    assert served.post("/", b"12345")[2] == b"12345/"


def test_environ(contain):
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        start_response("204 No Content", [])
        return []

    status, fields, _ = contain(app).get(
        "/caf%C3%A9?x=%20y",
        "Cookie: a=1",
        "Cookie: b=2",
        "Accept: x",
        "Accept: y",
        "X_Forged: 1",
        "Proxy: http://evil",
        "Content-Type: text/x",
    )
    assert status == "HTTP/1.1 204 No Content"
    assert "Content-Length" not in fields
    wanted = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/caf\xc3\xa9",
        "QUERY_STRING": "x=%20y",
        "SERVER_NAME": "example.com",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_COOKIE": "a=1; b=2",
        "HTTP_ACCEPT": "x,y",
        "CONTENT_TYPE": "text/x",
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
    }
    assert {key: seen.get(key) for key in wanted} == wanted
    assert not {"HTTP_X_FORGED", "HTTP_PROXY", "HTTP_CONTENT_TYPE"} & seen.keys()


def test_environ_of_a_request():
    request = HTTPServerRequest(
        "POST", "/x", "HTTP/1.1", HTTPHeaders({"Host": "[::1]", "Content-Length": "2"}), body=b"ab"
    )
    environ = WSGIContainer.environ(request)
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("[::1]", "80")
    assert environ["CONTENT_LENGTH"] == "2"
    assert environ["wsgi.input"].read() == b"ab"


def test_content(contain):
    served = contain(echo)
    assert served.post("/", b"x" * 1000)[2] == b"got " + b"x" * 1000
    chunked = (
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert b"abcde" in served.ask(chunked)


def test_an_answer_is_streamed(contain):
    gate = threading.Event()
    closed = []

    class Slowly:
        def __iter__(self):
            yield b"first"
            if threading.current_thread() is not loop_thread:
                gate.wait(10)
            yield b""
            yield b"second"

        def close(self):
            closed.append(True)

    def app(environ, start_response):
        start_response("200 OK", [])
        return Slowly()

    served = contain(app)
    loop_thread = served._thread
    with served.connect() as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        received = b""
        while b"first" not in received:
            received += peer.recv(65536)
        gate.set()
        while part := peer.recv(65536):
            received += part
    assert served.parse(received)[2] == b"firstsecond"
    assert received.endswith(b"0\r\n\r\n")
    served.stop()
    assert closed == [True]


def test_write_callable(contain):
    def app(environ, start_response):
        write = start_response("200 OK", [("Content-Length", "11")])
        write(b"hello")
        write(b" ")
        return [b"world"]

    assert contain(app).get()[2] == b"hello world"


def test_head_sends_no_content(contain):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "5")])
        return [b"hello"]

    _, fields, content = contain(app).get(method="HEAD")
    assert (fields["Content-Length"], content) == ("5", b"")


def test_an_answer_without_content(contain):
    def app(environ, start_response):
        start_response("200 OK", [])
        return []

    _, fields, content = contain(app).get()
    assert (fields["Content-Length"], content) == ("0", b"")


def fail_at_once(environ, start_response):
    raise KeyError("at once")


def fail_without_start(environ, start_response):
    return [b"x"]


def fail_twice(environ, start_response):
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


def fail_name(environ, start_response):
    start_response("200 OK", [("X A", "1")])
    return []


def fail_reason(environ, start_response):
    start_response("200 O\r\nK", [])
    return [b"x"]


def fail_reason_later(environ, start_response):
    start_response("200 O\x01K", [])
    yield b"x"
    yield b"y"


def fail_header_type(environ, start_response):
    start_response("200 OK", [("X-A", 1)])
    return [b"x"]


def fail_header_shape(environ, start_response):
    start_response("200 OK", [("X-A",)])
    return [b"x"]


def fail_status_type(environ, start_response):
    start_response(200, [])
    return [b"x"]


def fail_informational(environ, start_response):
    start_response("100 Continue", [])
    return [b"x"]


def fail_length(environ, start_response):
    start_response("200 OK", [("Content-Length", "5")])
    return [b"x"]


def fail_length_that_is_none(environ, start_response):
    start_response("200 OK", [("Content-Length", "five")])
    yield b"x"
    yield b"y"


def fail_result(environ, start_response):
    start_response("200 OK", [])


def fail_closed_stream(environ, start_response):
    raise StreamClosedError  # of another connection, which the application made


def fail_status(environ, start_response):
    start_response("OK", [])
    return []


def fail_text(environ, start_response):
    start_response("200 OK", [])
    return ["text"]


def fail_header_injection(environ, start_response):
    start_response("200 OK", [("X-A", "1\r\nX-B: 2")])
    return [b""]


@pytest.mark.parametrize(
    "app",
    [
        fail_at_once,
        fail_without_start,
        fail_twice,
        fail_name,
        fail_reason,
        fail_reason_later,
        fail_header_type,
        fail_header_shape,
        fail_status_type,
        fail_informational,
        fail_length,
        fail_length_that_is_none,
        fail_result,
        fail_closed_stream,
        fail_status,
        fail_text,
        fail_header_injection,
    ],
)
def test_errors_are_logged_and_answered(contain, caplog, app):
    served = contain(app)
    status, fields, content = served.get("/path")
    assert status == "HTTP/1.1 500 Internal Server Error"
    assert content == b""
    assert "X-B" not in fields
    assert "Uncaught exception in WSGI application, GET /path" in caplog.text


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "Keep-Alive",
        "TE",
        "Upgrade",
        "transfer-encoding",
        "Trailer",
        "Proxy-Connection",
    ],
)
def test_fields_of_the_connection_are_dropped(contain, caplog, name):
    def app(environ, start_response):
        start_response("200 OK", [(name, "x"), ("X-A", "1"), ("Keep-Alive", "timeout=5")])
        return [b"fine"]

    served = contain(app)
    status, fields, content = served.get("/path")
    assert (status, content, fields["X-A"]) == ("HTTP/1.1 200 OK", b"fine", "1")
    assert fields.get("Connection", "close") == "close"
    assert not {"Keep-Alive", "Te", "Upgrade", "Transfer-Encoding", "Trailer"} & fields.keys()
    [record] = [r for r in caplog.records if r.name == "tornado.general"]
    assert (record.levelname, name in record.getMessage()) == ("WARNING", True)


def test_an_error_after_the_first_piece_closes_the_connection(contain, caplog):
    closed = []

    class Breaking:
        def __iter__(self):
            yield b"first"
            raise KeyError("later")

        def close(self):
            closed.append(True)

    def app(environ, start_response):
        start_response("200 OK", [])
        return Breaking()

    served = contain(app)
    answer = served.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    served.stop()
    assert b"first" in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert closed == [True]
    assert "KeyError" in caplog.text


def test_exc_info_replaces_the_head_before_it_is_sent(contain):
    import sys

    def app(environ, start_response):
        start_response("200 OK", [("X-A", "1")])
        try:
            raise KeyError
        except KeyError:
            start_response("503 Busy", [], sys.exc_info())
        return [b"sorry"]

    status, fields, content = contain(app).get()
    assert (status, content) == ("HTTP/1.1 503 Busy", b"sorry")
    assert "X-A" not in fields


def test_exc_info_is_raised_after_it(contain, caplog):
    import sys

    def app(environ, start_response):
        write = start_response("200 OK", [])
        write(b"x")
        yield b"first"
        try:
            raise KeyError("too late")
        except KeyError:
            start_response("500 Oops", [], sys.exc_info())

    served = contain(app)
    answer = served.ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    served.stop()
    assert b"200 OK" in answer
    assert "too late" in caplog.text


def test_a_client_that_leaves_ends_the_answer(contain, caplog):
    closed = threading.Event()

    class Endless:
        def __iter__(self):
            while True:
                yield b"x" * 65536

        def close(self):
            closed.set()

    def app(environ, start_response):
        start_response("200 OK", [])
        return Endless()

    served = contain(app)
    with served.connect() as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        peer.recv(1000)
    assert closed.wait(10)
    assert "Uncaught" not in caplog.text


def test_content_is_streamed_to_a_thread(serve):
    started = threading.Event()
    with ThreadPoolExecutor(2) as executor:

        def app(environ, start_response):
            first = environ["wsgi.input"].read(5)
            started.set()
            rest = environ["wsgi.input"].read()
            start_response("200 OK", [])
            return [first, b"|", rest]

        served = serve(lambda: WSGIContainer(app, executor))
        with served.connect() as peer:
            peer.sendall(
                b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\nhello"
            )
            assert started.wait(10), "the application runs before its content is complete"
            peer.sendall(b"world")
            answer = b""
            while part := peer.recv(65536):
                answer += part
    assert served.parse(answer)[2] == b"hello|world"


def test_much_content_waits_for_the_application(serve):
    with ThreadPoolExecutor(2) as executor:

        def app(environ, start_response):
            time.sleep(0.05)
            size = 0
            while piece := environ["wsgi.input"].read(100_000):
                size += len(piece)
            start_response("200 OK", [])
            return [str(size).encode()]

        served = serve(lambda: WSGIContainer(app, executor))
        assert served.post("/", b"x" * 3_000_000)[2] == b"3000000"


def test_a_client_that_leaves_in_its_content(serve, caplog):
    failed = threading.Event()
    with ThreadPoolExecutor(2) as executor:

        def app(environ, start_response):
            try:
                environ["wsgi.input"].read()
            except ConnectionResetError:
                failed.set()
                raise

        served = serve(lambda: WSGIContainer(app, executor))
        with served.connect() as peer:
            peer.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
        assert failed.wait(10)


def test_beside_handlers(serve):
    class MainHandler(RequestHandler):
        def get(self):
            self.write("handler")

    def app(environ, start_response):
        start_response("200 OK", [])
        return [b"wsgi ", environ["PATH_INFO"].encode()]

    def make():
        fallback = {"fallback": WSGIContainer(app)}
        return Application([("/", MainHandler), (r".*", FallbackHandler, fallback)])

    served = serve(make)
    assert served.get("/")[2] == b"handler"
    assert served.get("/other")[2] == b"wsgi /other"


def test_access_log(contain, caplog):
    caplog.set_level(logging.INFO, "tornado.access")
    served = contain(echo)
    served.get("/x?y")
    served.stop()
    assert "200 GET /x?y (127.0.0.1)" in caplog.text


def test_strings():
    assert to_wsgi_str(b"caf\xc3\xa9") == "caf\xc3\xa9"
    assert from_wsgi_str("caf\xc3\xa9") == b"caf\xc3\xa9"
    with pytest.raises(UnicodeEncodeError):
        from_wsgi_str("日")


def test_middleware_around_a_wsgi_application(serve):
    async def mark(request, call_next):
        head = await call_next(request)
        head.headers["X-Mark"] = "1"
        return head

    def application():
        return Application([(".*", WSGIContainer(echo))], middleware=[mark])

    status, fields, content = serve(application).get()
    assert status == "HTTP/1.1 200 OK"
    assert fields["X-Mark"] == "1"
    assert content == b"got "
