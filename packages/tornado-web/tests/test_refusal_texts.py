"""What is logged of refused requests: level, logger and the fragments that people grep for."""

import logging
import os

import pytest

from tornado.web import (
    Application,
    HTTPError,
    RedirectHandler,
    RequestHandler,
    addslash,
    removeslash,
)


class Site(RequestHandler):
    def post(self):
        self.write("done")


PROTECTED = Application([("/", Site)], cross_origin_protection=True)


def logged(caplog):
    """The one record beside the access log, as a warning of ``tornado.general``."""
    [record] = [
        r for r in caplog.records if r.name != "tornado.access" and r.levelno >= logging.INFO
    ]
    assert (record.name, record.levelname) == ("tornado.general", "WARNING")
    assert record.getMessage().isprintable()
    return record.getMessage()


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (
            {"Sec-Fetch-Site": "cross-site"},
            "Sec-Fetch-Site cross-site & origin None not allowed",
        ),
        (
            {"Sec-Fetch-Site": "same-site", "Origin": "https://a.example"},
            "Sec-Fetch-Site same-site & origin https://a.example not allowed",
        ),
        ({"Origin": "https://evil.com"}, "Origin 'https://evil.com' not allowed"),
        ({"Origin": "null"}, "Origin 'null' not allowed"),
        ({"Sec-Fetch-Site": "x\x85y"}, "Sec-Fetch-Site x\\x85y & origin None not allowed"),
        (
            {"Sec-Fetch-Site": "cross-site", "Origin": "a\x9bb"},
            "Sec-Fetch-Site cross-site & origin a\\x9bb not allowed",
        ),
    ],
)
def test_cross_origin_protection(fetch, caplog, headers, text):
    answer = fetch(PROTECTED, method="POST", body="", headers=headers)
    assert answer.code == 403
    assert text in logged(caplog)


@pytest.mark.parametrize("decorator", [addslash, removeslash])
def test_slashes(fetch, caplog, decorator):
    class Handler(RequestHandler):
        @decorator
        def get(self):
            self.write("done")

    path = "//evil.example" + ("/" if decorator is removeslash else "")
    assert fetch([("/.*", Handler)], path).code == 403
    assert "cannot redirect path" in logged(caplog)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/a/%2Fevil.example", "Redirect URL cannot change the scheme or netloc"),
        ("/a/x%0d%0aSet-Cookie:%20a=b", "Redirect URL contains invalid"),
        ("/a/x%1b%5b31m", "Redirect URL contains invalid"),
    ],
)
def test_redirects(fetch, caplog, path, text):
    app = [("/a/(.*)", RedirectHandler, {"url": "/{0}"})]
    assert fetch(app, path).code == 400
    assert text in logged(caplog)


@pytest.mark.parametrize("query", ["a%0a%1b%5b31m=%ff", "a%7f%c2%85=%ff"])
def test_names_of_arguments(fetch, caplog, query):
    class Handler(RequestHandler):
        def get(self):
            [name] = self.request.query_arguments
            self.get_argument(name)

    assert fetch([("/", Handler)], "/?" + query).code == 400
    assert "Invalid unicode in a\\x" in logged(caplog)


def test_a_missing_argument_that_the_client_named(fetch, caplog):
    class Handler(RequestHandler):
        def get(self):
            self.get_argument(self.get_argument("which"))

    assert fetch([("/", Handler)], "/?which=a%0ab%7fc").code == 400
    assert "Missing argument a" in logged(caplog)


def test_what_an_application_logs_itself_is_its_own_affair(fetch, caplog):
    class Handler(RequestHandler):
        def get(self):
            raise HTTPError(400, "two\nlines")

    fetch([("/", Handler)])
    assert "two\nlines" in caplog.text


def test_a_port_as_text():
    import asyncio

    async def main():
        server = Application().listen("0", "127.0.0.1")
        server.stop()
        with pytest.raises(ValueError, match="abc"):
            Application().listen("abc", "127.0.0.1")

    asyncio.run(main())


def test_a_fifo_is_refused_at_once(fetch, tmp_path, caplog):
    from tornado.web import StaticFileHandler

    os.mkfifo(tmp_path / "fifo")
    assert fetch([("/(.*)", StaticFileHandler, {"path": str(tmp_path)})], "/fifo").code == 403
    assert "fifo is not a file" in logged(caplog)
