"""Extensions: what they are made of, and how both sides agree on them (RFC 6455 section 9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tornado._websocket.codes import CloseCode
from tornado._websocket.errors import HandshakeError, ProtocolError
from tornado._websocket.extensions import Offer, parse_extensions

__all__ = [
    "Extension",
    "ExtensionCodec",
    "accept_extensions",
    "check_extensions",
    "decode_message",
    "encode_message",
    "offer_extensions",
]

#: The parameters of an extension in a handshake, in their order; ``None`` for one without a value.
Parameters = Sequence[tuple[str, "str | None"]]

_RESERVED_BITS = 0x70


class ExtensionCodec:
    """What an agreed extension does to the messages of one connection, in both directions.

    Override the two methods. An object belongs to one connection and may keep state.

    .. versionadded:: 6.100
    """

    def encode(self, payload: bytes, is_text: bool) -> tuple[int, bytes]:
        """Return the reserved bits and the payload to send for a message.

        :param payload: the message; text as UTF-8.
        :param is_text: whether it is a text message.
        :returns: bits of `Extension.reserved_bits`, and the new payload.
        """
        raise NotImplementedError

    def decode(self, bits: int, payload: bytes, max_size: int) -> bytes:
        """Return the message in a payload that arrived.

        :param bits: the reserved bits of this extension that are set.
        :param payload: the whole payload.
        :param max_size: bytes that may be returned; more ends the connection with code 1009.
        :raises ValueError: if the payload is invalid, which ends the connection with code 1007.
        """
        raise NotImplementedError


class Extension:
    """An extension of the protocol that is offered or accepted in the handshake.

    A handler lists those it accepts in its attribute ``websocket_extensions``; a client offers those it is
    given as `websocket_connect`'s ``extensions``. permessage-deflate is one, and is configured by the
    compression options.

    .. versionadded:: 6.100
    """

    #: The name in the Sec-WebSocket-Extensions field.
    name: str = ""
    #: The bits of a frame's first byte that belong to it while it is agreed: of 0x40, 0x20 and 0x10.
    reserved_bits: int = 0

    def offer(self) -> str:
        """Return the parameters that a client offers, as in ``"a=1; b"``; by default none."""
        return ""

    def accept(self, parameters: Parameters) -> tuple[str, ExtensionCodec] | None:
        """Decide, as the server, about what a client offers.

        :param parameters: the parameters of one offer.
        :returns: the parameters of the response and a codec for this connection, or ``None`` to decline.
        """
        raise NotImplementedError

    def agree(self, parameters: Parameters) -> ExtensionCodec:
        """Return, as the client, a codec for what the server has accepted.

        :param parameters: those of the response.
        :raises HandshakeError: if they do not fit the offer. A `ValueError` counts as one.
        """
        raise NotImplementedError


def _check(extension: Extension) -> None:
    if not isinstance(extension, Extension) or not extension.name:
        raise TypeError(f"expected an Extension with a name, got {extension!r}")
    if extension.reserved_bits & ~_RESERVED_BITS:
        raise ValueError(
            f"reserved_bits of {extension.name} are {extension.reserved_bits:#x}, expected bits of 0x70"
        )


def offer_extensions(extensions: Iterable[Extension]) -> str:
    """Return a client's Sec-WebSocket-Extensions, in order of preference; "" for none.

    :raises ValueError: if a name is offered twice.
    """
    members: dict[str, str] = {}
    for extension in extensions:
        _check(extension)
        if extension.name in members:
            raise ValueError(f"the extension {extension.name} is offered twice")
        parameters = extension.offer()
        members[extension.name] = (
            f"{extension.name}; {parameters}" if parameters else extension.name
        )
    return ", ".join(members.values())


def accept_extensions(
    offers: Sequence[Offer], extensions: Iterable[Extension]
) -> tuple[str, list[ExtensionCodec]]:
    """Return a server's Sec-WebSocket-Extensions, and the codecs in the order that it says.

    Of several extensions that want the same reserved bit, the first one has it.
    """
    members, codecs, taken = [], [], 0
    for extension in extensions:
        _check(extension)
        if extension.reserved_bits & taken:
            continue
        for offer in offers:
            if offer.name != extension.name:
                continue
            accepted = extension.accept(offer.parameters)
            if accepted is None:
                continue
            parameters, codec = accepted
            members.append(f"{extension.name}; {parameters}" if parameters else extension.name)
            codecs.append(_Named(extension, codec))
            taken |= extension.reserved_bits
            break
    return ", ".join(members), [each.codec if each.is_own else each for each in codecs]


def check_extensions(field: str, extensions: Sequence[Extension]) -> list[ExtensionCodec]:
    """Return the codecs that a server's Sec-WebSocket-Extensions settles, in its order.

    :param extensions: what was offered.
    :raises HandshakeError: if the server accepted what was not offered, twice, or with a reserved bit that
        another one has.
    """
    offered = {extension.name: extension for extension in extensions}
    codecs: list[ExtensionCodec] = []
    taken = 0
    for accepted in parse_extensions(field):
        extension = offered.pop(accepted.name, None)
        if extension is None:
            raise HandshakeError("the server accepted an extension that was not offered")
        if extension.reserved_bits & taken:
            raise HandshakeError("the server accepted extensions with the same reserved bit")
        taken |= extension.reserved_bits
        try:
            codec = extension.agree(accepted.parameters)
        except ValueError as error:
            raise HandshakeError(f"the server's {extension.name}: {error}") from error
        named = _Named(extension, codec)
        codecs.append(named.codec if named.is_own else named)
    return codecs


class _Named(ExtensionCodec):
    """The codec of an application, with the name and the bits of its extension, and its errors mapped."""

    def __init__(self, extension: Extension, codec: ExtensionCodec) -> None:
        self.name = extension.name
        self.bits = extension.reserved_bits
        self.codec = codec
        #: Whether the codec is one of this package, which the engine knows.
        self.is_own = type(codec).__module__.startswith("tornado._websocket")

    def encode(self, payload: bytes, is_text: bool) -> tuple[int, bytes]:
        bits, payload = self.codec.encode(payload, is_text)
        if bits & ~self.bits:
            raise ValueError(f"{self.name} set reserved bits {bits:#x}, it has {self.bits:#x}")
        return bits, payload

    def decode(self, bits: int, payload: bytes, max_size: int) -> bytes:
        try:
            payload = self.codec.decode(bits & self.bits, payload, max_size)
        except ProtocolError:
            raise
        except ValueError as error:
            raise ProtocolError(CloseCode.INVALID_DATA, f"{self.name}: {error}") from error
        except Exception as error:
            raise ProtocolError(CloseCode.INTERNAL_ERROR, f"{self.name} failed") from error
        if len(payload) > max_size:
            raise ProtocolError(CloseCode.TOO_BIG, "message too big after decoding")
        return payload


def encode_message(
    codecs: Iterable[ExtensionCodec], payload: bytes, is_text: bool
) -> tuple[int, bytes]:
    """Return the reserved bits and the payload of a message that passed all codecs, in their order."""
    bits = 0
    for codec in codecs:
        more, payload = codec.encode(payload, is_text)
        bits |= more
    return bits, payload


def decode_message(
    codecs: Sequence[ExtensionCodec], bits: int, payload: bytes, max_size: int
) -> bytes:
    """Return the message in a payload that passes all codecs, in the reverse order.

    :raises ProtocolError: with code 1007, 1009 or 1011.
    """
    for codec in reversed(codecs):
        payload = codec.decode(bits, payload, max_size)
    return payload


for _exported in (Extension, ExtensionCodec):
    _exported.__module__ = "tornado.websocket"
