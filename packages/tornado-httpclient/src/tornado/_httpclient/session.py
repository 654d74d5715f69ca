"""A client together with what its requests have in common: `Session`, and `BlockingSession`."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urljoin

from tornado._httpclient.cookies import CookieJar
from tornado._httpclient.outgoing import as_text
from tornado._httpclient.redirects import SECRET_FIELDS
from tornado._httpclient.request import HTTPRequest
from tornado._httpclient.retries import Retries
from tornado._httpclient.schemes import Auth, BasicAuth
from tornado._httpclient.streaming import Fetcher, ResponseStream
from tornado._httpclient.urls import parse_url
from tornado.httputil import HTTPHeaders

if TYPE_CHECKING:
    from tornado._httpclient.response import HTTPResponse

_T = TypeVar("_T")

#: Called with each request before it is sent; may change it, and may be a coroutine function.
RequestHook = Callable[[HTTPRequest], Awaitable[None] | None]
#: Called with each response before it is returned; may raise, and may be a coroutine function.
ResponseHook = Callable[["HTTPResponse"], Awaitable[None] | None]


class Session:
    """What `.AsyncHTTPClient.session` returns: a client with a base URL, cookies and so on.

    ::

        async with client.session("https://api.example.com/v1", auth=BearerAuth(token)) as api:
            user = (await api.get("/users/5")).json()
            await api.patch("/users/5", json={"name": "Ada"})

    Everything that `.HTTPRequest` takes may be given to its methods, and as ``defaults`` for all
    of them. A session belongs to the code that made it; the client may serve others at the same time.

    :param client: fetches.
    :param base_url: put in front of URLs without a scheme. Default headers with credentials, and
        ``auth``, are then sent to its origin alone.
    :param headers: header fields of each request that does not set them itself.
    :param params: names and values for the query of each URL.
    :param cookies: whether to keep cookies, or the jar to keep them in (default true).
    :param auth: authenticates requests; a pair is a user name and a password for `.BasicAuth`.
    :param retries: when to send a request again; a number stands for `.Retries` of so many (default
        never).
    :param on_request: called with each request before each attempt.
    :param on_response: called with each response that is about to be returned.
    :param defaults: parameters of `.HTTPRequest`, for requests made from URLs.
    """

    def __init__(
        self,
        client: Fetcher,
        base_url: str | None = None,
        *,
        headers: Mapping[str, Any] | None = None,
        params: Any = None,
        cookies: CookieJar | bool = True,
        auth: Auth | tuple[str, str] | None = None,
        retries: Retries | int | None = None,
        on_request: Iterable[RequestHook] = (),
        on_response: Iterable[ResponseHook] = (),
        **defaults: Any,
    ) -> None:
        self.client = client
        self.base_url = base_url
        self._origin = None if base_url is None else parse_url(base_url).origin
        self.headers = as_text(HTTPHeaders(headers or {}))
        self.params = params
        #: the cookies; ``None`` if none are kept
        self.cookies: CookieJar | None
        if isinstance(cookies, CookieJar):
            self.cookies = cookies
        else:
            self.cookies = CookieJar() if cookies else None
        self.auth = BasicAuth(*auth) if isinstance(auth, tuple) else auth
        self.retries = Retries(retries) if isinstance(retries, int) else retries
        self.on_request = list(on_request)
        self.on_response = list(on_response)
        self.defaults = defaults

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Leave the client open: it may serve others."""

    async def fetch(
        self, request: str | HTTPRequest, raise_error: bool = True, **kwargs: Any
    ) -> HTTPResponse:
        """Fetch ``request`` and return the response.

        :param request: a URL, which may be relative to ``base_url``, or a request.
        :param raise_error: if false, a response whose status is no success is returned like others.
        :param kwargs: parameters of `.HTTPRequest`, where ``request`` is a URL.
        :raises HTTPClientError: as `.AsyncHTTPClient.fetch` does, once no retry is left.
        """
        prepared = self._prepare(request, kwargs)
        auth = self.auth if self._is_ours(prepared) else None
        retries = self.retries
        if retries is not None:
            retries.begin()
        attempt = 0
        may_renew = auth is not None
        while True:
            # Each attempt has a request of its own: hooks and authentication change it.
            current = prepared._as_sent(prepared.headers.copy())
            if auth is not None:
                await auth.authorize(current)
            for before in self.on_request:
                await _finished(before(current))
            outcome: HTTPResponse | Exception
            try:
                outcome = response = await self.client.fetch(current, raise_error=False)
            except Exception as error:
                delay = None if retries is None else retries.delay(prepared, attempt, error)
                if delay is None:
                    raise
            else:
                if response.code == 401 and may_renew and auth is not None:
                    may_renew = False
                    if await auth.refused(response):
                        continue
                delay = None if retries is None else retries.delay(prepared, attempt, outcome)
                if delay is None:
                    break
            attempt += 1
            await asyncio.sleep(delay)
        for after in self.on_response:
            await _finished(after(response))
        if raise_error:
            response.rethrow()
        return response

    def stream(self, request: str | HTTPRequest, **kwargs: Any) -> ResponseStream:
        """Fetch ``request`` and read its content piece by piece, as `.AsyncHTTPClient.stream` does.

        There are no retries, and hooks are not called; a token is sent, but not renewed.
        """
        return _SessionStream(self, self._prepare(request, kwargs))

    async def download(
        self,
        url: str,
        path: str | os.PathLike[str],
        progress: Callable[[int, int | None], object] | None = None,
        **kwargs: Any,
    ) -> HTTPResponse:
        """Download ``url`` into the file ``path`` and return the response, without content.

        The content never lies in memory. If the connection breaks, the download goes on where it
        was, provided that the server's ETag says that the content is still the same; otherwise it
        begins again. The file appears under its name when it is complete.

        :param progress: called with the bytes that are there, and with those of the whole (``None`` if
            the server does not say).
        :param kwargs: parameters of `.HTTPRequest`. There is no ``request_timeout`` unless one is given.
        :raises HTTPClientError: if the status is no success, or no retry is left. How often to try is
            what the session's ``retries`` say (default 5 times without progress).
        :raises OSError: if the file cannot be written.
        """
        # Deferred: few programs need it.
        from tornado._httpclient.download import Download

        # Ranges are of the encoded content, which is therefore not asked for.
        kwargs = {"request_timeout": 0, "decompress_response": False, **kwargs}

        def make_request() -> HTTPRequest:
            return self._prepare(url, kwargs)

        def open_stream(request: HTTPRequest) -> ResponseStream:
            return _SessionStream(self, request)

        retries = Retries(5) if self.retries is None else self.retries
        retries.begin()
        return await Download(open_stream, make_request, path, retries, progress).run()

    async def get(self, url: str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``url`` with GET; the arguments are those of `fetch`."""
        return await self.fetch(url, method="GET", **kwargs)

    async def head(self, url: str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``url`` with HEAD; the arguments are those of `fetch`."""
        return await self.fetch(url, method="HEAD", **kwargs)

    async def options(self, url: str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``url`` with OPTIONS; the arguments are those of `fetch`."""
        return await self.fetch(url, method="OPTIONS", **kwargs)

    async def delete(self, url: str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``url`` with DELETE; the arguments are those of `fetch`."""
        return await self.fetch(url, method="DELETE", **kwargs)

    async def post(self, url: str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``url`` with POST; the arguments are those of `fetch`."""
        return await self.fetch(url, method="POST", **_with_content(kwargs))

    async def put(self, url: str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``url`` with PUT; the arguments are those of `fetch`."""
        return await self.fetch(url, method="PUT", **_with_content(kwargs))

    async def patch(self, url: str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``url`` with PATCH; the arguments are those of `fetch`."""
        return await self.fetch(url, method="PATCH", **_with_content(kwargs))

    def _prepare(self, request: str | HTTPRequest, kwargs: dict[str, Any]) -> HTTPRequest:
        """Return a request with everything of the session but its authentication."""
        if isinstance(request, HTTPRequest):
            if kwargs:
                raise ValueError("kwargs can't be used if request is an HTTPRequest object")
            prepared = request._as_sent(request.headers.copy())
        else:
            url = self.url_of(request)
            prepared = HTTPRequest(url, **{**self.defaults, **kwargs})
            prepared._headers = prepared._headers.copy()
        if self.params is not None:
            # Deferred, as in HTTPRequest.
            from tornado._httpclient.forms import with_params

            prepared.url = with_params(prepared.url, self.params)
        is_ours = self._is_ours(prepared)
        own = prepared._headers
        for name in self.headers:
            if name not in own and (is_ours or name not in SECRET_FIELDS):
                for value in self.headers.get_list(name):
                    own.add(name, value)
        prepared._cookies = self.cookies
        return prepared

    def _is_ours(self, request: HTTPRequest) -> bool:
        """Return whether the credentials of the session are meant for the request's origin."""
        if self._origin is None:
            return True
        return parse_url(request.url, request.allow_unix_sockets).origin == self._origin

    def url_of(self, url: str) -> str:
        """Return the whole URL for one that may be relative to ``base_url``."""
        scheme, separator, _ = url.partition("://")
        if self.base_url is None or (separator and scheme.replace("+", "").isalnum()):
            return url
        base, _, _ = self.base_url.partition("?")
        if url.startswith("?") or not url:
            return base + url
        # What looks like the name of a host or a scheme is a path here.
        return urljoin(base.rstrip("/") + "/", "./" + url.lstrip("/"))


class _SessionStream(ResponseStream):
    """A stream whose request is authenticated when it is entered."""

    def __init__(self, session: Session, request: HTTPRequest) -> None:
        super().__init__(session.client, request)
        self._session = session

    async def __aenter__(self) -> ResponseStream:
        session = self._session
        if session.auth is not None and session._is_ours(self._request):
            await session.auth.authorize(self._request)
        return await super().__aenter__()


class Runner(Protocol):
    """A blocking client, as far as its sessions need it."""

    _async_client: Fetcher

    def _run(self, function: Callable[[], Awaitable[_T]]) -> _T:
        """Run ``function`` on the client's loop until its result is there."""


class BlockingSession:
    """What `.HTTPClient.session` returns: a `Session` whose methods block until the response is there."""

    def __init__(self, client: Runner, *args: Any, **kwargs: Any) -> None:
        self.client = client
        self._session = Session(client._async_client, *args, **kwargs)

    @property
    def cookies(self) -> CookieJar | None:
        """The cookies; ``None`` if none are kept."""
        return self._session.cookies

    def __enter__(self) -> BlockingSession:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Leave the client open: it may serve others."""

    def fetch(
        self, request: str | HTTPRequest, raise_error: bool = True, **kwargs: Any
    ) -> HTTPResponse:
        """Fetch ``request`` and return the response; see `Session.fetch`."""
        return self.client._run(lambda: self._session.fetch(request, raise_error, **kwargs))

    def get(self, url: str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``url`` with GET; the arguments are those of `fetch`."""
        return self.fetch(url, method="GET", **kwargs)

    def head(self, url: str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``url`` with HEAD; the arguments are those of `fetch`."""
        return self.fetch(url, method="HEAD", **kwargs)

    def options(self, url: str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``url`` with OPTIONS; the arguments are those of `fetch`."""
        return self.fetch(url, method="OPTIONS", **kwargs)

    def delete(self, url: str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``url`` with DELETE; the arguments are those of `fetch`."""
        return self.fetch(url, method="DELETE", **kwargs)

    def post(self, url: str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``url`` with POST; the arguments are those of `fetch`."""
        return self.fetch(url, method="POST", **_with_content(kwargs))

    def put(self, url: str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``url`` with PUT; the arguments are those of `fetch`."""
        return self.fetch(url, method="PUT", **_with_content(kwargs))

    def patch(self, url: str, **kwargs: Any) -> HTTPResponse:
        """Fetch ``url`` with PATCH; the arguments are those of `fetch`."""
        return self.fetch(url, method="PATCH", **_with_content(kwargs))


def _with_content(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return ``kwargs`` with empty content where there is none: these methods must have some."""
    names = ("body", "body_producer", "json", "data", "files")
    if all(kwargs.get(name) is None for name in names):
        return {**kwargs, "body": b""}
    return kwargs


async def _finished(result: Awaitable[None] | None) -> None:
    if inspect.isawaitable(result):
        await result


for _exported in (Session, BlockingSession):
    _exported.__module__ = "tornado.httpclient"
