"""What goes wrong in handlers: error pages, the log, and no second answer."""

import asyncio
import contextlib
import logging
import sys
import traceback

import pytest

from tornado.web import Application, Finish, HTTPError, RequestHandler, asynchronous


def app(action, **settings):
    class Handler(RequestHandler):
        def get(self):
            return action(self)

    return Application([("/", Handler)], **settings)


def raising(error):
    def action(h):
        h.set_header("X-Lost", "1")
        h.write("lost")
        raise error

    return action


@pytest.mark.parametrize(
    ("error", "code", "body"),
    [
        (
            ZeroDivisionError(),
            500,
            b"<html><title>500: Internal Server Error</title><body>500: Internal Server Error</body></html>",
        ),
        (
            HTTPError(404),
            404,
            b"<html><title>404: Not Found</title><body>404: Not Found</body></html>",
        ),
        (
            HTTPError(403, "secret"),
            403,
            b"<html><title>403: Forbidden</title><body>403: Forbidden</body></html>",
        ),
        (
            HTTPError(417, reason="No 'tea' & so on"),
            417,
            b"<html><title>417: No &#x27;tea&#x27; &amp; so on</title>"
            b"<body>417: No &#x27;tea&#x27; &amp; so on</body></html>",
        ),
        (HTTPError(599), 599, b"<html><title>599: Unknown</title><body>599: Unknown</body></html>"),
    ],
)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_error_pages(fetch, error, code, body, kind):
    act = raising(error)
    if kind == "async":
        inner = act

        async def act(h):
            await asyncio.sleep(0)
            inner(h)

    answer = fetch(app(act))
    assert answer.code == code
    assert answer.body == body
    assert "X-Lost" not in answer.headers
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"


def test_reason_on_the_status_line(fetch):
    assert fetch(app(raising(HTTPError(404, reason="Gone fishing")))).reason == "Gone fishing"


@pytest.mark.parametrize("reason", ["a\r\nX: y", "a\nb", "\x00", "<script>", "\u2603"])
def test_an_unsafe_reason_is_left_out(fetch, reason):
    answer = fetch(app(raising(HTTPError(404, reason=reason))))
    assert (answer.code, answer.reason) == (404, "Unknown")
    assert b"404: Unknown" in answer.body
    assert "X" not in answer.headers


def test_send_error(fetch):
    def action(h):
        h.write("lost")
        h.send_error(409, reason="Elsewhere")

    answer = fetch(app(action))
    assert (answer.code, answer.reason) == (409, "Elsewhere")
    assert b"lost" not in answer.body


def test_finish_exception(fetch, caplog):
    def plain(h):
        h.set_status(401)
        h.write("as it stands")
        raise Finish

    answer = fetch(app(plain))
    assert (answer.code, answer.body) == (401, b"as it stands")

    def with_chunk(h):
        h.write("as ")
        raise Finish("it stands")

    assert fetch(app(with_chunk)).body == b"as it stands"

    def late(h):
        h.finish("done")
        raise Finish

    assert fetch(app(late)).body == b"done"
    assert "Uncaught" not in caplog.text


class TestLog:
    def records(self, caplog, name):
        return [r for r in caplog.records if r.name == name]

    def test_uncaught(self, memory, caplog):
        assert memory.request(app(raising(ZeroDivisionError()))).status == 500
        [record] = self.records(caplog, "tornado.application")
        assert record.levelno == logging.ERROR
        assert record.getMessage().startswith(
            "Uncaught exception GET / (127.0.0.1)\nHTTPServerRequest("
        )
        assert record.exc_info[0] is ZeroDivisionError

    def test_http_error_with_a_message(self, memory, caplog):
        memory.request(app(raising(HTTPError(404, "no %s", "page"))))
        [record] = self.records(caplog, "tornado.general")
        assert record.levelno == logging.WARNING
        assert record.getMessage() == "404 GET / (127.0.0.1): no page"
        assert not record.exc_info

    def test_http_error_without_one(self, memory, caplog):
        memory.request(app(raising(HTTPError(404))))
        assert self.records(caplog, "tornado.general") == []

    def test_override(self, memory):
        seen = []

        class Handler(RequestHandler):
            def get(self):
                raise ZeroDivisionError

            def log_exception(self, typ, value, tb):
                seen.append((typ, type(value), traceback.extract_tb(tb)[-1].name))

        assert memory.request(Application([("/", Handler)])).status == 500
        assert seen == [(ZeroDivisionError, ZeroDivisionError, "get")]

    def test_an_override_that_fails(self, memory, caplog):
        class Handler(RequestHandler):
            def get(self):
                raise ZeroDivisionError

            def log_exception(self, typ, value, tb):
                raise KeyError("in the hook")

        assert memory.request(Application([("/", Handler)])).status == 500
        assert "Error in exception logger" in caplog.text


