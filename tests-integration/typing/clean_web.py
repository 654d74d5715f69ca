"""Handlers and applications that are clean with Tornado 6.6.1, checked strictly."""

from __future__ import annotations

import datetime
import http.cookies
import socket
from collections.abc import Awaitable, Generator, Iterable
from typing import Any

from tornado import gen, httputil, iostream, template, web
from tornado.concurrent import Future
from tornado.httpserver import HTTPServer
from tornado.locale import Locale
from tornado.routing import (
    AnyMatches,
    HostMatches,
    PathMatches,
    ReversibleRuleRouter,
    Rule,
    URLSpec,
)
from tornado.websocket import WebSocketHandler


class Base(web.RequestHandler):
    SUPPORTED_METHODS = web.RequestHandler.SUPPORTED_METHODS + ("PROPFIND",)

    def initialize(self, store: dict[str, str]) -> None:
        self.store = store

    def get_current_user(self) -> str | None:
        cookie: bytes | None = self.get_signed_cookie("user", max_age_days=7)
        return None if cookie is None else cookie.decode()

    def get_user_locale(self) -> Locale | None:
        return None

    def set_default_headers(self) -> None:
        self.set_header("X-Frame-Options", "DENY")
        self.set_header("X-Count", 1)
        self.set_header("Expires", datetime.datetime.now(datetime.timezone.utc))
        self.add_header("Vary", b"Cookie")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish({"status": status_code, "reason": self._reason})

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        super().log_exception(typ, value, tb)

    def compute_etag(self) -> str | None:
        return None

    def propfind(self, path: str) -> None:
        self.set_status(207, "Multi-Status")


class Arguments(Base):
    async def get(self, number: str) -> None:
        required: str = self.get_argument("a")
        optional: str | None = self.get_argument("b", None)
        given: str = self.get_argument("c", "default")
        query: str = self.get_query_argument("d", default="x", strip=False)
        body: str | None = self.get_body_argument("e", None)
        every: list[str] = self.get_arguments("f")
        theme: str = self.get_cookie("theme", "dark")
        plain: str | None = self.get_cookie("plain")
        group: str = self.path_args[0]
        named: str = self.path_kwargs["number"]
        parts = [
            required,
            optional or "",
            given,
            query,
            body or "",
            *every,
            theme,
            plain or "",
            group,
        ]
        self.write(" ".join(parts) + named + number)

    def post(self) -> None:
        self.set_cookie("theme", "dark", expires_days=30, httponly=True, samesite="Lax")
        self.set_signed_cookie("user", self.get_body_argument("user"), expires_days=None)
        self.clear_cookie("plain", path="/")
        morsel: http.cookies.Morsel[Any] | None = self.cookies.get("theme")
        uploads: list[httputil.HTTPFile] = self.request.files.get("file", [])
        names = [upload.filename for upload in uploads]
        self.write({"names": names, "theme": morsel.value if morsel else None})


class Futures(web.RequestHandler):
    def prepare(self) -> Awaitable[None] | None:
        if self.request.method == "POST":
            return self.finish("no")
        return None

    def get(self) -> None:
        self.finish("done").add_done_callback(lambda future: future.exception())

    async def put(self) -> None:
        await self.flush()
        await self.flush(include_footers=True)
        await gen.multi([self.finish(), gen.sleep(0)])

    def delete(self) -> Awaitable[None]:
        return self.render("page.html", title="x")

    @gen.coroutine
    def patch(self) -> Generator[Any, Any, None]:
        yield gen.sleep(0.1)
        self.redirect(self.reverse_url("main", 1), status=303)


class Overriding(web.RequestHandler):
    def flush(self, include_footers: bool = False) -> Future[None]:
        return super().flush(include_footers)

    def clear_cookie(self, name: str, **kwargs: Any) -> None:
        super().clear_cookie(name, **kwargs)

    def decode_argument(self, value: bytes, name: str | None = None) -> str:
        return value.decode("latin-1")

    def check_xsrf_cookie(self) -> None:
        if self.request.headers.get("X-Api-Key") is None:
            super().check_xsrf_cookie()

    def get_template_namespace(self) -> dict[str, Any]:
        namespace = super().get_template_namespace()
        namespace["form"] = self.xsrf_form_html()
        return namespace

    def create_template_loader(self, template_path: str) -> template.BaseLoader:
        return template.Loader(template_path, whitespace="all")

    def render_string(self, template_name: str, **kwargs: Any) -> bytes:
        return super().render_string(template_name, **kwargs)

    @web.authenticated
    @web.removeslash
    async def get(self) -> None:
        self.write(self.static_url("a.css", include_host=True))


