"""Authentication of the requests of a `.Session`."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

from tornado._httpclient.request import HTTPRequest
from tornado._httpclient.response import HTTPResponse


class Auth:
    """How requests are authenticated. Subclasses define `authorize`, and `refused` if they can renew."""

    async def authorize(self, request: HTTPRequest) -> None:
        """Add to ``request`` what authenticates it; called before each attempt."""
        raise NotImplementedError

    async def refused(self, response: HTTPResponse) -> bool:
        """Return whether a request that got ``response``, a 401, is worth one more attempt."""
        return False


class BasicAuth(Auth):
    """User name and password in each request (RFC 7617)."""

    _mode = "basic"

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password

    async def authorize(self, request: HTTPRequest) -> None:
        """Add user name and password."""
        request.auth_username, request.auth_password = self._username, self._password
        request.auth_mode = self._mode


class DigestAuth(BasicAuth):
    """User name and password, of which only a digest is sent (RFC 7616)."""

    _mode = "digest"


class BearerAuth(Auth):
    """A token in each request (RFC 6750), which can be renewed.

    :param token: the token; ``None`` if ``refresh`` is to get the first one too.
    :param refresh: called without arguments for a new token when the server refuses one with 401; may be
        a coroutine function. Requests that are refused at the same time share one call.
    """

    def __init__(
        self,
        token: str | None = None,
        refresh: Callable[[], str | Awaitable[str]] | None = None,
    ) -> None:
        if token is None and refresh is None:
            raise ValueError("BearerAuth needs a token, or a function to get one")
        self.token = token
        self._refresh = refresh
        self._renewing: asyncio.Future[None] | None = None

    async def authorize(self, request: HTTPRequest) -> None:
        """Add the token."""
        if self.token is None:
            await self._renew()
        request.headers["Authorization"] = f"Bearer {self.token}"

    async def refused(self, response: HTTPResponse) -> bool:
        """Get a new token, unless another request has got one meanwhile."""
        if self._refresh is None:
            return False
        if response.request.headers.get("Authorization") == f"Bearer {self.token}":
            await self._renew()
        return True

    async def _renew(self) -> None:
        renewing = self._renewing
        if renewing is None or renewing.done() or renewing.get_loop().is_closed():
            renewing = self._renewing = asyncio.ensure_future(self._call_refresh())
        # One request that is cancelled must not take the token from the others.
        await asyncio.shield(renewing)

    async def _call_refresh(self) -> None:
        assert self._refresh is not None
        token = self._refresh()
        self.token = await token if inspect.isawaitable(token) else token


for _exported in (Auth, BasicAuth, DigestAuth, BearerAuth):
    _exported.__module__ = "tornado.httpclient"