def test_write_error(fetch):
    class Handler(RequestHandler):
        def get(self):
            if self.get_argument("how") == "raise":
                raise ZeroDivisionError("x")
            if self.get_argument("how") == "http":
                raise HTTPError(402)
            self.send_error(403, note="hello")

        def write_error(self, status_code, **kwargs):
            self.set_header("Content-Type", "text/plain")
            if "exc_info" in kwargs:
                self.write(f"{status_code} {kwargs['exc_info'][0].__name__}")
            else:
                self.write(f"{status_code} {kwargs['note']}")

    routes = [("/", Handler)]
    assert fetch(routes, "/?how=raise").body == b"500 ZeroDivisionError"
    assert fetch(routes, "/?how=http").body == b"402 HTTPError"
    answer = fetch(routes, "/?how=send")
    assert answer.body == b"403 hello"
    assert answer.headers["Content-Type"] == "text/plain"


def test_write_error_that_fails(fetch, caplog):
    class Handler(RequestHandler):
        def get(self):
            raise HTTPError(404)

        def write_error(self, status_code, **kwargs):
            raise ZeroDivisionError

    answer = fetch([("/", Handler)])
    assert (answer.code, answer.body) == (404, b"")
    assert "Uncaught exception in write_error" in caplog.text


def test_get_error_html(fetch):
    """The hook of releases up to 2.0."""

    class Handler(RequestHandler):
        def get(self):
            if self.get_argument("how") == "raise":
                raise ZeroDivisionError("x")
            self.send_error(503)

        def get_error_html(self, status_code, **kwargs):
            self.set_header("Content-Type", "text/plain")
            if "exception" in kwargs:
                assert sys.exc_info()[1] is kwargs["exception"]
                assert "ZeroDivisionError" in traceback.format_exc()
                return f"Exception: {type(kwargs['exception']).__name__}"
            return f"Status: {status_code}"

    routes = [("/", Handler)]
    answer = fetch(routes, "/?how=raise")
    assert (answer.code, answer.body) == (500, b"Exception: ZeroDivisionError")
    assert answer.headers["Content-Type"] == "text/plain"
    assert fetch(routes, "/?how=send").body == b"Status: 503"


@pytest.mark.parametrize("setting", ["serve_traceback", "debug"])
def test_traceback(memory, setting):
    settings = {setting: True, "autoreload": False}
    answer = memory.request(app(raising(ZeroDivisionError("of <it>")), **settings))
    assert answer.status == 500
    assert answer.headers["Content-Type"] == "text/plain"
    assert b"ZeroDivisionError: of <it>" in answer.body
    assert b"Traceback" in answer.body


def test_no_traceback_by_default(memory):
    answer = memory.request(app(raising(ZeroDivisionError("secret"))))
    assert b"secret" not in answer.body
    assert b"Traceback" not in answer.body


def test_after_the_headers(fetch, caplog):
    async def action(h):
        h.write("begun")
        await h.flush()
        raise ZeroDivisionError

    answer = fetch(app(action))
    assert (answer.code, answer.body) == (200, b"begun")
    assert "Cannot send error response after headers written" in caplog.text


def test_after_finish(fetch, caplog):
    def action(h):
        h.finish("done")
        raise ZeroDivisionError

    answer = fetch(app(action))
    assert (answer.code, answer.body) == (200, b"done")
    assert "Uncaught exception" in caplog.text


