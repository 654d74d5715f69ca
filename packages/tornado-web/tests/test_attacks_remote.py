"""What a client can send to make an application log a traceback, or answer 500."""

import logging

import pytest

from tornado.web import (
    Application,
    RedirectHandler,
    _create_signature_v1,
    decode_signed_value,
)

CONTROLS = ["%00", "%01", "%0A", "%0D%0AX:%20y", "%1F", "%7F"]


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("template", ["/{0}", "https://good.example/{0}", "{0}"])
def test_controls_in_the_path_of_a_redirect(fetch, caplog, template, control):
    caplog.set_level(logging.WARNING)
    answer = fetch([("/r/(.*)", RedirectHandler, {"url": template})], "/r/x" + control + "y")
    assert answer.code == 400
    assert "Location" not in answer.headers
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("control", CONTROLS)
def test_controls_in_the_query_of_a_redirect(fetch, control):
    answer = fetch([("/r", RedirectHandler, {"url": "/to"})], "/r?a=" + control)
    assert answer.code == 301
    assert answer.headers["Location"].startswith("/to?a=%")


def test_a_time_of_thousands_of_digits():
    # Version 1 has no border between content and time, so digits may be moved from one to the other.
    digits = b"1" * 5000
    signature = _create_signature_v1("secret", "name", b"", digits)
    assert decode_signed_value("secret", "name", b"|".join((b"", digits, signature))) is None


@pytest.mark.parametrize(
    "date",
    [
        "Mon, 01 Jan 99999999999 00:00:00 GMT",
        "Mon, 01 Jan 19191919191919191994 08:49:37 GMT",
        "Mon, 01 Jan 2029 99999999999:00:00 GMT",
        "Mon, 99999999999 Jan 2029 00:00:00 GMT",
        "Mon, 32 Jan 2029 25:61:61 GMT",
        "Mon, 01 Jan 0000 00:00:00 GMT",
        "Mon, 01 Jan " + "9" * 5000 + " 00:00:00 GMT",
        "Mon, 01 Jan 2029 00:00:00 +" + "9" * 5000,
        "-",
    ],
)
def test_dates_that_are_none(fetch, tmp_path, caplog, date):
    caplog.set_level(logging.WARNING)
    (tmp_path / "a.txt").write_text("content")
    app = Application(static_path=str(tmp_path))
    answer = fetch(app, "/static/a.txt", headers={"If-Modified-Since": date})
    # A time zone that makes no sense leaves a date.
    assert answer.code == (304 if "+" in date else 200)
    assert [record for record in caplog.records if record.exc_info] == []
