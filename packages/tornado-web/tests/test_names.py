"""Names without a place in the manual which other projects override, patch or read."""

import asyncio
import binascii
import threading
from unittest import mock

import pytest

import tornado.web
from tornado import routing, template, web
from tornado.web import Application, RequestHandler


class Hello(RequestHandler):
    def get(self, *args):
        self.write("hello")


def test_execute_override(fetch):
    """As tracing tools do in a subclass."""
    calls = []

    class Traced(Hello):
        async def _execute(self, transforms, *args, **kwargs):
            calls.append((args, kwargs))
            try:
                await super()._execute(transforms, *args, **kwargs)
            finally:
                calls.append(self.get_status())

    assert fetch([("/(.*)", Traced)], "/x").body == b"hello"
    assert calls == [((b"x",), {}), 200]


def test_execute_patched(served):
    """As tracing tools do for all handlers, by dotted name, while the server runs."""
    calls = []
    original = tornado.web.RequestHandler._execute
    assert asyncio.iscoroutinefunction(original)

    async def traced(self, *args, **kwargs):
        calls.append(type(self).__name__)
        return await original(self, *args, **kwargs)

    async def check(site):
        assert (await site.fetch()).body == b"hello"
        with mock.patch("tornado.web.RequestHandler._execute", traced):
            assert (await site.fetch()).body == b"hello"
            assert (await site.fetch("/none")).code == 404
        assert (await site.fetch()).body == b"hello"

    served([("/", Hello)], check)
    assert calls == ["Hello", "ErrorHandler"]


def test_execute_that_replaces_everything(fetch):
    """As proxies and socket servers do."""

    class Raw(RequestHandler):
        async def _execute(self, transforms, *args, **kwargs):
            self._transforms = transforms
            self.finish("raw")

    assert fetch([("/", Raw)]).body == b"raw"


def test_execute_that_fails(served, caplog):
    class Broken(RequestHandler):
        async def _execute(self, transforms, *args, **kwargs):
            self.finish("sent")
            raise ZeroDivisionError

    async def check(site):
        assert (await site.fetch()).body == b"sent"
        await asyncio.sleep(0)

    served([("/", Broken)], check)
    assert "Uncaught exception in _execute" in caplog.text


def test_handle_request_exception(fetch):
    """As error trackers do."""
    seen = []

    class Tracked(RequestHandler):
        def get(self):
            raise ZeroDivisionError

        def _handle_request_exception(self, e):
            seen.append(type(e))
            super()._handle_request_exception(e)

    assert fetch([("/", Tracked)]).code == 500
    assert seen == [ZeroDivisionError]

    async def check_patched():
        pass

    original = RequestHandler._handle_request_exception

    def patched(self, e):
        seen.append("patched")
        return original(self, e)

    with mock.patch("tornado.web.RequestHandler._handle_request_exception", patched):

        class Plain(RequestHandler):
            async def get(self):
                raise ZeroDivisionError

        assert fetch([("/", Plain)]).code == 500
    assert seen[1:] == ["patched"]


def test_log_exception_patched(fetch):
    with mock.patch("tornado.web.RequestHandler.log_exception") as log:

        class Plain(RequestHandler):
            def get(self):
                raise ZeroDivisionError

        assert fetch([("/", Plain)]).code == 500
    [call] = log.call_args_list
    assert call.args[0] is ZeroDivisionError


@pytest.mark.parametrize("name", ["prepare", "on_finish", "finish", "write", "flush", "set_status"])
def test_public_methods_patched(fetch, name):
    calls = []
    original = getattr(RequestHandler, name)

    def patched(self, *args, **kwargs):
        calls.append(name)
        return original(self, *args, **kwargs)

    class Plain(RequestHandler):
        async def get(self):
            self.set_status(200)
            self.write("x")
            await self.flush()
            self.finish()

    with mock.patch.object(RequestHandler, name, patched):
        assert fetch([("/", Plain)]).code == 200
    assert calls


def test_attributes_of_an_answer(memory):
    class Handler(RequestHandler):
        def get(self):
            assert self._headers["Server"]
            assert self._write_buffer == []
            self.write("a")
            self._write_buffer.append(b"b")
            assert self._write_buffer == [b"a", b"b"]
            assert self._transforms == []
            assert self._auto_finish is True
            assert self._finished is False
            assert self._headers_written is False
            assert self._status_code == 200
            self._status_code = 201
            self._reason = "Made"

        def on_finish(self):
            assert self._finished is True

    answer = memory.request(Application([("/", Handler)]))
    assert (answer.status, answer.reason, answer.body) == (201, "Made", b"ab")


