"""What comes out of the engine.

A message is itself: a `str` is a text message and a `bytes` a binary one. Everything else is one
of the classes below.
"""

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["WORKING", "CloseReceived", "Event", "Failed", "Ping", "Pong", "Working"]


@dataclass(frozen=True, slots=True)
class Ping:
    """The peer asks for a sign of life; the engine has queued the pong."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """The peer responded to a ping, or sent a pong unasked."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class CloseReceived:
    """The peer's close frame; the engine has queued the response if one is due.

    :ivar code: the close code, or ``None`` if the frame was empty.
    """

    code: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The peer broke the protocol; the engine has queued the close frame that says so."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Working:
    """Many frames were read without an event, and more may follow: ask again, now or later."""


#: The one there is.
WORKING = Working()

Event: TypeAlias = str | bytes | Ping | Pong | CloseReceived | Failed | Working
