"""The public module: its names, and what other projects rely on."""

import pickle

import pytest

from tornado import websocket
from tornado.web import RequestHandler


def test_all_is_what_is_exported():
    public = {
        name
        for name, value in vars(websocket).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == "tornado.websocket"
    }
    assert set(websocket.__all__) == public | {"_default_max_message_size"}
    assert all(hasattr(websocket, name) for name in websocket.__all__)


def test_errors_are_one_tree():
    for error in (
        websocket.WebSocketClosedError,
        websocket.HandshakeError,
        websocket.ProtocolError,
    ):
        assert issubclass(error, websocket.WebSocketError)


def test_names_that_look_private_and_stay():
    assert websocket._default_max_message_size == 10 * 1024 * 1024
    assert websocket.WebSocketHandler.ws_connection is None
    assert issubclass(websocket.WebSocketHandler, RequestHandler)
    for protocol in (websocket.WebSocketProtocol13, websocket.WebSocketProtocol76):
        instance = protocol(None)
        assert instance.client_terminated is False
        assert instance.stream is None
        instance._abort()
        assert instance.client_terminated is True


def test_close_codes_are_numbers():
    assert websocket.CloseCode.TOO_BIG == 1009
    assert pickle.loads(pickle.dumps(websocket.CloseCode.NORMAL)) is websocket.CloseCode.NORMAL


def test_protocol_is_abstract():
    with pytest.raises(TypeError):
        websocket.WebSocketProtocol(None)
