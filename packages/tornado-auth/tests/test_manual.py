"""The samples of the manuals, old and new, against the local provider: log in, and use the access."""

import logging

import tornado.auth
import tornado.web
from tornado import gen
from tornado.ioloop import IOLoop
from tornado.web import HTTPError


class Old(tornado.web.RequestHandler):
    """Callback style: what the samples leave to the reader is to show the user."""

    argument = "oauth_token"
    problem = "auth failed"

    @tornado.web.asynchronous
    def get(self):
        if self.get_argument(self.argument, None):
            self.get_authenticated_user(self.async_callback(self._on_auth))
            return
        self.start()

    def start(self):
        self.authorize_redirect()

    def _on_auth(self, user):
        if not user:
            raise tornado.web.HTTPError(500, self.problem)
        self.finish(user)


class OldGoogle(Old, tornado.auth.GoogleMixin):
    argument = "openid.mode"

    def start(self):
        self.authenticate_redirect()


class OldTwitter(Old, tornado.auth.TwitterMixin):
    pass


class OldFriendFeed(Old, tornado.auth.FriendFeedMixin):
    pass


class OldFacebook(Old, tornado.auth.FacebookMixin):
    argument = "session"

    def start(self):
        self.authenticate_redirect()


class OldFacebookGraph(tornado.web.RequestHandler, tornado.auth.FacebookGraphMixin):
    @tornado.web.asynchronous
    def get(self):
        if self.get_argument("code", False):
            self.get_authenticated_user(
                redirect_uri="/login",
                client_id=self.settings["facebook_api_key"],
                client_secret=self.settings["facebook_secret"],
                code=self.get_argument("code"),
                callback=self.async_callback(self._on_login),
            )
            return
        self.authorize_redirect(
            redirect_uri="/login",
            client_id=self.settings["facebook_api_key"],
            extra_params={"scope": "read_stream,offline_access"},
        )

    def _on_login(self, user):
        logging.getLogger("manual").info(user)
        self.finish(user)


def logged_in(world, routes):
    async def check(browser, provider):
        response = await browser.get("/login")
        assert response.code == 200, response.text
        return tornado.escape.json_decode(response.body)

    return world(routes, check)


def test_google_openid(world, at):
    user = logged_in(world, lambda p: [("/login", at.openid(p, OldGoogle))])
    claimed = user.pop("claimed_id")
    assert claimed.endswith("/id/bret")
    assert user == {
        "email": "bret@example.com",
        "first_name": "Bret",
        "last_name": "T",
        "name": "Bret T",
        "locale": "en",
        "username": "bret",
    }


def test_google_openid_that_fails_asks_again(world, at):
    """Section 1.14's sample redirects again when there is no user."""

    class Again(OldGoogle):
        def _on_auth(self, user):
            if not user:
                self.authenticate_redirect()
                return
            self.finish(user)

    async def check(browser, provider):
        answer = await browser.answer_to("/login")
        again = await browser.get(answer.replace("bret%40example", "eve%40example"), redirects=0)
        assert again.code == 302
        provider.seen.clear()
        user = await browser.get(again.headers["Location"])
        assert tornado.escape.json_decode(user.body)["email"] == "bret@example.com"
        assert provider.seen[0].arguments["openid.return_to"][0].count(b"openid.") == 0

    world(lambda p: [("/login", at.openid(p, Again))], check)


def test_twitter(world, at):
    user = logged_in(world, lambda p: [("/login", at.oauth1(p, OldTwitter))])
    assert user["username"] == "bret"
    assert user["access_token"]["key"] == "access-key"
    assert user["access_token"]["secret"] == "access&secret"


def test_friendfeed(world, at):
    user = logged_in(world, lambda p: [("/login", at.oauth1(p, OldFriendFeed))])
    assert user["username"] == "bret"
    assert user["args"]["include"] == ["id,name,description"]
    assert user["path"] == "feedinfo/bret"


