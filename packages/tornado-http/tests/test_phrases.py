"""Reason phrases of statuses, and what `tornado.httputil` leaves to be imported when it is used."""

import http.client
import subprocess
import sys

import pytest

from tornado import httputil
from tornado._httputil.phrases import reason_phrase


@pytest.mark.parametrize(
    ("status", "phrase"),
    [(200, "OK"), (404, "Not Found"), (299, "Unknown"), ("200", "Unknown"), (None, "Unknown")],
)
def test_phrases(status, phrase):
    assert reason_phrase(status) == phrase


def test_the_public_table_is_that_of_http_client():
    assert httputil.responses is http.client.responses


def test_phrases_that_applications_add(monkeypatch):
    monkeypatch.setitem(http.client.responses, 299, "Mostly OK")
    assert reason_phrase(299) == "Mostly OK"
    monkeypatch.setitem(httputil.responses, 420, "Enhance Your Calm")
    assert reason_phrase(420) == "Enhance Your Calm"


def test_a_table_that_is_assigned(monkeypatch):
    monkeypatch.setattr(httputil, "responses", {200: "Fine"}, raising=False)
    assert reason_phrase(200) == "Fine"
    assert reason_phrase(404) == "Unknown"


def test_slow_modules_are_not_imported():
    program = """
import sys
import tornado.httputil
from tornado._http1.seam import reason_phrase
assert reason_phrase(404) == "Not Found"
print([name for name in ("http.client", "email", "calendar") if name in sys.modules])
from tornado.httputil import responses
assert sys.modules["http.client"].responses is responses
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
