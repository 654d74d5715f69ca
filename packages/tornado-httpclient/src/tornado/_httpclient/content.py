"""The pieces of a response's content go in; they come out decoded, in a buffer or to a callback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO

from tornado._http1.seam import MessageError
from tornado._httpclient.decoding import Decoder, decoder_for
from tornado.httputil import HTTPHeaders

#: Bytes of a redirect's content that are read so that the connection can go on; past them it closes.
MAX_DISCARDED = 65536


#: Pieces smaller than this are copied together: as an object of its own, one of a few bytes would cost
#: many times its size.
_SMALL = 1024


class CallbackError(Exception):
    """The callback that takes the content raised ``error``."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class Gathered:
    """Collects the content.

    :param max_body_size: bytes of decoded content at most.
    """

    def __init__(self, max_body_size: int) -> None:
        self.max_body_size = max_body_size
        self._pieces: list[bytes | bytearray] = []
        self._is_gzip = False
        self._decoder: Decoder | None = None
        self._count = 0

    def decode(self, headers: HTTPHeaders) -> None:
        """Decode what comes, if ``headers`` name a coding that is known, and change them so."""
        coding = headers.get("Content-Encoding")
        if coding is not None:
            self._decoder = decoder_for(coding, self)
            self._is_gzip = "gzip" in coding.lower()
            if self._decoder is not None:
                headers["X-Consumed-Content-Encoding"] = coding
                del headers["Content-Encoding"]

    def take(self, data: bytes) -> None:
        """Take a piece.

        :raises MessageError: if it cannot be decoded, or is too much.
        """
        if self._decoder is None:
            self._add(data)
            self._keep(data)
        else:
            for piece in self._decoder.decode(data):
                self._keep(piece)

    def _keep(self, piece: bytes) -> None:
        pieces = self._pieces
        if len(piece) >= _SMALL or not pieces:
            pieces.append(piece)
            return
        last = pieces[-1]
        if isinstance(last, bytearray):
            last += piece
        else:
            pieces.append(bytearray(piece))

    def record_of(self, error: MessageError) -> str:
        """Return what released versions log of an error of `take` or `end`."""
        if self._decoder is None:
            return "Body too long" if error.status == 413 else error.reason
        if error.status == 413:
            return "decompressed body too large"
        return "invalid gzip data" if self._is_gzip else error.reason

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

    :param give: takes a piece; returns whether the next one may follow. If not, no piece is given on
        until `flow` is called again.
    """

    def __init__(self, max_body_size: int, give: Callable[[bytes], bool]) -> None:
        super().__init__(max_body_size)
        self._give = give
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
                if not self._give(piece):
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
