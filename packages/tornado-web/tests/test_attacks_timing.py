"""Secrets are compared in constant time: `hmac.compare_digest` is what decides, on whole values."""

import pytest

from tornado._web import signing, xsrf
from tornado.web import Application, RequestHandler, create_signed_value, decode_signed_value

SIGNATURE_BYTES = {1: 40, 2: 64}


class Comparing:
    """Stands for `hmac.compare_digest`: keeps what is compared, and answers as it is told."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.compared = []

    def __call__(self, first, second):
        self.compared.append((first, second))
        return self.answers.pop(0)


@pytest.fixture
def comparing(monkeypatch):
    def use(*answers):
        double = Comparing(*answers)
        assert signing.hmac is xsrf.hmac
        monkeypatch.setattr(signing.hmac, "compare_digest", double)
        return double

    return use


def signed(version):
    return create_signed_value("secret", "name", "value", version)


def forged(version, place):
    """Return a value whose signature differs from the true one in one character."""
    value = bytearray(signed(version))
    at = len(value) - SIGNATURE_BYTES[version] + place if place >= 0 else len(value) + place
    value[at] ^= 1
    return bytes(value)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("place", [0, 1, 20, -1])
def test_signature_of_a_signed_value(comparing, version, place):
    assert decode_signed_value("secret", "name", forged(version, place)) is None
    double = comparing(True, True)
    assert decode_signed_value("secret", "name", forged(version, place)) == b"value"
    got, expected = double.compared[0]
    assert [len(got), len(expected)] == [SIGNATURE_BYTES[version]] * 2
    assert got == forged(version, place)[-SIGNATURE_BYTES[version] :]
    assert expected == signed(version)[-SIGNATURE_BYTES[version] :]


@pytest.mark.parametrize("version", [1, 2])
def test_nothing_else_decides_on_a_signature(comparing, version):
    comparing(False)
    assert decode_signed_value("secret", "name", signed(version)) is None


def test_signature_of_another_length_is_compared_as_a_whole(comparing):
    double = comparing(False, False)
    for value in (signed(2)[:-1], signed(2) + b"0"):
        assert decode_signed_value("secret", "name", value) is None
    assert [len(got) for got, _ in double.compared] == [63, 65]


def test_signature_of_a_key_among_several(comparing):
    secrets = {0: "first", 1: "second"}
    value = create_signed_value(secrets, "name", "value", key_version=1)
    double = comparing(True, True)
    assert decode_signed_value(secrets, "name", value[:-64] + b"0" * 64) == b"value"
    assert double.compared[0] == (b"0" * 64, value[-64:])


class Form(RequestHandler):
    def get(self):
        self.write(self.xsrf_token)

    def post(self):
        self.write("accepted")


@pytest.mark.parametrize("version", [1, 2])
def test_token_against_forged_requests(fetch, comparing, version):
    app = Application([("/", Form)], xsrf_cookies=True, xsrf_cookie_version=version)
    mine = fetch(app).headers["Set-Cookie"].split(";")[0]
    other = fetch(app).text
    headers = {"Cookie": mine, "X-XSRFToken": other}
    assert fetch(app, "/", "POST", headers, "").code == 403
    double = comparing(True)
    assert fetch(app, "/", "POST", headers, "").body == b"accepted"
    # The tokens themselves, with their masks off.
    [(got, expected)] = double.compared
    assert [len(got), len(expected)] == [16, 16]
    assert got != expected


def test_nothing_else_decides_on_a_token(fetch, comparing):
    app = Application([("/", Form)], xsrf_cookies=True)
    answer = fetch(app)
    headers = {"Cookie": answer.headers["Set-Cookie"].split(";")[0], "X-XSRFToken": answer.text}
    comparing(False)
    assert fetch(app, "/", "POST", headers, "").code == 403
