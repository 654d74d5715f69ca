"""A Sec-WebSocket-Extensions field goes in, what it offers comes out (RFC 6455 section 9.1)."""

import re
from typing import NamedTuple

from tornado._http1.seam import TOKEN_TEXT
from tornado._websocket.errors import HandshakeError

__all__ = ["Offer", "parse_extensions", "split_subprotocols"]

_SPACE = r"[ \t]*"
_extension_name = re.compile(rf"{_SPACE}({TOKEN_TEXT}){_SPACE}")
# The value of a quoted parameter has to be a token once it is unquoted.
_extension_parameter = re.compile(
    rf';{_SPACE}({TOKEN_TEXT}){_SPACE}(?:={_SPACE}(?:({TOKEN_TEXT})|"({TOKEN_TEXT})"){_SPACE})?'
)

# An honest field offers a handful of extensions.
_MAX_EXTENSIONS = 32
_MAX_PARAMETERS = 32


class Offer(NamedTuple):
    """One offered, or accepted, extension."""

    name: str
    #: In the order given, with ``None`` for a parameter without a value; a name may come twice.
    parameters: list[tuple[str, str | None]]


def parse_extensions(field: str) -> list[Offer]:
    """Return the extensions in ``field``; raise `HandshakeError` (400) if it is malformed."""
    found: list[Offer] = []
    position, end = 0, len(field)
    while position < end:
        # The list rule of RFC 9110 section 5.6.1 lets a recipient skip empty elements.
        if field[position] in ", \t":
            position += 1
            continue
        name = _extension_name.match(field, position)
        if name is None:
            raise HandshakeError("malformed Sec-WebSocket-Extensions field")
        position = name.end()
        parameters: list[tuple[str, str | None]] = []
        while position < end and field[position] == ";":
            parameter = _extension_parameter.match(field, position)
            if parameter is None or len(parameters) == _MAX_PARAMETERS:
                raise HandshakeError("malformed Sec-WebSocket-Extensions field")
            position = parameter.end()
            parameters.append((parameter[1], parameter[2] or parameter[3]))
        if (position < end and field[position] != ",") or len(found) == _MAX_EXTENSIONS:
            raise HandshakeError("malformed Sec-WebSocket-Extensions field")
        found.append(Offer(name[1], parameters))
    return found


def split_subprotocols(field: str) -> list[str]:
    """Return the members of a Sec-WebSocket-Protocol field.

    They should be tokens (RFC 6455 section 4.1). Programs put other things there, credentials in
    base64 for instance, which every release of Tornado took; only the handler looks at them.
    """
    return [part for part in (element.strip(" \t") for element in field.split(",")) if part]
