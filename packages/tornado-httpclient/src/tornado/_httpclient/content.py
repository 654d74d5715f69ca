"""The pieces of a response's content go in; they come out decoded, in a buffer or to a callback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

from tornado._http1.errors import MessageError
from tornado._httpclient.decoding import Decoder, decoder_for
from tornado.httputil import HTTPHeaders

#: Bytes of a redirect's content that are read so that the connection can go on; past them it closes.
MAX_DISCARDED = 65536


class Gathered:
    """Collects the content.

    :arg max_body_size: bytes of decoded content at most.
    """

    def __init__(self, max_body_size: int) -> None:
        self.max_body_size = max_body_size
        self._pieces: list[bytes] = []
        self._decoder: Decoder | None = None
        self._count = 0

    def decode(self, headers: HTTPHeaders) -> None:
        """Decode what comes, if ``headers`` name a coding that is known, and change them so."""
        coding = headers.get("Content-Encoding")
        if coding is not None:
            self._decoder = decoder_for(coding, self)
            if self._decoder is not None:
                headers["X-Consumed-Content-Encoding"] = coding
                del headers["Content-Encoding"]

    def take(self, data: bytes) -> None:
        """Take a piece.

        :raises MessageError: if it cannot be decoded, or is too much.
        """
        if self._decoder is None:
            self._add(data)
            self._pieces.append(data)
        else:
            self._pieces.extend(self._decoder.decode(data))

    def _add(self, data: bytes) -> None:
        """Count what is not decoded; a decoder counts for itself."""
        self._count += len(data)
        if self._count > self.max_body_size:
            raise MessageError(f"content over {self.max_body_size} bytes", 413)

    def end(self) -> BytesIO:
        """Return all content.

        :raises MessageError: if it is cut off.
        """
        if self._decoder is not None:
            self._decoder.finish()
        pieces = self._pieces
        return BytesIO(pieces[0] if len(pieces) == 1 else b"".join(pieces))


class Streamed(Gathered):
    """Gives the content to a callback.

    :arg callback: takes the pieces; may return an awaitable.
    :arg wait: called with that awaitable. No piece is given on until `flow` is called again.
    """

    def __init__(
        self, max_body_size: int, callback: Callable[[bytes], Any], wait: Callable[[Any], None]
    ) -> None:
        super().__init__(max_body_size)
        self._callback = callback
        self._wait = wait
        self._pending: Iterator[bytes] | None = None

    def take(self, data: bytes) -> None:
        """Take a piece, and give it on unless the callback is busy."""
        if self._decoder is None:
            self._add(data)
            self._pending = iter((data,))
        else:
            self._pending = self._decoder.decode(data)
        self.flow()

    def flow(self) -> bool:
        """Give on what is there; tell whether all of it is given on and the callback is ready.

        :raises MessageError: if it cannot be decoded, or is too much.
        """
        if self._pending is not None:
            for piece in self._pending:
                busy = self._callback(piece)
                if busy is not None:
                    self._wait(busy)
                    return False
            self._pending = None
        return True


class Discarded(Gathered):
    """Drops the content of a response that nobody gets to see.

    :raises MessageError: from `take`, past a bound: then the connection is not worth it.
    """

    def __init__(self) -> None:
        super().__init__(MAX_DISCARDED)

    def decode(self, headers: HTTPHeaders) -> None:
        """Leave it as it is."""

    def take(self, data: bytes) -> None:
        """Drop a piece."""
        self._add(data)
