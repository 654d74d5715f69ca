"""The application: its settings, its routes, its log, its server."""

import asyncio
import logging
import warnings

import pytest

from tornado import autoreload, httputil, template, web
from tornado.httpserver import HTTPServer
from tornado.web import Application, HTTPError, RequestHandler, StaticFileHandler, UIModule


class Hello(RequestHandler):
    def get(self, *args):
        self.write("hello " + " ".join(args))


class TestHandlers:
    def test_forms_of_routes(self, fetch):
        app = Application(
            [
                ("/tuple", Hello),
                ["/list", Hello],
                web.url("/spec", Hello),
                ("/dotted", "tornado.web.ErrorHandler", {"status_code": 418}),
                (r"/named/(.*)", Hello, {}, "named"),
                (r"/none", Hello, None, None),
                web.URLSpec(r"/kwargs", web.ErrorHandler, kwargs={"status_code": 410}, name="k"),
            ]
        )
        assert fetch(app, "/tuple").body == b"hello "
        assert fetch(app, "/list").body == b"hello "
        assert fetch(app, "/spec").body == b"hello "
        assert fetch(app, "/dotted").code == 418
        assert fetch(app, "/named/x").body == b"hello x"
        assert fetch(app, "/none").body == b"hello "
        assert fetch(app, "/kwargs").code == 410
        assert app.reverse_url("named", "y") == "/named/y"
        assert app.reverse_url("k") == "/kwargs"

    def test_nothing_matches(self, fetch):
        answer = fetch(Application())
        assert (answer.code, answer.body.count(b"404: Not Found")) == (404, 2)

    def test_a_wrong_name_fails_at_once(self):
        with pytest.raises(ImportError):
            Application([("/", "tornado.web.NoHandler")])

    def test_reverse_url_in_handlers(self, memory):
        class Handler(RequestHandler):
            def get(self):
                self.write(self.reverse_url("h", 1))

        app = Application([web.url("/", Handler), web.url("/h/(.*)", Handler, name="h")])
        assert memory.request(app).body == b"/h/1"

    def test_find_handler_and_delegates(self, memory):
        app = Application([("/(.*)", Hello)])
        request = httputil.HTTPServerRequest(
            method="GET", uri="/x", version="HTTP/1.1", connection=memory.connection_class()
        )
        delegate = app.find_handler(request)
        assert isinstance(delegate, httputil.HTTPMessageDelegate)
        assert delegate.handler_class is Hello
        assert list(delegate.path_args) == [b"x"]
        delegate = app.get_handler_delegate(request, Hello, path_args=[b"y"])
        delegate.execute()
        assert request.connection.body == b"hello y"

    def test_called_with_a_request(self, memory):
        """An application is a request callback, too."""
        connection = memory.connection_class()
        request = httputil.HTTPServerRequest(
            method="GET", uri="/x", version="HTTP/1.1", connection=connection
        )
        Application([("/(.*)", Hello)])(request)
        assert connection.body == b"hello x"