def test_auto_finish(served):
    class Manual(RequestHandler):
        def get(self):
            self._auto_finish = False
            asyncio.get_running_loop().call_soon(self.finish, "later")

    async def check(site):
        assert (await site.fetch()).body == b"later"

    served([("/", Manual)], check)


def test_finished_may_be_set(served):
    """As handlers that hand the connection to somebody else do."""

    class Handed(RequestHandler):
        def prepare(self):
            self._finished = True
            self.request.connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            self.request.connection.finish()

    async def check(site):
        assert (await site.fetch()).body == b"ok"

    served([("/", Handed)], check)


def test_xsrf_names(memory):
    class Handler(RequestHandler):
        def get(self):
            version, token, timestamp = self._get_raw_xsrf_token()
            assert version is None
            assert len(token) == 16
            assert timestamp > 1e9
            assert self._decode_xsrf_token(self.xsrf_token)[1] == token
            self._xsrf_token = b"mine"
            assert self.xsrf_token == b"mine"
            self.write(binascii.b2a_hex(token))

    assert len(memory.request(Application([("/", Handler)])).body) == 32


def test_unimplemented_method(fetch):
    assert RequestHandler.get is RequestHandler._unimplemented_method

    class Later(RequestHandler):
        get = RequestHandler._unimplemented_method

    assert fetch([("/", Later)]).code == 405


def test_current_user_is_absent_until_set(memory):
    class Handler(RequestHandler):
        def get(self):
            assert "_current_user" not in self.__dict__
            assert not hasattr(self, "_current_user")
            self._current_user = "set"
            assert self.current_user == "set"
            del self._current_user
            assert self.current_user is None
            self.write("fine")

    assert memory.request(Application([("/", Handler)])).body == b"fine"


def test_template_loaders(memory, tmp_path):
    (tmp_path / "t.html").write_text("x")

    class Handler(RequestHandler):
        def get(self):
            self.render("t.html")

    memory.request(Application([("/", Handler)], template_path=str(tmp_path)))
    assert isinstance(RequestHandler._template_loaders[str(tmp_path)], template.Loader)
    assert isinstance(RequestHandler._template_loader_lock, type(threading.Lock()))


def test_routers_of_an_application():
    app = Application([("/a", Hello), ("/b", Hello)])
    assert [rule.matcher.regex.pattern for rule in app.wildcard_router.rules] == ["/a$", "/b$"]
    [last] = app.default_router.rules
    assert last.target is app.wildcard_router
    assert isinstance(last.matcher, routing.AnyMatches)
    app.add_handlers("host", [("/c", Hello)])
    first, last = app.default_router.rules
    assert first.target.rules[0].target is Hello


def test_find_groups():
    assert routing.PathMatches("/(.*)/x")._find_groups() == ("/%s/x", 1)


def test_rule_list_is_for_annotations():
    def routes() -> routing._RuleList:
        return [("/", Hello)]

    assert Application(routes()).wildcard_router.rules


def test_signatures():
    assert len(web._create_signature_v1("secret", "a", b"b")) == 40
    assert web._create_signature_v1("s", "ab", "c") == web._create_signature_v1(b"s", b"a", b"bc")
    assert len(web._create_signature_v2("secret", b"x")) == 64


def test_static_names(tmp_path):
    (tmp_path / "f").write_text("x")
    handler = web.StaticFileHandler
    assert isinstance(handler._lock, type(threading.Lock()))
    with handler._lock:
        assert handler._static_hashes == {}
    version = handler.get_version({"static_path": str(tmp_path)}, "f")
    assert handler._static_hashes == {str(tmp_path / "f"): version}


def test_has_stream_request_body():
    assert web._has_stream_request_body(Hello) is False
    assert web._has_stream_request_body(web.stream_request_body(type("S", (Hello,), {}))) is True


def test_remote_ip_before_proxies(served):
    class Address(RequestHandler):
        def get(self):
            self.write(
                f"{self.request.remote_ip} {self.request.connection.context._orig_remote_ip}"
            )

    async def check(site):
        answer = await site.fetch("/", headers={"X-Real-IP": "4.4.4.4"})
        assert answer.body == b"4.4.4.4 127.0.0.1"

    served([("/", Address)], check, xheaders=True)


def test_handlers_made_by_hand(memory):
    """As tests of applications do."""
    request = mock.Mock()
    request.method = "GET"
    handler = Hello(Application(), request)
    handler._transforms = []
    handler.get()
    assert handler._write_buffer == [b"hello"]