def test_facebook(world, at):
    user = logged_in(world, lambda p: [("/login", at.oauth2(p, OldFacebook))])
    assert user["facebook_uid"] == 7
    assert user["session_key"] == "session-1"
    assert user["name"] == "Bret T"


def test_facebook_graph(world, at):
    user = logged_in(world, lambda p: [("/login", at.oauth2(p, OldFacebookGraph))])
    assert user["name"] == "Bret T"
    assert user["access_token"] == "token-1"
    assert user["session_expires"] == "3600"


class OldPost(tornado.web.RequestHandler):
    def get_current_user(self):
        return {
            "access_token": self.settings.get("access_token"),
            "session_key": "session-1",
        }

    @tornado.web.authenticated
    @tornado.web.asynchronous
    def get(self):
        self.ask()

    def _on_post(self, new_entry):
        if not new_entry:
            # Call failed; perhaps missing permission?
            self.authorize_redirect()
            return
        self.finish(new_entry)


OAUTH1_TOKEN = {"key": "access-key", "secret": "access&secret"}


def asked(world, routes, token):
    async def check(browser, provider):
        response = await browser.get("/")
        assert response.code == 200, response.text
        return tornado.escape.json_decode(response.body)

    return world(routes, check, access_token=token)


def test_twitter_request(world, at):
    class MainHandler(OldPost, tornado.auth.TwitterMixin):
        def ask(self):
            self.twitter_request(
                "/statuses/update",
                post_args={"status": "Testing Tornado Web Server"},
                access_token=self.current_user["access_token"],
                callback=self.async_callback(self._on_post),
            )

    entry = asked(world, lambda p: [("/", at.oauth1(p, MainHandler))], OAUTH1_TOKEN)
    assert entry["path"] == "statuses/update.json"
    assert entry["method"] == "POST"
    assert entry["args"] == {"status": ["Testing Tornado Web Server"]}


def test_friendfeed_request(world, at):
    class MainHandler(OldPost, tornado.auth.FriendFeedMixin):
        def ask(self):
            self.friendfeed_request(
                "/entry",
                post_args={"body": "Testing Tornado Web Server"},
                access_token=self.current_user["access_token"],
                callback=self.async_callback(self._on_post),
            )

    entry = asked(world, lambda p: [("/", at.oauth1(p, MainHandler))], OAUTH1_TOKEN)
    assert entry["path"] == "entry"
    assert entry["args"] == {"body": ["Testing Tornado Web Server"]}


def test_facebook_request(world, at):
    class MainHandler(OldPost, tornado.auth.FacebookMixin):
        def ask(self):
            self.facebook_request(
                method="stream.get",
                callback=self.async_callback(self._on_post),
                session_key=self.current_user["session_key"],
            )

    stream = asked(world, lambda p: [("/", at.oauth2(p, MainHandler))], None)
    assert stream == {"method": "facebook.stream.get", "session_key": "session-1"}


def test_facebook_request_that_is_refused(world, at, caplog):
    """The manual's sample redirects to what ``authorize_redirect`` returns, after that did redirect."""

    class MainHandler(OldPost, tornado.auth.FacebookMixin):
        def ask(self):
            self.application.settings["facebook_secret"] = "wrong"
            self.facebook_request(
                method="stream.get",
                callback=self.async_callback(self._on_stream),
                session_key=self.current_user["session_key"],
            )

        def _on_stream(self, stream):
            if stream is None:
                # Not authorized to read the stream yet?
                self.redirect(self.authorize_redirect("read_stream"))
                return
            self.finish(stream)

    async def check(browser, provider):
        response = await browser.get("/", redirects=0)
        assert response.code == 302
        assert "req_perms=read_stream" in response.headers["Location"]

    world(lambda p: [("/", at.oauth2(p, MainHandler))], check)
    assert "error 104" in caplog.text