class TestOverrides:
    """What is taken over by a subclass or on an object is called."""

    def test_find_handler(self, fetch):
        class Own(Application):
            def find_handler(self, request, **kwargs):
                return self.get_handler_delegate(request, Hello, path_args=[b"own"])

        assert fetch(Own()).body == b"hello own"

    def test_get_handler_delegate(self, fetch):
        class Own(Application):
            def get_handler_delegate(self, request, target_class, *args, **kwargs):
                return super().get_handler_delegate(
                    request, Hello, path_args=[target_class.__name__.encode()]
                )

        assert fetch(Own([("/", Hello)])).body == b"hello Hello"
        assert fetch(Own()).body == b"hello ErrorHandler"

    def test_start_request(self, fetch):
        started = []

        class Own(Application):
            def start_request(self, server_conn, request_conn):
                started.append(request_conn)
                return super().start_request(server_conn, request_conn)

        assert fetch(Own([("/", Hello)])).body == b"hello "
        assert len(started) == 1

    def test_on_an_object(self, fetch):
        app = Application([("/", Hello)])
        other = Application([("/", web.ErrorHandler, {"status_code": 418})])
        app.find_handler = other.find_handler
        assert fetch(app).code == 418

    def test_other_routers(self, fetch):
        app = Application([("/", Hello)])
        app.default_router = Application(
            [("/", web.ErrorHandler, {"status_code": 418})]
        ).default_router
        assert fetch(app).code == 418

    def test_classic_and_fast_ways_agree(self, fetch):
        class Classic(Application):
            def start_request(self, server_conn, request_conn):
                return super().start_request(server_conn, request_conn)

        @web.stream_request_body
        class Stream(RequestHandler):
            def prepare(self):
                self.got = []

            def data_received(self, chunk):
                self.got.append(chunk)

            def post(self):
                self.write(b"".join(self.got))

        class Form(RequestHandler):
            async def post(self):
                await asyncio.sleep(0)
                self.write(self.get_argument("a"))

        routes = [("/s", Stream), ("/f", Form), ("/h/(.*)", Hello)]
        for cls in (Application, Classic):
            assert hasattr(cls(), "dispatch") is (cls is Application)
            assert fetch(cls(routes), "/s", "POST", body="stream").body == b"stream"
            assert fetch(cls(routes), "/f", "POST", body="a=form").body == b"form"
            assert fetch(cls(routes), "/h/x").body == b"hello x"
            assert fetch(cls(routes), "/none").code == 404


class TestLog:
    def run(self, fetch, caplog, code, **settings):
        class Coded(RequestHandler):
            def get(self):
                self.set_status(code)

        with caplog.at_level(logging.INFO, "tornado.access"):
            fetch(Application([("/", Coded)], **settings), "/?q=1")
        return [r for r in caplog.records if r.name == "tornado.access"]

    @pytest.mark.parametrize(
        ("code", "level"),
        [(200, logging.INFO), (302, logging.INFO), (404, logging.WARNING), (500, logging.ERROR)],
    )
    def test_levels(self, fetch, caplog, code, level):
        [record] = self.run(fetch, caplog, code)
        assert record.levelno == level
        assert record.getMessage().startswith(f"{code} GET /?q=1 (127.0.0.1) ")
        assert record.getMessage().endswith("ms")

    def test_silent_where_nobody_listens(self, fetch, caplog):
        with caplog.at_level(logging.WARNING, "tornado.access"):
            fetch([("/", Hello)])
        assert caplog.records == []

    def test_log_function(self, fetch, caplog):
        seen = []
        assert self.run(fetch, caplog, 404, log_function=seen.append) == []
        [handler] = seen
        assert handler.get_status() == 404
        assert handler.request.uri == "/?q=1"

    def test_log_request_override(self, fetch):
        seen = []

        class Own(Application):
            def log_request(self, handler):
                seen.append(handler.get_status())

        fetch(Own([("/", Hello)]))
        assert seen == [200]


