"""A coroutine where a decision is expected: awaited or refused, never counted as true."""

import asyncio

import pytest

from tornado import gen
from tornado.web import Application, RequestHandler, authenticated


async def nobody(self, *args):
    await asyncio.sleep(0)
    return None


async def somebody(self, *args):
    await asyncio.sleep(0)
    return "somebody"


@gen.coroutine
def nobody_of_old(self, *args):
    yield gen.moment


@gen.coroutine
def somebody_of_old(self, *args):
    yield gen.moment
    raise gen.Return("somebody")


def nobody_at_last(self, *args):
    future = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future


def generator(self, *args):
    yield "somebody"


async def async_generator(self, *args):
    yield "somebody"


NOBODY = [nobody, nobody_of_old, nobody_at_last]
NO_RESULT = [*NOBODY, generator, async_generator]


def protected(hook, kind):
    class Protected(RequestHandler):
        get_current_user = hook

        if kind == "plain":

            @authenticated
            def get(self):
                self.write(f"for {self.current_user}")

        else:

            @authenticated
            async def get(self):
                await asyncio.sleep(0)
                self.write(f"for {self.current_user}")

        post = get

    return Application([("/", Protected)], login_url="/login")


@pytest.mark.parametrize("kind", ["plain", "async"])
@pytest.mark.parametrize("hook", NOBODY)
def test_nobody_is_sent_to_log_in(fetch, hook, kind):
    answer = fetch(protected(hook, kind))
    assert (answer.code, answer.headers["Location"]) == (302, "/login?next=%2F")
    assert fetch(protected(hook, kind), method="POST", body="").code == 403


@pytest.mark.parametrize("kind", ["plain", "async"])
@pytest.mark.parametrize("hook", [somebody, somebody_of_old])
def test_a_user_that_was_waited_for(fetch, hook, kind):
    assert fetch(protected(hook, kind)).body == b"for somebody"


@pytest.mark.parametrize("kind", ["plain", "async"])
@pytest.mark.parametrize("hook", [generator, async_generator])
def test_generators_are_nobody(fetch, hook, kind):
    answer = fetch(protected(hook, kind))
    assert answer.code == 500
    assert b"for " not in answer.body


@pytest.mark.parametrize("hook", NO_RESULT)
def test_current_user_in_a_method(fetch, caplog, hook):
    class Handler(RequestHandler):
        get_current_user = hook

        def get(self):
            self.write("secret" if self.current_user else "public")

    answer = fetch([("/", Handler)])
    assert (answer.code, b"secret" in answer.body) == (500, False)
    assert "Handler.get_current_user must be a result" in caplog.text


@pytest.mark.parametrize("hook", NO_RESULT)
def test_current_user_that_was_assigned_without_being_awaited(fetch, hook):
    class Handler(RequestHandler):
        def prepare(self):
            self.current_user = hook(self)

        @authenticated
        def get(self):
            self.write("secret")

    answer = fetch([("/", Handler)])
    assert (answer.code, b"secret" in answer.body) == (500, False)


def test_a_user_property_of_ones_own(fetch):
    class Handler(RequestHandler):
        @property
        def current_user(self):
            return "property"

        @authenticated
        def get(self):
            self.write(self.current_user)

    assert fetch([("/", Handler)]).body == b"property"


@pytest.mark.parametrize("hook", NO_RESULT)
@pytest.mark.parametrize(
    ("name", "settings", "headers"),
    [
        ("check_xsrf_cookie", {"xsrf_cookies": True}, {}),
        (
            "check_trusted_origin",
            {"cross_origin_protection": True},
            {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        ),
    ],
)
def test_checks_of_requests(fetch, caplog, name, settings, headers, hook):
    handler = type(
        "Handler", (RequestHandler,), {name: hook, "post": lambda self: self.write("done")}
    )
    app = Application([("/", handler)], **settings)
    answer = fetch(app, method="POST", body="", headers=headers)
    assert (answer.code, b"done" in answer.body) == (500, False)
    assert f"Handler.{name} must be a result" in caplog.text


@pytest.mark.parametrize("hook", NO_RESULT)
@pytest.mark.parametrize("name", ["initialize", "check_etag_header"])
def test_other_hooks(fetch, caplog, name, hook):
    handler = type(
        "Handler", (RequestHandler,), {name: hook, "get": lambda self: self.write("done")}
    )
    answer = fetch([("/", handler)])
    assert (answer.code, b"done" in answer.body) == (500, False)
    assert f"Handler.{name} must be a result" in caplog.text
