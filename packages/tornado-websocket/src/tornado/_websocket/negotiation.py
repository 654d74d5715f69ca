"""Negotiating permessage-deflate (RFC 7692 section 7.1)."""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tornado._websocket.coding import Extension, ExtensionCodec
from tornado._websocket.deflate import MAX_WINDOW_BITS, Deflater, Inflater
from tornado._websocket.errors import HandshakeError
from tornado._websocket.extensions import Offer

__all__ = [
    "DeflateCodec",
    "DeflateOptions",
    "DeflateParameters",
    "PermessageDeflate",
    "accept_offer",
    "build_offer",
    "check_accepted",
]

NAME = "permessage-deflate"

#: The reserved bit of a compressed message.
_RSV1 = 0x40

_is_window_bits = re.compile(r"8|9|1[0-5]").fullmatch


@dataclass(frozen=True, slots=True)
class DeflateParameters:
    """What both sides agreed on."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    #: Base-two logarithms of the LZ77 windows in bytes.
    server_max_window_bits: int = MAX_WINDOW_BITS
    client_max_window_bits: int = MAX_WINDOW_BITS

    def codecs(self, server: bool, options: "DeflateOptions") -> tuple[Deflater, Inflater]:
        """Return the pair that one side works with."""
        ours = (self.server_max_window_bits, not self.server_no_context_takeover)
        theirs = (self.client_max_window_bits, not self.client_no_context_takeover)
        if not server:
            ours, theirs = theirs, ours
        return Deflater(*ours, options.level, options.mem_level), Inflater(*theirs)


@dataclass(frozen=True, slots=True)
class DeflateOptions:
    """What this side wants of compression, read from an application's ``compression_options``."""

    level: int = zlib.Z_DEFAULT_COMPRESSION
    mem_level: int = zlib.DEF_MEM_LEVEL
    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int | None = None
    client_max_window_bits: int | None = None

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> "DeflateOptions":
        """Return the options in a mapping; keys that mean nothing here are passed over.

        :raises ValueError: for a level, a memory level or a window that does not exist.
        """
        level = options.get("compression_level")
        mem_level = options.get("mem_level")
        read = cls(
            zlib.Z_DEFAULT_COMPRESSION if level is None else level,
            zlib.DEF_MEM_LEVEL if mem_level is None else mem_level,
            bool(options.get("server_no_context_takeover")),
            bool(options.get("client_no_context_takeover")),
            options.get("server_max_window_bits"),
            options.get("client_max_window_bits"),
        )
        if not -1 <= read.level <= 9:
            raise ValueError(f"compression_level is {read.level}, expected -1 to 9")
        if not 1 <= read.mem_level <= 9:
            raise ValueError(f"mem_level is {read.mem_level}, expected 1 to 9")
        for bits in (read.server_max_window_bits, read.client_max_window_bits):
            if bits is not None and not 8 <= bits <= MAX_WINDOW_BITS:
                raise ValueError(f"max_window_bits is {bits}, expected 8 to {MAX_WINDOW_BITS}")
        return read