class TestSettings:
    """One test for each documented key that has none beside what it is about."""

    def test_any_other_key_is_kept(self):
        app = Application(colour="red")
        assert app.settings == {"colour": "red"}
        app.settings["taste"] = "sweet"
        assert app.settings["taste"] == "sweet"

    def test_debug(self, monkeypatch):
        monkeypatch.setattr(autoreload, "start", lambda *args: started.append(args))
        started = []
        app = Application(debug=True)
        assert app.settings == {
            "debug": True,
            "autoreload": True,
            "compiled_template_cache": False,
            "static_hash_cache": False,
            "serve_traceback": True,
        }
        assert len(started) == 1

    def test_debug_leaves_what_is_given(self, monkeypatch):
        monkeypatch.setattr(autoreload, "start", lambda *args: pytest.fail("not wanted"))
        app = Application(
            debug=True, autoreload=False, serve_traceback=False, compiled_template_cache=True
        )
        assert app.settings["autoreload"] is False
        assert app.settings["serve_traceback"] is False
        assert app.settings["compiled_template_cache"] is True
        assert app.settings["static_hash_cache"] is False

    def test_autoreload(self, monkeypatch):
        started = []
        monkeypatch.setattr(autoreload, "start", lambda *args: started.append(args))
        Application(autoreload=True)
        assert len(started) == 1
        Application()
        assert len(started) == 1

    def test_default_handler_class(self, fetch):
        class NotHere(RequestHandler):
            def initialize(self, status_code):
                self.set_status(status_code)

            def prepare(self):
                self.write("not here")

            def get(self):
                pass

        app = Application(default_handler_class=NotHere, default_handler_args={"status_code": 410})
        answer = fetch(app, "/none")
        assert (answer.code, answer.body) == (410, b"not here")

    def test_default_handler_class_without_arguments(self, fetch):
        class NotHere(RequestHandler):
            def prepare(self):
                raise HTTPError(404, reason="Not here")

        assert fetch(Application(default_handler_class=NotHere), "/none").reason == "Not here"

    def test_ui_modules_and_methods(self):
        class Module(UIModule):
            pass

        def method(handler):
            pass

        app = Application(
            ui_modules={"Module": Module}, ui_methods={"method": method, "_hidden": method}
        )
        assert app.ui_modules["Module"] is Module
        assert set(app.ui_modules) == {"Module", "linkify", "xsrf_form_html", "Template"}
        assert app.ui_methods == {"method": method}

    def test_static_path(self, tmp_path):
        app = Application([("/", Hello)], static_path=str(tmp_path))
        targets = [rule.target for rule in app.wildcard_router.rules]
        assert targets == [StaticFileHandler] * 3 + [Hello]
        assert [rule.target_kwargs for rule in app.wildcard_router.rules[:3]] == [
            {"path": str(tmp_path)}
        ] * 3

    def test_template_loader_goes_before_the_path(self, memory):
        class Handler(RequestHandler):
            def get(self):
                self.render("t")

        app = Application(
            [("/", Handler)],
            template_loader=template.DictLoader({"t": "{{ '<' }}"}),
            template_path="/nowhere",
        )
        assert memory.request(app).body == b"&lt;"


class TestServing:
    def test_listen(self):
        async def main():
            app = Application([("/", Hello)])
            server = app.listen(0, "127.0.0.1", xheaders=True)
            try:
                assert isinstance(server, HTTPServer)
                [sock] = server._sockets.values()
                host, port = sock.getsockname()[:2]
                assert host == "127.0.0.1"
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(b"GET / HTTP/1.0\r\n\r\n")
                answer = await reader.read()
                assert answer.endswith(b"hello ")
                writer.close()
                await writer.wait_closed()
            finally:
                server.stop()
                await server.close_all_connections()

        asyncio.run(main())

    def test_two_servers_on_a_port(self):
        async def main():
            app = Application()
            first = app.listen(0, "127.0.0.1", reuse_port=True)
            [sock] = first._sockets.values()
            second = app.listen(sock.getsockname()[1], "127.0.0.1", reuse_port=True, backlog=5)
            first.stop()
            second.stop()

        asyncio.run(main())

    def test_one_application_on_many_connections(self, served):
        async def check(site):
            answers = await asyncio.gather(*[site.fetch(f"/{n}") for n in range(30)])
            assert [a.body.decode() for a in answers] == [f"hello {n}" for n in range(30)]

        served([("/(.*)", Hello)], check)

    def test_nothing_here_is_deprecated(self, fetch):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fetch(
                Application(
                    [("/", Hello)], default_host="x", transforms=None, wsgi=False, gzip=True
                )
            )


class TestDebugReload:
    def test_both_caches_together(self, memory, tmp_path):
        (tmp_path / "t.html").write_text("one {{ static_url('f') }}")
        (tmp_path / "f").write_text("1")

        class Handler(RequestHandler):
            def get(self):
                self.render("t.html")

        app = Application(
            [("/", Handler)],
            template_path=str(tmp_path),
            static_path=str(tmp_path),
            debug=True,
            autoreload=False,
        )
        first = memory.request(app).body
        (tmp_path / "t.html").write_text("two {{ static_url('f') }}")
        (tmp_path / "f").write_text("22")
        second = memory.request(app).body
        assert first.startswith(b"one /static/f?v=")
        assert second.startswith(b"two /static/f?v=")
        assert first[4:] != second[4:]
