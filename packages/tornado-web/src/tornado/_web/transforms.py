"""Transforms of responses: chunks go in, and come out compressed or framed, with the headers adapted.

A transform is made for each request, gets the first chunk with the status and the headers, then each
further chunk, and may change all of them.
"""

from __future__ import annotations

import gzip
import os
from io import BytesIO

from tornado import httputil

__all__ = ["ChunkedTransferEncoding", "GZipContentEncoding", "OutputTransform"]


class OutputTransform:
    """A change to every response, such as compression; see `.Application.add_transform`.

    :arg request: the request that is responded to.
    """

    __module__ = "tornado.web"

    def __init__(self, request: httputil.HTTPServerRequest) -> None:
        pass

    def transform_first_chunk(
        self, status_code: int, headers: httputil.HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, httputil.HTTPHeaders, bytes]:
        """Return the status, the headers and the first chunk as they shall be sent.

        :arg bool finishing: whether this is the last chunk too.

        .. versionchanged:: 2.3
           ``status_code``.
        """
        return status_code, headers, chunk

    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
        """Return a later chunk as it shall be sent.

        :arg bool finishing: whether this is the last chunk.
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

    def __init__(self, request: httputil.HTTPServerRequest) -> None:
        self._is_head = request.method == "HEAD"
        self._gzipping = _accepts_gzip(request.headers.get("Accept-Encoding", ""))

    def _compressible_type(self, ctype: str) -> bool:
        return ctype.startswith("text/") or ctype in self.CONTENT_TYPES

    def transform_first_chunk(
        self, status_code: int, headers: httputil.HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, httputil.HTTPHeaders, bytes]:
        # The response depends on the header whether or not this one is compressed.
        if "Vary" in headers:
            headers["Vary"] += ", Accept-Encoding"
        else:
            headers["Vary"] = "Accept-Encoding"
        if self._gzipping:
            ctype = headers.get("Content-Type", "").split(";")[0].strip().lower()
            length = len(chunk)
            if self._is_head and not chunk:
                # The handler wrote no content, and says perhaps how much GET has.
                length = _length_of(headers)
            self._gzipping = (
                self._compressible_type(ctype)
                and (not finishing or length >= max(self.MIN_LENGTH, 1))
                and "Content-Encoding" not in headers
                and status_code not in (204, 206, 304)
            )
        if self._gzipping:
            headers["Content-Encoding"] = "gzip"
            self._value = BytesIO()
            self._file = gzip.GzipFile(
                mode="w", fileobj=self._value, compresslevel=self.GZIP_LEVEL, mtime=0
            )
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
        self._file.write(chunk)
        if finishing:
            self._file.close()
        else:
            self._file.flush()
        compressed = self._value.getvalue()
        self._value.seek(0, os.SEEK_SET)
        self._value.truncate()
        return compressed


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


def _length_of(headers: httputil.HTTPHeaders) -> int:
    """Return the Content-Length that a handler set, 0 for none."""
    value = headers.get("Content-Length", "")
    return int(value) if value.isascii() and value.isdigit() else 0


def _accepts_gzip(accept_encoding: str) -> bool:
    """Return whether an Accept-Encoding header allows gzip (RFC 9110, section 12.5.3)."""
    if "gzip" not in accept_encoding.lower():
        return False
    for coding in accept_encoding.split(","):
        name, _, parameter = coding.partition(";")
        if name.strip().lower() in ("gzip", "x-gzip"):
            _, _, weight = parameter.partition("=")
            try:
                return float(weight) > 0 if weight else True
            except ValueError:
                return False
    return False