def test_redirects_may_be_yielded(world, at):
    class Google(tornado.web.RequestHandler, tornado.auth.GoogleMixin):
        @gen.coroutine
        def get(self):
            if self.get_argument("scope", None):
                yield self.authorize_redirect("http://www.google.com/m8/feeds/")
            else:
                yield self.authenticate_redirect()

    async def check(browser, provider):
        for path in ("/", "/?scope=1"):
            response = await browser.get(path, redirects=0)
            assert response.code == 302
            assert response.headers["Location"].startswith(provider.base("/openid?"))

    world(lambda p: [("/", at.openid(p, Google))], check)


def test_facebook_graph_request(world, at):
    class MainHandler(OldPost, tornado.auth.FacebookGraphMixin):
        def ask(self):
            self.facebook_request(
                "/me/feed",
                post_args={"message": "I am posting from my Tornado application!"},
                access_token=self.current_user["access_token"],
                callback=self.async_callback(self._on_post),
            )

    entry = asked(world, lambda p: [("/", at.oauth2(p, MainHandler))], "token-1")
    assert entry["path"] == "me/feed"
    assert entry["args"] == {"message": ["I am posting from my Tornado application!"]}


def test_a_request_that_is_refused_asks_for_permission(world, at, caplog):
    class MainHandler(OldPost, tornado.auth.TwitterMixin):
        def ask(self):
            self.twitter_request(
                "/statuses/update",
                self._on_post,
                access_token={"key": "access-key", "secret": "wrong"},
                post_args={"status": "no"},
            )

    async def check(browser, provider):
        response = await browser.get("/", redirects=0)
        assert response.code == 302
        assert response.headers["Location"].startswith(provider.base("/oauth1/authorize"))

    world(lambda p: [("/", at.oauth1(p, MainHandler))], check)
    assert "HTTP 401" in caplog.text


def test_of_today(world, at):
    class GoogleOAuth2LoginHandler(tornado.web.RequestHandler, tornado.auth.GoogleOAuth2Mixin):
        async def get(self):
            redirect_uri = f"{self.request.protocol}://{self.request.host}/login"
            if self.get_argument("code", False):
                access = await self.get_authenticated_user(
                    redirect_uri=redirect_uri, code=self.get_argument("code")
                )
                user = await self.oauth2_request(
                    self._OAUTH_USERINFO_URL, access_token=access["access_token"]
                )
                self.write(user)
            else:
                self.authorize_redirect(
                    redirect_uri=redirect_uri,
                    client_id=self.get_google_oauth_settings()["key"],
                    scope=["profile", "email"],
                    response_type="code",
                    extra_params={"approval_prompt": "auto"},
                )

    user = logged_in(world, lambda p: [("/login", at.oauth2(p, GoogleOAuth2LoginHandler))])
    assert user["path"] == "userinfo"
    assert user["name"] == "Bret T"


def test_generator_coroutines_and_tasks(world, at):
    class Handler(tornado.web.RequestHandler, tornado.auth.TwitterMixin):
        @tornado.web.asynchronous
        @gen.coroutine
        def get(self):
            if self.get_argument("oauth_token", None):
                user = yield gen.Task(self.get_authenticated_user)
                if not user:
                    raise HTTPError(500, "Twitter auth failed")
                self.finish(user)
            else:
                yield self.authenticate_redirect(callback_uri="/login")

    user = logged_in(world, lambda p: [("/login", at.oauth1(p, Handler))])
    assert user["username"] == "bret"


def test_a_user_hook_of_old_style(world, at):
    class Handler(Old, tornado.auth.OAuthMixin):
        def _oauth_consumer_token(self):
            return {"key": "consumer", "secret": "consumer&secret/1"}

        def _oauth_get_user(self, access_token, callback):
            IOLoop.current().add_callback(callback, {"name": access_token["username"]})

    user = logged_in(world, lambda p: [("/login", at.oauth1(p, Handler, _OAUTH_VERSION="1.0"))])
    assert user["name"] == "bret"
    assert user["access_token"]["key"] == "access-key"
