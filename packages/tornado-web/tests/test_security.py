"""What must never work, over real sockets: the rows that this layer owns and no other file here holds."""

import asyncio
import logging
import time

import pytest

from tornado import web
from tornado.web import Application, RequestHandler


class Echo(RequestHandler):
    def get(self):
        self.write(self.get_argument("a", "none"))

    post = get


def refused_once(caplog):
    """Something was logged once, without a stack trace, and not as an error."""
    records = [r for r in caplog.records if r.name != "tornado.access"]
    assert len(records) == 1, records
    assert logging.INFO <= records[0].levelno <= logging.WARNING
    assert not records[0].exc_info


class Unsafe(RequestHandler):
    """Puts what it is told into each place of the head."""

    def get(self, place):
        value = "x\r\nSet-Cookie: stolen=1\r\n\r\n<script>"
        if place == "header":
            self.set_header("X-Test", value)
        elif place == "added":
            self.add_header("X-Test", value)
        elif place == "name":
            self.set_header("X-Test\r\nSet-Cookie", "stolen=1")
        elif place == "reason":
            self.set_status(200, value)
        elif place == "redirect":
            self.redirect("/" + value)
        elif place == "cookie":
            self.set_cookie("a", value)
        elif place == "cookie-name":
            self.set_cookie(value, "a")
        elif place == "cookie-attribute":
            self.set_cookie("a", "b", Path=value)
        elif place == "cookie-flag":
            self.set_cookie("a", "b", samesite=value)
        elif place == "raw":
            self._headers["X-Test"] = value
        elif place == "raw-reason":
            self._reason = value
        elif place == "raw-status":
            self._status_code = "200 OK\r\nSet-Cookie: stolen=1\r\n"
        if not self._finished:
            self.write("sent")


@pytest.mark.parametrize(
    "place",
    [
        "header", "added", "name", "reason", "redirect", "cookie", "cookie-name", "cookie-attribute",
        "cookie-flag", "raw", "raw-reason", "raw-status",
    ],
)  # fmt: skip
def test_nothing_splits_the_head(served, place, caplog):
    async def check(site):
        raw = await site.send(site.message(f"/{place}"))
        assert raw.startswith(b"HTTP/1.1 500 ")
        assert b"stolen" not in raw
        assert raw.count(b"HTTP/1.1") == 1
        assert (await site.fetch("/plain")).body == b"sent"

    served([("/(.*)", Unsafe)], check)


def test_error_pages_reflect_nothing(fetch):
    class Reflecting(RequestHandler):
        def get(self):
            raise web.HTTPError(400, "%s", self.get_argument("a"), reason=self.get_argument("a"))

    answer = fetch([("/", Reflecting)], "/?a=%3Cscript%3Ealert(1)%3C/script%3E")
    assert answer.code == 400
    assert b"<script>" not in answer.body
    assert b"<script>" not in fetch(Application(), "/%3Cscript%3E<script>").body


def test_forms_with_very_many_fields(served, caplog):
    body = "&".join(f"f{n}=1" for n in range(100_000))

    async def check(site):
        began = time.monotonic()
        answer = await site.fetch("/", "POST", body=body)
        assert answer.code in (400, 413)
        assert time.monotonic() - began < 2
        assert (await site.fetch("/?a=on")).body == b"on"

    served([("/", Echo)], check)
    refused_once(caplog)


def test_queries_with_very_many_fields(served, caplog):
    query = "&".join("a" for _ in range(20_000))

    async def check(site):
        answer = await site.fetch("/?" + query)
        assert answer.code in (400, 414)
        assert (await site.fetch("/?a=on")).body == b"on"

    served([("/", Echo)], check, max_header_size=200_000)


@pytest.mark.parametrize("kind", ["no-boundary", "no-end", "no-name", "garbage"])
def test_multipart_that_is_none(served, caplog, kind):
    boundary = "" if kind == "no-boundary" else "; boundary=B"
    body = {
        "no-boundary": "x",
        "no-end": '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nx',
        "no-name": "--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n",
        "garbage": "\x00\x01\x02",
    }[kind]

    async def check(site):
        headers = {"Content-Type": "multipart/form-data" + boundary}
        answer = await site.fetch("/", "POST", headers, body)
        assert answer.code == 400
        assert (await site.fetch("/?a=on")).body == b"on"

    served([("/", Echo)], check)
    refused_once(caplog)


def test_a_token_smuggled_in_another_cookie(fetch):
    """A quoted value that holds another cookie does not set that one."""
    app = Application([("/", Echo)], xsrf_cookies=True)
    token = "2|00000000|" + "00" * 16 + "|1700000000"
    for cookie in (f'a="; _xsrf={token}"', f'a="\\"; _xsrf={token}; b="', f'a="x;_xsrf={token};"'):
        answer = fetch(app, "/", "POST", {"Cookie": cookie, "X-XSRFToken": "00" * 16}, "")
        parsed = fetch([("/", _Cookie)], "/", headers={"Cookie": cookie}).text
        # As browsers see it: a semicolon ends a cookie, quoted or not; no other reading is invented.
        assert (answer.code == 200) == (parsed == token)


class _Cookie(RequestHandler):
    def get(self):
        self.write(self.get_cookie("_xsrf", ""))


def test_unquoting_cookies_takes_linear_time(fetch):
    began = time.monotonic()
    cookie = 'a="' + "\\134" * 12_000 + '"'
    assert fetch([("/", _Cookie)], headers={"Cookie": cookie}).code == 200
    assert time.monotonic() - began < 2


def test_a_forged_user_is_nobody(fetch):
    class Who(RequestHandler):
        def get(self):
            self.write(str(self.get_secure_cookie("user", min_version=2)))

    secret = "a long random string"
    app = Application([("/", Who)], cookie_secret=secret)
    good = web.create_signed_value(secret, "user", "ann").decode()
    assert fetch(app, headers={"Cookie": f"user={good}"}).body == b"b'ann'"
    later = int(time.time()) + 86400 * 40
    for forged in (
        web.create_signed_value(secret, "other", "ann"),
        web.create_signed_value("guess", "user", "ann"),
        web.create_signed_value(secret, "user", "ann", version=1),
        web.create_signed_value(secret, "user", "ann", clock=lambda: later),
        web.create_signed_value(secret, "user", "ann", clock=lambda: 1_000_000_000),
        good.replace("|1:0|", "|1:1|").encode(),
        b"ann",
    ):
        assert fetch(app, headers={"Cookie": f"user={forged.decode()}"}).body == b"None"


def test_methods_of_a_handler_are_no_http_methods(fetch):
    for method in ("finish", "FINISH", "render", "__init__", "_execute", "get", "UNIMPLEMENTED"):
        assert fetch([("/", Echo)], "/", method).code in (400, 405)


def test_a_slow_handler_holds_nobody_up(served):
    class Slow(RequestHandler):
        async def get(self):
            await asyncio.wait_for(release.wait(), 10)

    release = asyncio.Event()

    async def check(site):
        slow = [asyncio.create_task(site.fetch("/slow")) for _ in range(50)]
        await asyncio.sleep(0.02)
        assert (await site.fetch("/?a=on")).body == b"on"
        release.set()
        assert {answer.code for answer in await asyncio.gather(*slow)} == {200}

    served([("/slow", Slow), ("/", Echo)], check)
