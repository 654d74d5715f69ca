"""The states of a connection after its opening handshake, and the one table that moves it."""

from enum import Enum, auto

__all__ = ["TRANSITIONS", "Action", "State", "next_state"]


class State(Enum):
    """Where the closing handshake stands."""

    #: Messages travel both ways.
    OPEN = auto()
    #: Our close frame is out, the peer's has not come: nothing more is sent, messages are still
    #: read.
    CLOSE_SENT = auto()
    #: The peer's close frame came and ours is owed: nothing more is read.
    CLOSE_RECEIVED = auto()
    #: Both close frames passed, or the transport ended: nothing travels.
    CLOSED = auto()
    #: The peer broke the protocol: whatever it sends now is thrown away.
    FAILED = auto()


class Action(Enum):
    """What happens to a connection."""

    #: A close frame leaves.
    SEND_CLOSE = auto()
    #: A close frame arrives.
    RECEIVE_CLOSE = auto()
    #: The peer broke the protocol.
    FAIL = auto()
    #: The transport ended.
    END = auto()


TRANSITIONS: dict[tuple[State, Action], State] = {
    (State.OPEN, Action.SEND_CLOSE): State.CLOSE_SENT,
    (State.OPEN, Action.RECEIVE_CLOSE): State.CLOSE_RECEIVED,
    (State.OPEN, Action.FAIL): State.FAILED,
    (State.OPEN, Action.END): State.CLOSED,
    (State.CLOSE_SENT, Action.RECEIVE_CLOSE): State.CLOSED,
    (State.CLOSE_SENT, Action.FAIL): State.FAILED,
    (State.CLOSE_SENT, Action.END): State.CLOSED,
    (State.CLOSE_RECEIVED, Action.SEND_CLOSE): State.CLOSED,
    (State.CLOSE_RECEIVED, Action.END): State.CLOSED,
    (State.CLOSED, Action.END): State.CLOSED,
    (State.FAILED, Action.END): State.FAILED,
}


def next_state(state: State, action: Action) -> State:
    """Return the state that ``action`` leads to; raise `RuntimeError` where it cannot happen."""
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise RuntimeError(f"{action.name} cannot happen in state {state.name}") from None
