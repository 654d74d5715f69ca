"""Close codes (RFC 6455 section 7.4): which exist, and which may travel in a close frame."""

from enum import IntEnum

__all__ = ["CloseCode", "check_code", "is_wire_code"]


class CloseCode(IntEnum):
    """The close codes that RFC 6455 and its registry give a meaning."""

    #: The purpose of the connection is fulfilled.
    NORMAL = 1000
    #: A server goes down, or a browser leaves the page.
    GOING_AWAY = 1001
    #: The peer broke the protocol.
    PROTOCOL_ERROR = 1002
    #: The peer sent a kind of data that cannot be accepted.
    UNSUPPORTED_DATA = 1003
    #: Stands for "no code was in the close frame"; never sent.
    NO_STATUS = 1005
    #: Stands for "the connection ended without a close frame"; never sent.
    ABNORMAL = 1006
    #: A message does not fit its type: text that is not UTF-8, data that does not inflate.
    INVALID_DATA = 1007
    #: A message breaks the receiver's policy.
    POLICY_VIOLATION = 1008
    #: A message is larger than the receiver takes.
    TOO_BIG = 1009
    #: A client misses an extension that it needs.
    MANDATORY_EXTENSION = 1010
    #: The sender met an unexpected condition.
    INTERNAL_ERROR = 1011
    #: The server restarts.
    SERVICE_RESTART = 1012
    #: The server is overloaded, or the peer too slow: try again later.
    TRY_AGAIN_LATER = 1013
    #: A gateway got an invalid response from its upstream.
    BAD_GATEWAY = 1014
    #: Stands for "the TLS handshake failed"; never sent.
    TLS_FAILED = 1015


_WIRE_CODES = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)})


def is_wire_code(code: int) -> bool:
    """Return whether ``code`` may travel in a close frame.

    1004 is reserved, 1005, 1006 and 1015 are only ever reported locally, and the ranges from 0 to
    999 and from 1016 to 2999 have no meaning yet: a frame with one of them is a protocol error.
    """
    return code in _WIRE_CODES


def check_code(code: int) -> int:
    """Return ``code`` if it may be sent; raise `ValueError` if it must not."""
    if code not in _WIRE_CODES:
        raise ValueError(
            f"close code {code} must not be sent; expected 1000-1003, 1007-1014 or 3000-4999"
        )
    return int(code)


CloseCode.__module__ = "tornado.websocket"
