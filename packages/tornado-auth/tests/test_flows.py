"""Logins under way, by a handler that is none of tornado.web's."""

import types

import pytest

from tornado._auth import flows
from tornado.auth import AuthResponseError


class Handler:
    settings = {"cookie_secret": "x"}

    def __init__(self, protocol="https", cookies=None):
        self.request = types.SimpleNamespace(protocol=protocol)
        self.cookies = dict(cookies or {})
        self.attributes = {}

    def get_cookie(self, name, default=None):
        return self.cookies.get(name, default)

    def set_cookie(self, name, value, **attributes):
        self.cookies[name] = value
        self.attributes[name] = attributes


def test_cookie_is_for_this_host_alone():
    handler = Handler()
    flow = flows.begin(handler, "p")
    [(name, attributes)] = handler.attributes.items()
    assert name == "__Host-_auth_flows"
    assert attributes == {"max_age": 1800, "httponly": True, "samesite": "Lax", "secure": True}
    assert flows.resume(handler, "p", flow.state, None) == flow
    flows.spend(handler, flow)
    assert handler.cookies[name] == ""
    assert handler.attributes[name]["max_age"] == 0
    assert handler.attributes[name]["secure"] is True


def test_a_flow_passes_once_and_for_its_purpose():
    handler = Handler()
    flow = flows.begin(handler, "p")
    with pytest.raises(AuthResponseError, match="no login"):
        flows.resume(handler, "another", flow.state, None)
    # Until it is spent, a reload of the page finds it again.
    for _ in range(2):
        assert flows.resume(handler, "p", flow.state, None) == flow
    flows.spend(handler, flow)
    with pytest.raises(AuthResponseError, match="no login"):
        flows.resume(handler, "p", flow.state, None)


def test_spending_one_leaves_the_others():
    handler = Handler()
    one, two, own = [
        *(flows.begin(handler, "p") for _ in range(2)),
        flows.begin(handler, "p", "mine"),
    ]
    flows.spend(handler, two)
    flows.spend(handler, None)
    assert flows.resume(handler, "p", one.state, None) == one
    assert flows.resume(handler, "p", "mine", None) == own
    flows.spend(handler, own)
    with pytest.raises(AuthResponseError):
        flows.resume(handler, "p", "mine", None)


def test_states_of_the_application():
    handler = Handler()
    flow = flows.begin(handler, "p", "mine")
    for wrong in (flow.state, "Mine", ""):
        with pytest.raises(AuthResponseError):
            flows.resume(handler, "p", wrong, None)
    assert flows.resume(handler, "p", "mine", None) == flow


def test_number_of_flows_is_bounded():
    handler = Handler()
    made = [flows.begin(handler, "p") for _ in range(flows.MAX_FLOWS + 1)]
    with pytest.raises(AuthResponseError):
        flows.resume(handler, "p", made[0].state, None)
    assert [flows.resume(handler, "p", f.state, None) for f in made[1:]] == made[1:]
    crowded = Handler(cookies={"__Host-_auth_flows": ".".join("x" * 9000)})
    with pytest.raises(AuthResponseError):
        flows.resume(crowded, "p", "s", None)


def test_derived_values_differ():
    handler = Handler()
    one, two = flows.begin(handler, "p"), flows.begin(handler, "p")
    values = [
        getattr(f, n) for f in (one, two) for n in ("state", "verifier", "challenge", "nonce")
    ]
    assert len(set(values)) == 8
    assert all(43 <= len(value) <= 128 for value in values)


def test_challenge_of_the_rfc(monkeypatch):
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    monkeypatch.setattr(flows, "digest", lambda *parts: verifier)
    assert flows.Flow("s", "p").challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
