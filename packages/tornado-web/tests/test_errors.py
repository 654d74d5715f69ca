"""Exceptions that end a request."""

import pytest

from tornado.web import Finish, HTTPError, MissingArgumentError


@pytest.mark.parametrize(
    ("error", "text", "message"),
    [
        (HTTPError(), "HTTP 500: Internal Server Error", None),
        (HTTPError(404), "HTTP 404: Not Found", None),
        (HTTPError(299), "HTTP 299: Unknown", None),
        (HTTPError(404, "no %s", "page"), "HTTP 404: Not Found (no page)", "no page"),
        (HTTPError(404, "100%"), "HTTP 404: Not Found (100%)", "100%"),
        (HTTPError(404, "a %s"), "HTTP 404: Not Found (a %s)", "a %s"),
        (HTTPError(404, "x", reason="Gone fishing"), "HTTP 404: Gone fishing (x)", "x"),
    ],
)
def test_http_error(error, text, message):
    assert str(error) == text
    assert error.get_message() == message


def test_http_error_attributes():
    error = HTTPError(403, "no %s for %s", "entry", "you", reason="Nope")
    assert error.status_code == 403
    assert error.log_message == "no %s for %s"
    assert error.args == ("entry", "you")
    assert error.reason == "Nope"


def test_a_message_that_does_not_fit_hides_nothing():
    error = HTTPError(400, "%d of %d", "x")
    assert "%d of %d" in str(error)
    assert "'x'" in str(error)


def test_missing_argument():
    error = MissingArgumentError("name")
    assert error.arg_name == "name"
    assert error.status_code == 400
    assert str(error) == "HTTP 400: Bad Request (Missing argument name)"
    assert isinstance(error, HTTPError)


def test_finish_is_no_http_error():
    assert not issubclass(Finish, HTTPError)
    assert Finish("x").args == ("x",)
