"""What statuses, reasons and header values may be, and where a wrong one is refused."""

import enum
import http
import logging

import pytest

from tornado.httputil import ResponseStartLine
from tornado.web import Application, ErrorHandler, HTTPError, RequestHandler


class Kind(str, enum.Enum):
    JSON = "application/json"


def errors(caplog):
    return [r for r in caplog.records if r.levelno >= logging.INFO and r.name != "tornado.access"]


def handler(way, status, reason=None):
    class Handler(RequestHandler):
        def get(self):
            if way == "set_status":
                self.set_status(status, reason)
            elif way == "send_error":
                self.send_error(status, reason=reason)
            else:
                raise HTTPError(status, reason=reason)

    if way == "route":
        return [("/", ErrorHandler, {"status_code": status})]
    return [("/", Handler)]


@pytest.mark.parametrize("way", ["set_status", "send_error", "raise", "route"])
@pytest.mark.parametrize("status", [0, -1, 99, 1000, 10**30, "404", None, 404.0, [404], b"404"])
def test_a_status_that_is_none_is_refused_at_the_call(fetch, caplog, way, status):
    response = fetch(handler(way, status))
    assert response.code == 500
    assert "500: Internal Server Error" in response.text
    [record] = errors(caplog)
    assert record.exc_info[0] is (ValueError if isinstance(status, int) else TypeError)
    assert "status" in str(record.exc_info[1])


@pytest.mark.parametrize("way", ["set_status", "send_error", "raise", "route"])
@pytest.mark.parametrize("status", [http.HTTPStatus.NOT_FOUND, 299, 599, 682, 999])
def test_any_three_digits_are_a_status(fetch, way, status):
    assert fetch(handler(way, status)).code == int(status)


@pytest.mark.parametrize("way", ["set_status", "send_error", "raise"])
@pytest.mark.parametrize("reason", [["a"], {"a": 1}, object(), len])
def test_a_reason_that_means_nothing(fetch, caplog, way, reason):
    response = fetch(handler(way, 404, reason))
    assert (response.code, response.reason) == (500, "Internal Server Error")
    assert "reason" in str(errors(caplog)[-1].exc_info[1])


@pytest.mark.parametrize(
    ("reason", "sent"),
    [("", "Unknown"), (b"Foo", "Foo"), (5, "5"), (Kind.JSON, "application/json")],
)
def test_reasons(fetch, reason, sent):
    assert fetch(handler("set_status", 404, reason)).reason == sent


@pytest.mark.parametrize("method", ["set_header", "add_header"])
def test_a_member_of_an_enum_of_texts_is_its_text(fetch, method):
    class Handler(RequestHandler):
        def get(self):
            getattr(self, method)("X-Kind", Kind.JSON)
            self.set_header("Content-Type", Kind.JSON)

    headers = fetch([("/", Handler)]).headers
    assert (headers["X-Kind"], headers["Content-Type"]) == ("application/json", "application/json")


@pytest.mark.parametrize("status", [100, 103, 199])
def test_an_informational_status_that_is_flushed(served, caplog, status):
    class Handler(RequestHandler):
        def get(self):
            self.set_status(status)
            self.flush()

    raw = served([("/", Handler)], lambda site: site.send(site.message("/")))
    assert raw.startswith(b"HTTP/1.1 %d " % status)
    assert raw.endswith(b"\r\n\r\n")
    assert errors(caplog) == []


@pytest.mark.parametrize("way", ["raise", "send_error", "route"])
@pytest.mark.parametrize("option", ["close", "keep-alive"])
def test_an_error_of_101_leaves_nothing_open(served, caplog, way, option):
    # `send` waits until the connection closes.
    app = Application(handler(way, 101))
    raw = served(app, lambda site: site.send(site.message("/", headers={"Connection": option})))
    assert raw.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert raw.count(b"Connection: close\r\n") == 1
    assert errors(caplog) == []


def test_early_hints_in_front_of_an_error(fetch, caplog):
    class Handler(RequestHandler):
        def get(self):
            hints = ResponseStartLine("HTTP/1.1", 103, "Early Hints")
            self.request.connection.write_headers(hints, self._headers)
            raise HTTPError(404)

    response = fetch([("/", Handler)])
    assert response.code == 103
    assert b"HTTP/1.1 404 Not Found\r\n" in response.body
    assert errors(caplog) == []


@pytest.mark.parametrize("flushed", [False, True])
@pytest.mark.parametrize(("value", "sent"), [(Kind.JSON, "application/json"), (b"\xe9", "\xe9")])
def test_values_that_were_put_among_the_headers_directly(fetch, flushed, value, sent):
    class Handler(RequestHandler):
        def get(self):
            self._headers["X-Kind"] = value
            if flushed:
                self.flush()

    assert fetch([("/", Handler)]).headers["X-Kind"] == sent


@pytest.mark.parametrize("value", [None, ["a"], object(), len])
def test_values_without_meaning_among_the_headers(fetch, caplog, value):
    class Handler(RequestHandler):
        def get(self):
            self._headers["X-Kind"] = value

    assert fetch([("/", Handler)]).code == 500
    assert "X-Kind is " in str(errors(caplog)[0].exc_info[1])
