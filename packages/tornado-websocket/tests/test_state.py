"""The table of states."""

import pytest

from tornado._websocket.state import TRANSITIONS, Action, State, next_state


def test_every_state_can_end():
    assert {state for state, action in TRANSITIONS if action is Action.END} == set(State)


def test_nothing_leaves_the_final_states():
    assert {to for (state, _), to in TRANSITIONS.items() if state is State.CLOSED} == {State.CLOSED}
    assert {to for (state, _), to in TRANSITIONS.items() if state is State.FAILED} == {State.FAILED}


def test_a_close_frame_is_sent_once():
    for state in State:
        if state not in (State.OPEN, State.CLOSE_RECEIVED):
            with pytest.raises(RuntimeError, match="SEND_CLOSE cannot happen"):
                next_state(state, Action.SEND_CLOSE)


def test_what_is_not_in_the_table_is_refused():
    for state in State:
        for action in Action:
            if (state, action) in TRANSITIONS:
                assert next_state(state, action) is TRANSITIONS[state, action]
            else:
                with pytest.raises(RuntimeError, match=state.name):
                    next_state(state, action)
