"""Handlers and applications made by hand, as unit tests of applications make them."""

import asyncio
from unittest import mock

import pytest

from tornado.httputil import HTTPServerRequest
from tornado.web import (
    Application,
    ErrorHandler,
    FallbackHandler,
    RedirectHandler,
    RequestHandler,
    StaticFileHandler,
)

ARGUMENTS = {
    RequestHandler: {},
    StaticFileHandler: {"path": "/tmp"},
    RedirectHandler: {"url": "/"},
    ErrorHandler: {"status_code": 404},
    FallbackHandler: {"fallback": print},
}
ATTRIBUTES = (
    "application request path_args path_kwargs _auto_finish _finished _headers _headers_written"
    " _prepared_future _reason _status_code _write_buffer"
).split()


@pytest.mark.parametrize("handler_class", ARGUMENTS)
def test_attributes_after_construction(handler_class):
    handler = handler_class(
        Application(),
        HTTPServerRequest("GET", "/", connection=mock.Mock()),
        **ARGUMENTS[handler_class],
    )
    assert [name for name in ATTRIBUTES if not hasattr(handler, name)] == []
    assert not hasattr(handler, "_current_user")
    assert not hasattr(handler, "_new_cookie")


@pytest.mark.parametrize(
    "request_of",
    [
        lambda: HTTPServerRequest("GET", connection=mock.Mock()),
        lambda: HTTPServerRequest("GET", "/", connection=mock.Mock()),
        mock.Mock,
        mock.MagicMock,
    ],
)
def test_a_mocked_connection(request_of):
    handler = RequestHandler(Application(cookie_secret="x"), request_of())
    handler.set_status(201)
    handler.set_header("X-A", "b")
    handler.set_cookie("a", "b")
    handler.write({"a": 1})
    assert handler.get_status() == 201
    assert handler._headers["X-A"] == "b"
    assert b"".join(handler._write_buffer) == b'{"a": 1}'


@pytest.mark.parametrize("within_a_loop", [False, True])
def test_finishing_over_a_mocked_connection(within_a_loop):
    connection = mock.Mock()
    handler = RequestHandler(Application(), HTTPServerRequest("GET", "/", connection=connection))

    def finish():
        handler.finish("text")

    async def main():
        finish()

    if within_a_loop:
        asyncio.run(main())
    else:
        finish()
    assert handler._finished
    assert connection.respond.call_args.args[0] == 200
    assert connection.respond.call_args.args[3] == b"text"


def test_attributes_of_an_application():
    app = Application([("/", RequestHandler)], default_host="example.org")
    for name in (
        "default_host default_router settings transforms ui_methods ui_modules wildcard_router"
    ).split():
        assert hasattr(app, name)
    assert len(app.wildcard_router.rules) == 1
    assert app.default_router.rules[-1].target is app.wildcard_router
    delegate = app.get_handler_delegate(
        HTTPServerRequest("GET", "/", connection=mock.Mock()), RequestHandler
    )
    for name in (
        "application connection handler_class handler_kwargs path_args path_kwargs request"
        " stream_request_body"
    ).split():
        assert hasattr(delegate, name)