def test_a_header_that_cannot_be_sent(fetch, caplog):
    """The error shows when the head is put together; nothing of it was sent."""

    class Handler(RequestHandler):
        def get(self):
            self.write("x")
            self._headers["X-Bad"] = "a\r\nSet-Cookie: b=c"

    answer = fetch([("/", Handler)])
    assert answer.code == 500
    assert "Set-Cookie" not in answer.headers


def test_an_answer_that_always_fails(fetch, caplog):
    class Handler(RequestHandler):
        def set_default_headers(self):
            self._headers["X-Bad"] = "a\nb"

        def get(self):
            self.write("x")

    answer = fetch([("/", Handler)])
    assert answer.code == 500
    assert "X-Bad" not in answer.headers


def test_an_error_before_there_is_a_handler(fetch, caplog):
    class Handler(RequestHandler):
        def initialize(self):
            raise HTTPError(418)

    assert fetch([("/", Handler)]).code == 418

    class Broken(RequestHandler):
        def initialize(self):
            raise ZeroDivisionError

    assert fetch([("/", Broken)]).code == 500
    assert "Uncaught exception" in caplog.text


def test_405(fetch):
    class Handler(RequestHandler):
        SUPPORTED_METHODS = (*RequestHandler.SUPPORTED_METHODS, "PROPFIND")

        def get(self):
            pass

        def propfind(self):
            self.write("found")

    answer = fetch([("/", Handler)], "/", "POST", body="")
    assert answer.code == 405
    assert answer.headers["Allow"] == "GET, HEAD, PROPFIND"
    assert fetch([("/", Handler)], "/", "PROPFIND").body == b"found"
    assert fetch([("/", Handler)], "/", "BREW").code == 405

    class Unwritten(Handler):
        SUPPORTED_METHODS = (*Handler.SUPPORTED_METHODS, "BREW")

    assert fetch([("/", Unwritten)], "/", "BREW").code == 405
    # Methods of the class that are no HTTP methods are out of reach.
    assert fetch([("/", Handler)], "/", "FINISH").code == 405


def test_callbacks_of_asynchronous_methods(served, caplog):
    """What a callback raises ends the request, as the 2.3 manual shows."""

    class Handler(RequestHandler):
        @asynchronous
        def get(self):
            from tornado.ioloop import IOLoop

            IOLoop.current().add_callback(self.later)

        def later(self):
            raise HTTPError(409, "from a callback")

    async def check(site):
        assert (await site.fetch()).code == 409

    served([("/", Handler)], check)
    assert "from a callback" in caplog.text


def test_asynchronous_methods_that_raise(fetch, caplog):
    """Answered and logged once."""

    class Handler(RequestHandler):
        @asynchronous
        def get(self):
            raise ZeroDivisionError

    assert fetch([("/", Handler)]).code == 500
    assert [r.name for r in caplog.records] == ["tornado.application", "tornado.access"]


def test_async_callback(memory, caplog):
    class Handler(RequestHandler):
        def get(self):
            assert self.async_callback(None) is None
            plain = self.async_callback(lambda *args, **kwargs: (args, kwargs), 1, a=2)
            assert plain(3, b=4) == ((1, 3), {"a": 2, "b": 4})
            self.async_callback(self.fails)()

        def fails(self):
            raise HTTPError(410)

    assert memory.request(Application([("/", Handler)])).status == 410


def test_async_callback_after_the_headers(served, caplog):
    class Handler(RequestHandler):
        async def get(self):
            await self.flush()
            self.async_callback(lambda: 1 / 0)()

    async def check(site):
        assert (await site.fetch()).code == 200

    served([("/", Handler)], check)
    assert "Exception after headers written" in caplog.text


def test_the_server_serves_on(served):
    def action(h):
        raise ZeroDivisionError

    async def check(site):
        message = site.message(headers={"Connection": "keep-alive"})
        answer = await site.send(message + message + site.message())
        assert answer.count(b"HTTP/1.1 500") == 3

    with contextlib.suppress(KeyError):
        served(app(action), check)
