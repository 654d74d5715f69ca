"""Reason phrases of status codes, without `http.client`, which is slow to import."""

from __future__ import annotations

import http
import sys
from typing import Any

#: What `http.client.responses` holds while nobody has changed it.
_REGISTERED: dict[int, str] = {status.value: status.phrase for status in http.HTTPStatus}


def reason_phrase(status: Any) -> str:
    """Return the phrase for ``status``, or ``Unknown``.

    Applications give statuses of their own a phrase in `http.client.responses`, of which
    `tornado.httputil.responses` is another name, or they assign the latter. Neither can have happened
    where `http.client` is not loaded and the name was not assigned.
    """
    facade = sys.modules.get("tornado.httputil")
    phrases = None if facade is None else vars(facade).get("responses")
    if phrases is None:
        client = sys.modules.get("http.client")
        # (A module that another thread is importing may have no such name yet.)
        phrases = getattr(client, "responses", _REGISTERED)
    phrase: str = phrases.get(status, "Unknown")
    return phrase
