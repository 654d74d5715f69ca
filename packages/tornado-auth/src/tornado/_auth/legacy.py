"""Functions of older releases' `tornado.auth` that programs import; see `tornado._legacy`."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from tornado._auth.errors import AuthError
from tornado._auth.signatures import encode, hmac_sha1
from tornado._core.seam import printable
from tornado.concurrent import Future, future_set_exc_info
from tornado.escape import to_unicode
from tornado.log import gen_log
from tornado.stack_context import ExceptionStackContext
from tornado.util import ArgReplacer

_oauth_escape = encode


def _oauth_signature(
    consumer_token: Mapping[str, Any],
    method: str,
    url: str,
    parameters: Mapping[str, Any] = {},
    token: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the signature of a request by OAuth 1.0.

    OAuth 1.0a differs in the protocol around it, not in the signature.
    """
    token_secret = "" if token is None else token["secret"]
    signature = hmac_sha1(consumer_token["secret"], method, url, parameters, token_secret)
    return signature.encode("ascii")


_oauth10a_signature = _oauth_signature


def _oauth_parse_response(body: bytes) -> dict[str, Any]:
    """Return the token that a provider sent as a form: ``key``, ``secret`` and further fields."""
    fields = parse_qs(to_unicode(body), keep_blank_values=False)
    token: dict[str, Any] = {
        "key": fields.pop("oauth_token")[0],
        "secret": fields.pop("oauth_token_secret")[0],
    }
    token.update((name, values[0]) for name, values in fields.items())
    return token


def _auth_future_to_callback(callback: Callable[[Any], Any], future: asyncio.Future[Any]) -> None:
    """Call ``callback`` with the result of a future that is done; ``None`` if the login failed."""
    try:
        result = future.result()
    except AuthError as error:
        gen_log.warning("%s", printable(str(error)))
        result = None
    callback(result)


def _auth_return_future(f: Callable[..., Any]) -> Callable[..., asyncio.Future[Any]]:
    """Decorate a function whose ``callback`` is a future to set, so that it returns that future.

    Callers may pass a callback, which is called as `_auth_future_to_callback` says.
    """
    replacer = ArgReplacer(f, "callback")

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = Future()
        callback, arguments, keywords = replacer.replace(future, args, kwargs)
        if callback is not None:
            future.add_done_callback(functools.partial(_auth_future_to_callback, callback))

        def fail(*exc_info: Any) -> bool:
            if future.done():
                return False
            future_set_exc_info(future, exc_info)
            return True

        with ExceptionStackContext(fail):
            f(*arguments, **keywords)
        return future

    return wrapper
