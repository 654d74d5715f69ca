"""What is read out of the fields of an answer, without a network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._auth import openid_response as answers
from tornado.auth import AuthResponseError

AX = answers.NS_AX
EMAIL = "http://axschema.org/contact/email"


def test_extension_by_any_prefix():
    signed = {"ns.ext1": AX, "ext1.type.a": EMAIL, "ext1.value.a": "x", "ext2.value.a": "y"}
    ax = answers.extension(signed, AX)
    assert ax == {"type.a": EMAIL, "value.a": "x"}
    assert answers.attributes(ax) == {EMAIL: "x"}
    assert answers.extension(signed, answers.NS_OAUTH) == {}


def test_two_prefixes_for_one_namespace():
    with pytest.raises(AuthResponseError, match="2 prefixes"):
        answers.extension({"ns.a": AX, "ns.b": AX}, AX)


def test_two_names_for_one_type():
    with pytest.raises(AuthResponseError, match="two names"):
        answers.attributes({"type.a": EMAIL, "type.b": EMAIL, "value.a": "x"})


def test_counted_values():
    ax = {"type.a": EMAIL, "count.a": "2", "value.a.1": "x", "value.a.2": "y"}
    assert answers.attributes(ax) == {EMAIL: "x"}
    assert answers.attributes({"type.a": EMAIL, "count.a": "0"}) == {}


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        (b"is_valid:true\n", True),
        (b"ns:http://specs.openid.net/auth/2.0\nis_valid:true\n", True),
        (b"is_valid:true", True),
        (b"is_valid:false\n", False),
        (b"", False),
        (b"error:is_valid:true\n", False),
        (b"x_is_valid:true\n", False),
        (b"is_valid:true\nis_valid:false\n", False),
        (b"is_valid:false\nis_valid:true\n", False),
        (b"ns:http://example.com/\nis_valid:true\n", False),
        (b"is_valid:True\n", False),
    ],
)
def test_is_valid(body, valid):
    assert answers.is_valid(body) is valid


@given(st.dictionaries(st.text(), st.lists(st.binary(), min_size=1, max_size=2)))
def test_any_arguments_give_fields_or_an_error(arguments):
    arguments = {f"openid.{name}": values for name, values in arguments.items()}
    try:
        fields = answers.fields_of(arguments)
        answers.signed_fields(fields, "http://op/")
    except AuthResponseError:
        return
    raise AssertionError("nothing of this is signed")


def test_too_many_nonces(monkeypatch):
    monkeypatch.setattr(answers, "MAX_NONCES", 1)
    nonces = answers.Nonces()
    nonces.take("op", "1970-01-01T00:01:00Za", 60)
    with pytest.raises(AuthResponseError, match="too many"):
        nonces.take("op", "1970-01-01T00:01:00Zb", 60)