@web.stream_request_body
class Upload(web.RequestHandler):
    received = 0

    def prepare(self) -> None:
        assert self.request.connection is not None
        self.received = 0

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        self.received += len(chunk)
        return None

    def on_connection_close(self) -> None:
        self.received = 0

    async def post(self) -> None:
        self.write(str(self.received))


class Tunnel(web.RequestHandler):
    async def connect(self) -> None:
        stream: iostream.IOStream = self.detach()
        await stream.write(b"hello")
        stream.close()


class Menu(web.UIModule):
    def render(self, items: Iterable[str]) -> str:
        assert self.handler.ui is self.ui
        return self.render_string("menu.html", items=items).decode()

    def javascript_files(self) -> Iterable[str]:
        return ["menu.js"]

    def embedded_css(self) -> str | None:
        return "a { color: red }"

    def html_body(self) -> str:
        return super().html_body() or ""


class Files(web.StaticFileHandler):
    async def get(self, path: str, include_body: bool = True) -> None:
        await super().get(path, include_body)

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        return super().get_absolute_path(root, path.lower())

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        return super().validate_absolute_path(root, absolute_path)

    def set_extra_headers(self, path: str) -> None:
        self.set_header("Cache-Control", "no-store")
        root: str = self.root
        assert root

    @classmethod
    def get_content(
        cls, abspath: str, start: int | None = None, end: int | None = None
    ) -> Generator[bytes, None, None]:
        yield from super().get_content(abspath, start, end)


class Chat(WebSocketHandler):
    waiters: set[Chat] = set()

    def open(self, *args: str, **kwargs: str) -> None:
        self.waiters.add(self)

    async def on_message(self, message: str | bytes) -> None:
        for waiter in self.waiters:
            await waiter.write_message(message, binary=isinstance(message, bytes))
        self.write_message({"ok": True}).add_done_callback(lambda done: done.exception())

    def on_close(self) -> None:
        self.waiters.discard(self)
        code: int | None = self.close_code
        assert code != 1002

    def on_pong(self, data: bytes) -> None:
        pass

    def check_origin(self, origin: str) -> bool:
        return super().check_origin(origin)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return subprotocols[0] if subprotocols else None

    def get_compression_options(self) -> dict[str, Any] | None:
        return {"compression_level": 6}


class Site(web.Application):
    def __init__(self) -> None:
        handlers: list[URLSpec | tuple[str, Any]] = [
            web.url(r"/(\d+)", Arguments, {"store": {}}, name="main"),
            (r"/chat", Chat),
        ]
        super().__init__(handlers, default_host="x", cookie_secret="s", ui_modules={"Menu": Menu})

    def log_request(self, handler: web.RequestHandler) -> None:
        super().log_request(handler)


def routes() -> web.Application:
    application = web.Application(
        [
            (r"/futures", Futures),
            (r"/files/(.*)", Files, {"path": "."}),
            (r"/go", web.RedirectHandler, {"url": "/files/x"}, "go"),
            (HostMatches(r"a\.example"), [(r"/up", Upload)]),
            Rule(PathMatches("/own"), ReversibleRuleRouter([(AnyMatches(), Site())])),
        ]
    )
    application.add_handlers(r"b\.example", [(r"/", Overriding), URLSpec(r"/t", Tunnel)])
    server: HTTPServer = application.listen(0, "127.0.0.1", family=socket.AF_INET, xheaders=True)
    server.stop()
    address: str = application.reverse_url("main", 1)
    assert address
    return application


def failures(code: int) -> None:
    error = web.HTTPError(code, "no %s", "reason", reason="Other")
    message: str | None = error.log_message
    status: int = error.status_code
    raise web.MissingArgumentError(f"{message}{status}") if code else web.Finish("x")
