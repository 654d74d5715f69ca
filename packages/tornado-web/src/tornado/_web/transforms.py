"""Transforms of responses: chunks go in, and come out compressed or framed, with the headers adapted.

A transform is made for each request, gets the first chunk with the status and the headers, then each
further chunk, and may change all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from tornado import httputil
from tornado._web.codings import (
    Encoder,
    accepted_codings,
    brotli_encoder,
    gzip_encoder,
    zstd_encoder,
)

__all__ = [
    "ChunkedTransferEncoding",
    "ContentCompression",
    "GZipContentEncoding",
    "OutputTransform",
    "transforms_of",
]

#: What makes an encoder of a level, and the level where the application names none.
_ENCODERS: Final[dict[str, tuple[Callable[[int], Encoder], int]]] = {
    "zstd": (zstd_encoder, 3),
    "br": (brotli_encoder, 4),
    "gzip": (gzip_encoder, 6),
}
#: Of zstd, up to what a browser's window can decode (RFC 9659: 8 MiB).
_LEVELS: Final = {"zstd": (1, 19), "br": (0, 11), "gzip": (1, 9)}


class OutputTransform:
    """A change to every response, such as compression; see `.Application.add_transform`.

    :param request: the request that is responded to.
    """

    __module__ = "tornado.web"

    def __init__(self, request: httputil.HTTPServerRequest) -> None:
        pass

    def transform_first_chunk(
        self, status_code: int, headers: httputil.HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, httputil.HTTPHeaders, bytes]:
        """Return the status, the headers and the first chunk as they shall be sent.

        :param finishing: whether this is the last chunk too.

        .. versionchanged:: 2.3
           ``status_code``.
        """
        return status_code, headers, chunk

    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
        """Return a later chunk as it shall be sent.

        :param finishing: whether this is the last chunk.
        """
        return chunk


class GZipContentEncoding(OutputTransform):
    """Compresses responses of textual types for clients that accept gzip.

    The settings ``compress_response`` (since 4.0) and ``gzip`` turn it on.
    """

    __module__ = "tornado.web"

    #: Media types that are compressed, besides all of ``text/*``.
    CONTENT_TYPES = {
        "application/atom+xml",
        "application/javascript",
        "application/json",
        "application/rss+xml",
        "application/vnd.ms-fontobject",
        "application/wasm",
        "application/x-font-ttf",
        "application/x-javascript",
        "application/xhtml+xml",
        "application/xml",
        "font/otf",
        "font/ttf",
        "image/svg+xml",
    }
    #: Compression level of zlib: 1 is fastest, 9 is smallest.
    GZIP_LEVEL = 6
    #: Whole responses of fewer bytes are sent as they are.
    MIN_LENGTH = 1024

    #: The coding, as Content-Encoding names it.
    _coding = "gzip"

    def __init__(self, request: httputil.HTTPServerRequest) -> None:
        self._is_head = request.method == "HEAD"
        accepted = request.headers.get("Accept-Encoding", "")
        self._gzipping = bool(accepted_codings(accepted, (self._coding,)))

    def _compressible_type(self, ctype: str) -> bool:
        return ctype.startswith("text/") or ctype in self.CONTENT_TYPES

    def _new_encoder(self) -> Encoder:
        return gzip_encoder(self.GZIP_LEVEL)

    def _is_compressible(
        self, status_code: int, headers: httputil.HTTPHeaders, length: int | None
    ) -> bool:
        """Return whether the response is compressed for clients that accept it.

        :param length: of its content, if it is all here.
        """
        if status_code in (204, 206) or "Content-Encoding" in headers:
            return False
        if "no-transform" in headers.get("Cache-Control", "").lower():
            return False
        ctype = headers.get("Content-Type", "").split(";")[0].strip().lower()
        if not self._compressible_type(ctype):
            return False
        return length is None or length >= max(self.MIN_LENGTH, 1)

    def transform_first_chunk(
        self, status_code: int, headers: httputil.HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, httputil.HTTPHeaders, bytes]:
        length = len(chunk) if finishing else None
        if finishing and self._is_head and not chunk:
            # The handler wrote no content, and says perhaps how much GET has.
            length = _length_of(headers)
        # A 304 has no type any more; it varies if the response that it stands for does.
        is_compressible = status_code != 304 and self._is_compressible(status_code, headers, length)
        if is_compressible or status_code == 304:
            # It depends on the header whether or not this response is compressed.
            _vary(headers)
        self._gzipping = self._gzipping and is_compressible
        if self._gzipping:
            headers["Content-Encoding"] = self._coding
            self._encoder = self._new_encoder()
            # After HEAD the compressed length is known only if the handler wrote the content all the same.
            chunk_is_whole = bool(chunk) or not self._is_head
            chunk = self.transform_chunk(chunk, finishing)
            etag = headers.get("Etag")
            if etag and not etag.startswith("W/"):
                # The compressed content is equivalent to what the tag names, not equal to it.
                headers["Etag"] = "W/" + etag
            if "Content-Length" in headers:
                if finishing and chunk_is_whole:
                    headers["Content-Length"] = str(len(chunk))
                else:
                    del headers["Content-Length"]
        return status_code, headers, chunk

    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
        if not self._gzipping:
            return chunk
        return self._encoder(chunk, finishing)


class ContentCompression(GZipContentEncoding):
    """Compresses responses of textual types in the coding that suits the client best.

    The setting ``compress_response`` turns it on when it is a list of codings, the preferred one first::

        app = web.Application(handlers, compress_response=["zstd", "br", "gzip"])

    ``gzip`` is always there. ``br`` needs the package ``brotli`` (``tornado-web[brotli]``); ``zstd`` needs
    Python 3.14 or the package ``backports.zstd`` (``tornado-web[zstd]``). The client's weights come before
    the order of the list. The setting ``compression_levels`` is a dict from codings to levels; the defaults
    (gzip 6, br 4, zstd 3) suit responses that are made for each request.

    Each `RequestHandler.flush` sends what was written so far, so that streams can be compressed.

    Compression lets the length of a response tell something about its content. A page that shows both a
    secret and what an attacker chose must not be compressed over TLS (the BREACH attack): give it the
    header ``Cache-Control: no-transform``. The XSRF token is safe, since it is masked for each response.

    .. versionadded:: 6.100
    """

    __module__ = "tornado.web"

    #: The codings, the preferred one first.
    CODINGS: tuple[str, ...] = ("gzip",)
    #: Levels of codings, where they are not the default.
    LEVELS: Mapping[str, int] = {}

    def __init__(self, request: httputil.HTTPServerRequest) -> None:
        self._is_head = request.method == "HEAD"
        accepted = request.headers.get("Accept-Encoding", "")
        usable = accepted_codings(accepted, self.CODINGS)
        self._gzipping = bool(usable)
        self._coding = usable[0] if usable else ""

    def _new_encoder(self) -> Encoder:
        make, level = _ENCODERS[self._coding]
        return make(self.LEVELS.get(self._coding, level))

    @classmethod
    def configured(
        cls, codings: Iterable[str], levels: Mapping[str, int] | None = None
    ) -> type[ContentCompression]:
        """Return a subclass, for `.Application.add_transform`, that uses these codings.

        :param codings: of ``zstd``, ``br`` and ``gzip``, the preferred one first.
        :param levels: from codings to levels.
        :raises ValueError: for an unknown coding, or a level that the coding does not have.
        :raises ImportError: if the package that a coding needs is not installed.
        """
        codings = tuple(codings)
        levels = dict(levels or {})
        for coding in (*codings, *levels):
            if coding not in _ENCODERS:
                known = ", ".join(_ENCODERS)
                raise ValueError(f"no content coding {coding!r}; expected some of {known}")
        for coding in codings:
            make, level = _ENCODERS[coding]
            level = levels.get(coding, level)
            low, high = _LEVELS[coding]
            if not isinstance(level, int) or not low <= level <= high:
                raise ValueError(f"no level {level!r} of {coding}; expected {low} to {high}")
            make(level)  # fails now rather than for the first request

        return type(cls.__name__, (cls,), {"CODINGS": codings, "LEVELS": levels})


class ChunkedTransferEncoding(OutputTransform):
    """Frames the response in HTTP/1.1 chunks itself, as transforms did before 4.0.

    Connections do so by themselves where it is needed. This transform is for applications that
    name it, and for connections that write what they are given.
    """

    __module__ = "tornado.web"

    def __init__(self, request: httputil.HTTPServerRequest) -> None:
        self._chunking = request.supports_http_1_1()

    def transform_first_chunk(
        self, status_code: int, headers: httputil.HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, httputil.HTTPHeaders, bytes]:
        if self._chunking and status_code >= 200 and status_code not in (204, 304):
            if "Content-Length" in headers or "Transfer-Encoding" in headers:
                self._chunking = False
            else:
                headers["Transfer-Encoding"] = "chunked"
                chunk = self.transform_chunk(chunk, finishing)
        else:
            self._chunking = False
        return status_code, headers, chunk

    def transform_chunk(self, block: bytes, finishing: bool) -> bytes:
        if self._chunking:
            if block:
                block = b"%x\r\n%b\r\n" % (len(block), block)
            if finishing:
                block += b"0\r\n\r\n"
        return block


def transforms_of(settings: Mapping[str, Any]) -> list[type[OutputTransform]]:
    """Return the transforms that an application's settings ask for.

    :raises ValueError: as `ContentCompression.configured`.
    :raises ImportError: as `ContentCompression.configured`.
    """
    compress = settings.get("compress_response") or settings.get("gzip")
    if isinstance(compress, (list, tuple)):
        return [ContentCompression.configured(compress, settings.get("compression_levels"))]
    return [GZipContentEncoding] if compress else []


def _length_of(headers: httputil.HTTPHeaders) -> int:
    """Return the Content-Length that a handler set, 0 for none."""
    value = headers.get("Content-Length", "")
    return int(value) if value.isascii() and value.isdigit() else 0


def _vary(headers: httputil.HTTPHeaders) -> None:
    """Say that the response depends on Accept-Encoding."""
    given = headers.get("Vary")
    if not given:
        headers["Vary"] = "Accept-Encoding"
    elif not {"accept-encoding", "*"} & {name.strip().lower() for name in given.split(",")}:
        headers["Vary"] = f"{given}, Accept-Encoding"
