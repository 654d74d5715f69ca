"""Content in a content coding goes in, its plain bytes come out in pieces of bounded size.

gzip and deflate are always known; brotli and zstd where a package that can bound its output is
installed (``brotli`` from 1.2, ``backports.zstd``, or the standard library from Python 3.14).
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from tornado._http1.seam import GzipDecoder, MessageError

_PIECE_SIZE = 65536


class SizeLimit(Protocol):
    """Where a decoder reads how many decoded bytes are allowed."""

    max_body_size: int


class Decoder(Protocol):
    """Decodes one message's content."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield what ``data`` adds.

        :raises MessageError: if it is not of that coding, or decodes to more than the limit.
        """

    def finish(self) -> None:
        """Check that the content is complete.

        :raises MessageError: if it was cut off.
        """


class _Inflater(Protocol):
    """What the decompressors of the standard library for zstd, and an adapter for brotli, offer."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class DeflateDecoder:
    """The coding ``deflate``: zlib data as RFC 9110 asks for, or bare deflate as some servers send."""

    def __init__(self, limit: SizeLimit) -> None:
        self._limit = limit
        self._inflater: zlib._Decompress | None = None
        self._decoded = 0

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield what ``data`` adds."""
        if not data:
            return
        if self._inflater is None:
            # A zlib header's first byte names method 8 and a window of at most 32 KiB.
            is_zlib = data[0] & 0x0F == 8 and data[0] >> 4 <= 7
            self._inflater = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        inflater = self._inflater
        while data:
            if inflater.eof:
                raise MessageError("data behind the end of deflate content")
            try:
                piece = inflater.decompress(data, _PIECE_SIZE)
            except zlib.error as error:
                raise MessageError(f"content is not valid deflate: {error}") from None
            data = inflater.unconsumed_tail or inflater.unused_data
            self._decoded += len(piece)
            _check_size(self._decoded, self._limit)
            if piece:
                yield piece

    def finish(self) -> None:
        """Check that the content is complete; no content at all passes."""
        if self._inflater is not None and not self._inflater.eof:
            raise MessageError("deflate content is cut off")


class FrameDecoder:
    """The codings ``br`` and ``zstd``, over a decompressor with bounded output."""

    def __init__(self, limit: SizeLimit, name: str, make: Callable[[], _Inflater]) -> None:
        self._limit = limit
        self._name = name
        self._make = make
        self._inflater: _Inflater | None = None
        self._decoded = 0

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield what ``data`` adds."""
        if not data:
            return
        inflater = self._inflater
        if inflater is None:
            inflater = self._inflater = self._make()
        while True:
            if inflater.eof:
                data = inflater.unused_data or data
                if not data:
                    return
                if self._name != "zstd":
                    raise MessageError(f"data behind the end of {self._name} content")
                inflater = self._inflater = self._make()
            try:
                piece = inflater.decompress(data, _PIECE_SIZE)
            except Exception as error:
                # Each package has a class of its own for it.
                raise MessageError(f"content is not valid {self._name}: {error}") from None
            data = b""
            self._decoded += len(piece)
            _check_size(self._decoded, self._limit)
            if piece:
                yield piece
            if inflater.eof:
                if not inflater.unused_data:
                    return
            elif inflater.needs_input:
                return

    def finish(self) -> None:
        """Check that the content is complete; no content at all passes."""
        if self._inflater is not None and not self._inflater.eof:
            raise MessageError(f"{self._name} content is cut off")


def _check_size(decoded: int, limit: SizeLimit) -> None:
    if decoded > limit.max_body_size:
        raise MessageError(f"content over {limit.max_body_size} bytes when decoded", 413)


class _BrotliInflater:
    """A brotli decompressor with the interface of the others."""

    unused_data = b""

    def __init__(self, package: Any) -> None:
        self._decompressor = package.Decompressor()
        # What was fed may still hold output: only an empty piece tells that it does not.
        self._is_dry = False

    @property
    def eof(self) -> bool:
        return bool(self._decompressor.is_finished())

    @property
    def needs_input(self) -> bool:
        return self._is_dry

    def decompress(self, data: bytes, max_length: int) -> bytes:
        piece: bytes = self._decompressor.process(data, output_buffer_limit=max_length)
        self._is_dry = not piece
        return piece


def _brotli_maker() -> Callable[[], _Inflater] | None:
    for name in ("brotli", "brotlicffi"):
        try:
            package: Any = importlib.import_module(name)
        except ImportError:
            continue
        # Older versions decompress without a bound.
        if hasattr(package.Decompressor, "can_accept_more_data"):
            return lambda: _BrotliInflater(package)
    return None


def _zstd_maker() -> Callable[[], _Inflater] | None:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            package: Any = importlib.import_module(name)
        except ImportError:
            continue
        return lambda: package.ZstdDecompressor()
    return None


_MAKERS = {
    name: maker
    for name, maker in (("br", _brotli_maker()), ("zstd", _zstd_maker()))
    if maker is not None
}

#: The value of Accept-Encoding.
ACCEPTED_CODINGS = ", ".join(["gzip", "deflate", *_MAKERS])


def decoder_for(coding: str, limit: SizeLimit) -> Decoder | None:
    """Return a decoder for a Content-Encoding; ``None`` if there is none for it.

    :param limit: its ``max_body_size`` is the number of decoded bytes at most.
    """
    coding = coding.strip().lower()
    if coding in ("gzip", "x-gzip"):
        return GzipDecoder(limit, _PIECE_SIZE, allows_padding=True)
    if coding == "deflate":
        return DeflateDecoder(limit)
    if coding in _MAKERS:
        return FrameDecoder(limit, coding, _MAKERS[coding])
    return None
