"""The contract of a protocol engine that is fed by a stream."""

from typing import Protocol


class ChunkReceiver(Protocol):
    """What a protocol engine offers to be fed by a stream.

    A receiver may also have ``eof_received() -> bool | None``: it is called when the peer has
    ended its sending side; if it returns true, the stream stays open for writing. And
    ``stream_closing() -> None``: the stream is about to close, and takes its last words. And
    ``read_wanted() -> None``: somebody calls a method of the pull face; the receiver may `lend` the
    stream, otherwise the call fails.
    """

    def chunk_received(self, data: bytes, /) -> None:
        """`data`, never empty, arrived. It may pause, detach, send or close from in here."""

    def stream_closed(self, error: BaseException | None, /) -> None:
        """The stream closed: in order (``None``) or because of `error`. Called once, by the loop."""

    def writing_resumed(self) -> None:
        """The backlog was above the high-water mark and has fallen below the low-water mark."""
