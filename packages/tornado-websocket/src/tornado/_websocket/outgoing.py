"""Messages go in, the bytes of their payloads come out; and the futures that tell when they have left."""

import asyncio
from typing import Any

from tornado._websocket.errors import WebSocketClosedError
from tornado.escape import utf8

__all__ = ["as_payload", "pass_on"]


def as_payload(message: Any, binary: bool) -> bytes:
    """Return the bytes of a message; what is to be text has to be UTF-8.

    :raises TypeError: for something else than text and bytes.
    """
    if isinstance(message, (bytearray, memoryview)):
        message = bytes(message)
    elif not isinstance(message, (str, bytes)):
        raise TypeError(f"a message is {type(message).__name__}, expected str or bytes")
    payload: bytes = utf8(message)
    if not binary and not isinstance(message, str):
        payload.decode()
    return payload


def pass_on(future: "asyncio.Future[None]", flushed: "asyncio.Future[None]") -> None:
    """Settle what a writer waits for by what the transport says."""
    if future.done():
        return
    if flushed.cancelled() or flushed.exception() is not None:
        future.set_exception(WebSocketClosedError("the connection closed before the message left"))
        future.exception()  # not every writer waits: nobody has to retrieve it
    else:
        future.set_result(None)