@dataclass(slots=True)
class _Given:
    """The parameters of one offer or response; window bits of 0 stand for a name without a value."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int | None = None
    client_max_window_bits: int | None = None


def _read_parameters(extension: Offer, response: bool) -> _Given | None:
    """Return the parameters; ``None`` if a name is unknown or repeated or a value not allowed."""
    given = _Given()
    seen: set[str] = set()
    for name, value in extension.parameters:
        if name in seen:
            return None
        seen.add(name)
        if name in ("server_no_context_takeover", "client_no_context_takeover"):
            if value is not None:
                return None
            setattr(given, name, True)
        elif name in ("server_max_window_bits", "client_max_window_bits"):
            if value is None:
                # Only an offer may leave the client's window open.
                if response or name == "server_max_window_bits":
                    return None
                bits = 0
            elif _is_window_bits(value):
                bits = int(value)
            else:
                return None
            setattr(given, name, bits)
        else:
            return None
    return given


def accept_offer(
    offers: list[Offer], options: DeflateOptions
) -> tuple[str, DeflateParameters] | None:
    """Return a server's response to the first acceptable offer, and what it settles.

    ``None``: nothing acceptable was offered, and the connection goes uncompressed.
    """
    for offer in offers:
        if offer.name != NAME:
            continue
        given = _read_parameters(offer, response=False)
        if given is None:
            continue
        response = [NAME]
        server_no = given.server_no_context_takeover or options.server_no_context_takeover
        client_no = given.client_no_context_takeover or options.client_no_context_takeover
        if server_no:
            response.append("server_no_context_takeover")
        if client_no:
            response.append("client_no_context_takeover")
        server_bits = min(
            given.server_max_window_bits or MAX_WINDOW_BITS,
            options.server_max_window_bits or MAX_WINDOW_BITS,
        )
        if given.server_max_window_bits is not None or server_bits < MAX_WINDOW_BITS:
            response.append(f"server_max_window_bits={server_bits}")
        client_bits = MAX_WINDOW_BITS
        if given.client_max_window_bits is not None:
            client_bits = min(
                given.client_max_window_bits or MAX_WINDOW_BITS,
                options.client_max_window_bits or MAX_WINDOW_BITS,
            )
            if client_bits < MAX_WINDOW_BITS or given.client_max_window_bits:
                response.append(f"client_max_window_bits={client_bits}")
        parameters = DeflateParameters(server_no, client_no, server_bits, client_bits)
        return "; ".join(response), parameters
    return None


def build_offer(options: DeflateOptions) -> str:
    """Return a client's offer."""
    offer = [NAME]
    if options.server_no_context_takeover:
        offer.append("server_no_context_takeover")
    if options.client_no_context_takeover:
        offer.append("client_no_context_takeover")
    if options.server_max_window_bits is not None:
        offer.append(f"server_max_window_bits={options.server_max_window_bits}")
    if options.client_max_window_bits is not None:
        offer.append(f"client_max_window_bits={options.client_max_window_bits}")
    else:
        offer.append("client_max_window_bits")
    return "; ".join(offer)


def check_accepted(response: Offer, options: DeflateOptions) -> DeflateParameters:
    """Return what a server's acceptance settles.

    :param options: what was offered.
    :raises HandshakeError: if the server did not accept it in the way it was offered.
    """
    given = _read_parameters(response, response=True)
    if given is None:
        raise HandshakeError("the server's permessage-deflate parameters are invalid")
    if options.server_no_context_takeover and not given.server_no_context_takeover:
        raise HandshakeError("the server accepted an offer without its server_no_context_takeover")
    offered_bits = options.server_max_window_bits
    if offered_bits is not None and (given.server_max_window_bits or 16) > offered_bits:
        raise HandshakeError("the server accepted an offer without its server_max_window_bits")
    client_bits = options.client_max_window_bits or MAX_WINDOW_BITS
    if given.client_max_window_bits is not None:
        client_bits = min(client_bits, given.client_max_window_bits)
    return DeflateParameters(
        given.server_no_context_takeover,
        given.client_no_context_takeover or options.client_no_context_takeover,
        given.server_max_window_bits or MAX_WINDOW_BITS,
        client_bits,
    )


class DeflateCodec(ExtensionCodec):
    """Compresses messages and decompresses those that arrive.

    Where it is the last codec of a connection, which is the usual order, the engine uses its two halves
    piece by piece instead of `decode`.
    """

    def __init__(self, deflater: Deflater, inflater: Inflater) -> None:
        self.deflater = deflater
        self.inflater = inflater

    def encode(self, payload: bytes, is_text: bool) -> tuple[int, bytes]:
        return (_RSV1, self.deflater.deflate(payload)) if payload else (0, payload)

    def decode(self, bits: int, payload: bytes, max_size: int) -> bytes:
        if not bits & _RSV1:
            return payload
        message = self.inflater.inflate(payload, max_size)
        return message + self.inflater.finish(max_size - len(message))


class PermessageDeflate(Extension):
    """Compression of messages (RFC 7692).

    :param options: what this side wants.
    """

    name = NAME
    reserved_bits = _RSV1

    def __init__(self, options: DeflateOptions) -> None:
        self._options = options

    def offer(self) -> str:
        return build_offer(self._options).partition("; ")[2]

    def accept(self, parameters: Any) -> tuple[str, ExtensionCodec] | None:
        accepted = accept_offer([Offer(NAME, list(parameters))], self._options)
        if accepted is None:
            return None
        response, settled = accepted
        codec = DeflateCodec(*settled.codecs(True, self._options))
        return response.partition("; ")[2], codec

    def agree(self, parameters: Any) -> ExtensionCodec:
        settled = check_accepted(Offer(NAME, list(parameters)), self._options)
        return DeflateCodec(*settled.codecs(False, self._options))
