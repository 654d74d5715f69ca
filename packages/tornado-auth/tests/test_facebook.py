"""Facebook Connect over HTTP: sessions that are forged, and errors that are told."""

import json

import pytest

from tornado import auth, web


class Handler(web.RequestHandler, auth.FacebookMixin):
    async def get(self):
        if self.get_argument("session", None):
            try:
                self.finish(await self.get_authenticated_user())
            except auth.AuthError as error:
                self.set_status(403)
                self.finish(str(error))
        else:
            self.authorize_redirect(["read_stream", "email"], cancel_uri="/no")


def changed(**more):
    def change(args):
        session = {**json.loads(args["session"]), **more}
        session = {name: value for name, value in session.items() if value is not None}
        return {**args, "session": json.dumps(session)}

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (changed(uid=8), "signature is wrong"),
        (changed(session_key="s2"), "signature is wrong"),
        (changed(sig="0" * 32), "signature is wrong"),
        (changed(sig=None), "lacks"),
        (changed(sig="\ud800"), "signature is wrong"),
        (changed(session_key="\ud800"), "signature is wrong"),
        (lambda args: {**args, "session": "{"}, "no session in JSON"),
        (lambda args: {**args, "session": "[" * 15_000}, "no session in JSON"),
        (lambda args: {**args, "session": "[]"}, "lacks"),
        (lambda args: [*args.items(), *args.items()], "2 arguments 'session'"),
        (lambda args: {**args, "login_state": "x"}, "2 arguments 'login_state'"),
    ],
)
def test_refused(world, at, change, reason):
    async def check(browser, provider):
        provider.tamper = change
        response = await browser.get("/login")
        assert response.code == 403
        assert reason in response.text

    world(lambda p: [("/login", at.oauth2(p, Handler))], check)


def test_of_another_browser(world, at):
    async def check(browser, provider):
        answer = await browser.answer_to("/login")
        asked = provider.seen[0].arguments
        assert asked["req_perms"] == [b"read_stream,email"]
        assert asked["cancel_url"] == [browser.home.encode() + b"/no"]
        browser.cookies.clear()
        assert (await browser.get(answer)).code == 403

    world(lambda p: [("/login", at.oauth2(p, Handler))], check)


def test_wrong_secret(world, at):
    class Ask(Handler):
        async def get(self):
            self.application.settings["facebook_secret"] = "wrong"
            with pytest.raises(auth.AuthError, match="error 104: Incorrect signature"):
                await self.facebook_request("stream.get", session_key="x")
            self.finish("told")

    async def check(browser, provider):
        assert (await browser.get("/")).text == "told"

    world(lambda p: [("/", at.oauth2(p, Ask))], check)
