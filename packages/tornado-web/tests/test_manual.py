"""The examples of the manuals, as they are printed there, from the first page of 2.3 to the last."""

import asyncio
import datetime
import os
import re
import sys
import types

import pytest

import tornado.escape
import tornado.ioloop
import tornado.locale
import tornado.template
import tornado.web

PRELUDE = (
    "import os, time\n"
    "import tornado.escape, tornado.ioloop, tornado.locale, tornado.web\n"
    "from tornado import gen, httpserver, ioloop, web\n"
    "from tornado.web import Application, RequestHandler, UIModule\n"
)


def printed(source, **names):
    """Run an example and return its names."""
    namespace = {"__name__": "example", "__file__": __file__, **names}
    exec(compile(PRELUDE + source, "example.py", "exec"), namespace)
    return types.SimpleNamespace(**namespace)


HELLO_1 = """
import tornado.ioloop
import tornado.web

class MainHandler(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello, world")

application = tornado.web.Application([
    (r"/", MainHandler),
])

if __name__ == "__main__":
    application.listen(8888)
    tornado.ioloop.IOLoop.instance().start()
"""

HELLO_2 = """
class MainPageHandler(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello, world")

application = web.Application([
    (r"/", MainPageHandler),
])
http_server = httpserver.HTTPServer(application)
"""


@pytest.mark.parametrize("source", [HELLO_1, HELLO_2])
def test_hello_world(fetch, source):
    assert fetch(printed(source).application).body == b"Hello, world"


def test_hello_world_runs_as_a_script():
    """The whole of it, loop included, with the port and the end put in."""
    source = HELLO_1.replace("8888", "0").replace(
        "IOLoop.instance().start()",
        "IOLoop.instance().add_callback(tornado.ioloop.IOLoop.instance().stop)\n"
        "    tornado.ioloop.IOLoop.instance().start()",
    )
    script = PRELUDE + source + "    tornado.ioloop.IOLoop.instance().close(all_fds=True)\n"
    import subprocess

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script.replace("stop)", "stop)")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_stories(fetch):
    app = printed(
        """
class MainHandler(tornado.web.RequestHandler):
    def get(self):
        self.write("You requested the main page")

class StoryHandler(tornado.web.RequestHandler):
    def get(self, story_id):
        self.write("You requested the story " + story_id)

application = tornado.web.Application([
    (r"/", MainHandler),
    (r"/story/([0-9]+)", StoryHandler),
])
"""
    ).application
    assert fetch(app).body == b"You requested the main page"
    assert fetch(app, "/story/12").body == b"You requested the story 12"
    assert fetch(app, "/story/x").code == 404


def test_form(fetch):
    handler = printed(
        """
class MyFormHandler(tornado.web.RequestHandler):
    def get(self):
        self.write('<html><body><form action="/myform" method="post">'
                   '<input type="text" name="message">'
                   '<input type="submit" value="Submit">'
                   '</form></body></html>')

    def post(self):
        self.set_header("Content-Type", "text/plain")
        self.write("You wrote " + self.get_argument("message"))
"""
    ).MyFormHandler
    routes = [("/myform", handler)]
    assert b'name="message"' in fetch(routes, "/myform").body
    answer = fetch(routes, "/myform", "POST", body="message=hello+there")
    assert (answer.headers["Content-Type"], answer.body) == ("text/plain", b"You wrote hello there")


def test_errors_by_exception(fetch):
    handler = printed(
        """
class MainHandler(RequestHandler):
    def user_is_logged_in(self):
        return False

    def get(self):
        if not self.user_is_logged_in():
            raise tornado.web.HTTPError(403)
"""
    ).MainHandler
    assert fetch([("/", handler)]).code == 403


def test_initialize(fetch):
    app = printed(
        """
class ProfileHandler(RequestHandler):
    def initialize(self, database):
        self.database = database

    def get(self, username):
        self.write(self.database[username])

app = Application([
    (r'/user/(.*)', ProfileHandler, dict(database=database)),
])
""",
        database={"ann": "Ann's profile"},
    ).app
    assert fetch(app, "/user/ann").body == b"Ann's profile"


def test_redirects(fetch):
    example = printed(
        """
class MainHandler(tornado.web.RequestHandler):
    def get(self):
        self.redirect('/some-canonical-page', permanent=True)

application = tornado.web.Application([
    (r"/([a-z]*)", MainHandler),
    (r"/static/tornado-0.2.tar.gz", tornado.web.RedirectHandler,
        dict(url="http://github.com/downloads/facebook/tornado/tornado-0.2.tar.gz")),
    (r"/foo/", tornado.web.RedirectHandler, {"url":"/bar", "permanent":False}),
    (r"/oldpath/", web.RedirectHandler, {"url": "/newpath"}),
])
""".replace("def get(self)", "def get(self, word)")
    )
    answer = fetch(example.application, "/static/tornado-0.2.tar.gz")
    assert answer.code == 301
    assert answer.headers["Location"].startswith("http://github.com/downloads/")
    answer = fetch(example.application, "/foo/")
    assert (answer.code, answer.headers["Location"]) == (302, "/bar")
    answer = fetch(example.application, "/oldpath/")
    assert (answer.code, answer.headers["Location"]) == (301, "/newpath")
    answer = fetch(example.application, "/any")
    assert (answer.code, answer.headers["Location"]) == (301, "/some-canonical-page")


def test_template(fetch, tmp_path):
    (tmp_path / "template.html").write_text(
        "<html>\n<head>\n<title>{{ title }}</title>\n</head>\n<body>\n<ul>\n{% for item in items %}\n"
        "<li>{{ escape(item) }}</li>\n{% end %}\n</ul>\n</body>\n</html>\n"
    )
    handler = printed(
        """
class MainHandler(tornado.web.RequestHandler):
    def get(self):
        items = ["Item 1", "Item 2", "Item 3"]
        self.render("template.html", title="My title", items=items)
"""
    ).MainHandler
    app = tornado.web.Application([("/", handler)], template_path=str(tmp_path))
    body = fetch(app).text
    assert "<title>My title</title>" in body
    assert re.findall("<li>(.*?)</li>", body) == ["Item 1", "Item 2", "Item 3"]


COOKIE = """
class MainHandler(tornado.web.RequestHandler):
    def get(self):
        if not self.get_cookie("mycookie"):
            self.set_cookie("mycookie", "myvalue")
            self.write("Your cookie was not set yet!")
        else:
            self.write("Your cookie was set!")

application = tornado.web.Application([
    (r"/", MainHandler),
], cookie_secret="61oETzKXQAGaYdkL5gEmGeJJFuYh7EQnp2XdTP1o/Vo=")
"""


@pytest.mark.parametrize("source", [COOKIE, COOKIE.replace("_cookie(", "_secure_cookie(")])
def test_cookies(fetch, source):
    app = printed(source).application
    first = fetch(app)
    assert first.body == b"Your cookie was not set yet!"
    cookie = first.headers["Set-Cookie"].split(";")[0]
    assert fetch(app, headers={"Cookie": cookie}).body == b"Your cookie was set!"


LOGIN = """
class BaseHandler(tornado.web.RequestHandler):
    def get_current_user(self):
        return self.get_secure_cookie("user")

class MainHandler(BaseHandler):
    def get(self):
        if not self.current_user:
            self.redirect("/login")
            return
        name = tornado.escape.xhtml_escape(self.current_user)
        self.write("Hello, " + name)

class LoginHandler(BaseHandler):
    def get(self):
        self.write('<html><body><form action="/login" method="post">'
                   'Name: <input type="text" name="name">'
                   '<input type="submit" value="Sign in">'
                   '</form></body></html>')

    def post(self):
        self.set_secure_cookie("user", self.get_argument("name"))
        self.redirect("/")

application = tornado.web.Application([
    (r"/", MainHandler),
    (r"/login", LoginHandler),
], cookie_secret="61oETzKXQAGaYdkL5gEmGeJJFuYh7EQnp2XdTP1o/Vo=")
"""

LOGIN_DECORATED = (
    LOGIN
    + """
class MainHandler(BaseHandler):
    @tornado.web.authenticated
    def get(self):
        name = tornado.escape.xhtml_escape(self.current_user)
        self.write("Hello, " + name)

settings = {
    "cookie_secret": "61oETzKXQAGaYdkL5gEmGeJJFuYh7EQnp2XdTP1o/Vo=",
    "login_url": "/login",
}
application = tornado.web.Application([
    (r"/", MainHandler),
    (r"/login", LoginHandler),
], **settings)
"""
)


@pytest.mark.parametrize(
    ("source", "location"), [(LOGIN, "/login"), (LOGIN_DECORATED, "/login?next=%2F")]
)
def test_login(fetch, source, location):
    app = printed(source).application
    answer = fetch(app)
    assert (answer.code, answer.headers["Location"]) == (302, location)
    assert b"Sign in" in fetch(app, "/login").body
    answer = fetch(app, "/login", "POST", body="name=Ann+%26+co")
    assert (answer.code, answer.headers["Location"]) == (302, "/")
    cookie = answer.headers["Set-Cookie"].split(";")[0]
    assert fetch(app, headers={"Cookie": cookie}).body == b"Hello, Ann &amp; co"


def test_xsrf(fetch):
    example = printed(
        """
class MainHandler(tornado.web.RequestHandler):
    def get(self):
        self.render("form.html")

class LoginHandler(tornado.web.RequestHandler):
    def post(self):
        self.write("posted " + self.get_argument("message"))

settings = {
    "cookie_secret": "61oETzKXQAGaYdkL5gEmGeJJFuYh7EQnp2XdTP1o/Vo=",
    "login_url": "/login",
    "xsrf_cookies": True,
}
application = tornado.web.Application([
    (r"/", MainHandler),
    (r"/login", LoginHandler),
], template_loader=loader, **settings)
""",
        loader=tornado.template.DictLoader(
            {
                "form.html": '<form action="/new_message" method="post">\n'
                "{% module xsrf_form_html() %}\n"
                '<input type="text" name="message"/>\n<input type="submit" value="Post"/>\n</form>\n'
            }
        ),
    )
    page = fetch(example.application)
    [token] = re.findall('name="_xsrf" value="(.*?)"', page.text)
    cookie = page.headers["Set-Cookie"].split(";")[0]
    body = f"_xsrf={token}&message=hello".replace("|", "%7C")
    assert fetch(example.application, "/login", "POST", body=body).code == 403
    answer = fetch(example.application, "/login", "POST", {"Cookie": cookie}, body)
    assert answer.body == b"posted hello"
    # What the jQuery function sends: the cookie itself as an argument.
    script = f"message=hi&_xsrf={cookie.split('=', 1)[1]}".replace("|", "%7C").replace('"', "")
    assert (
        fetch(example.application, "/login", "POST", {"Cookie": cookie}, script).body
        == b"posted hi"
    )


def test_static_files(fetch, tmp_path):
    static = tmp_path / "static"
    static.mkdir()
    for name in ("foo.png", "robots.txt", "favicon.ico", "apple-touch-icon.png"):
        (static / name).write_bytes(name.encode())
    (static / "images").mkdir()
    (static / "images" / "logo.png").write_bytes(b"logo")
    app = printed(
        """
class MainHandler(tornado.web.RequestHandler):
    def get(self):
        self.render("page.html")

settings = {
    "static_path": os.path.join(os.path.dirname(__file__), "static"),
    "cookie_secret": "61oETzKXQAGaYdkL5gEmGeJJFuYh7EQnp2XdTP1o/Vo=",
    "login_url": "/login",
    "xsrf_cookies": True,
}
application = tornado.web.Application([
    (r"/", MainHandler),
    (r"/(apple-touch-icon\\.png)", tornado.web.StaticFileHandler,
        dict(path=settings['static_path'])),
], template_loader=loader, **settings)
""",
        __file__=str(tmp_path / "main.py"),
        loader=tornado.template.DictLoader(
            {
                "page.html": '<html>\n<head>\n<title>FriendFeed - {{ _("Home") }}</title>\n</head>\n<body>\n'
                '<div><img src="{{ static_url("images/logo.png") }}"/></div>\n</body>\n</html>\n'
            }
        ),
    ).application
    for path in ("/static/foo.png", "/robots.txt", "/favicon.ico", "/apple-touch-icon.png"):
        assert fetch(app, path).body == os.path.basename(path).encode()
    page = fetch(app).text
    assert "<title>FriendFeed - Home</title>" in page
    [url] = re.findall('src="(.*?)"', page)
    assert re.fullmatch(r"/static/images/logo\.png\?v=[0-9a-f]+", url)
    answer = fetch(app, url)
    assert answer.body == b"logo"
    assert answer.headers["Cache-Control"] == "max-age=315360000"


@pytest.fixture
def translations(tmp_path):
    saved = tornado.locale._translations, tornado.locale._supported_locales
    (tmp_path / "es_GT.csv").write_text(
        '"Sign in","Entrar"\n"Username","Usuario"\n"Password","Contrase\u00f1a"\n'
        '"A person liked this","A una persona le gust\u00f3","singular"\n'
        '"%(num)d people liked this","A %(num)d personas les gust\u00f3","plural"\n',
        encoding="utf-8",
    )
    yield tmp_path
    tornado.locale._translations, tornado.locale._supported_locales = saved


def test_localization(fetch, translations):
    tornado.locale.load_translations(str(translations))
    assert "es_GT" in tornado.locale.get_supported_locales()
    files = {
        "login.html": '<html>\n<head>\n<title>FriendFeed - {{ _("Sign in") }}</title>\n</head>\n<body>\n'
        '<form action="{{ request.path }}" method="post">\n'
        '<div>{{ _("Username") }} <input type="text" name="username"/></div>\n'
        '<div>{{ _("Password") }} <input type="password" name="password"/></div>\n'
        '<div><input type="submit" value="{{ _("Sign in") }}"/></div>\n'
        "{% module xsrf_form_html() %}\n</form>\n</body>\n</html>\n"
        '{{ _("A person liked this", "%(num)d people liked this", len(people)) % {"num": len(people)} }}'
    }
    example = printed(
        """
class BaseHandler(tornado.web.RequestHandler):
    def get_current_user(self):
        user_id = self.get_secure_cookie("user")
        if not user_id: return None
        return self.backend.get_user_by_id(user_id)

    def get_user_locale(self):
        if "locale" not in self.current_user.prefs:
            # Use the Accept-Language header
            return None
        return self.current_user.prefs["locale"]

class Login(BaseHandler):
    def get(self):
        self.render("login.html", people=["a", "b"])
"""
    )

    class User:
        prefs = {}

    class Backend:
        def get_user_by_id(self, user_id):
            assert user_id == b"7"
            return User

    example.BaseHandler.backend = Backend()
    secret = "61oETzKXQAGaYdkL5gEmGeJJFuYh7EQnp2XdTP1o/Vo="
    app = tornado.web.Application(
        [("/login", example.Login)],
        cookie_secret=secret,
        template_loader=tornado.template.DictLoader(files),
    )
    signed = tornado.web.create_signed_value(secret, "user", "7").decode()
    page = fetch(
        app, "/login", headers={"Cookie": f"user={signed}", "Accept-Language": "es-GT"}
    ).text
    for text in (
        "FriendFeed - Entrar",
        "Usuario",
        "Contrase\u00f1a",
        'action="/login"',
        'name="_xsrf"',
    ):
        assert text in page
    assert "A 2 personas les gust\u00f3" in page
    User.prefs = {"locale": tornado.locale.get("en_US")}
    page = fetch(
        app, "/login", headers={"Cookie": f"user={signed}", "Accept-Language": "es-GT"}
    ).text
    assert "FriendFeed - Sign in" in page
    assert "2 people liked this" in page


MODULES = """
class Entry(tornado.web.UIModule):
    def render(self, entry, show_comments=False):
        return self.render_string(
            "module-entry.html", entry=entry, show_comments=show_comments)
"""

MODULES_WITH_CSS = """
class Entry(tornado.web.UIModule):
    def embedded_css(self):
        return ".entry { margin-bottom: 1em; }"

    def render(self, entry, show_comments=False):
        return self.render_string(
            "module-entry.html", show_comments=show_comments, entry=entry)
"""

HANDLERS = """
class HomeHandler(tornado.web.RequestHandler):
    def get(self):
        entries = self.db.query("SELECT * FROM entries ORDER BY date DESC")
        self.render("home.html", entries=entries)

class EntryHandler(tornado.web.RequestHandler):
    def get(self, entry_id):
        entry = self.db.get("SELECT * FROM entries WHERE id = %s", entry_id)
        if not entry: raise tornado.web.HTTPError(404)
        self.render("entry.html", entry=entry)

settings = {
    "ui_modules": uimodules,
}
application = tornado.web.Application([
    (r"/", HomeHandler),
    (r"/entry/([0-9]+)", EntryHandler),
], template_loader=loader, **settings)
"""


class Database:
    def query(self, sql):
        assert "ORDER BY" in sql
        return ["one", "two"]

    def get(self, sql, entry_id):
        return "one" if entry_id == "1" else None


@pytest.mark.parametrize("how", ["plain", "css", "template"])
def test_ui_modules(fetch, how):
    uimodules = types.ModuleType("uimodules")
    source = MODULES_WITH_CSS if how == "css" else MODULES
    uimodules.Entry = printed(source).Entry
    head, tail = "<html><head></head><body>\n", "</body></html>"
    one, full = "{% module Entry(entry) %}", "{% module Entry(entry, show_comments=True) %}"
    resources = ""
    if how == "template":
        one = '{% module Template("module-entry.html", entry=entry, show_comments=False) %}'
        full = '{% module Template("module-entry.html", entry=entry, show_comments=True) %}'
        resources = '{{ set_resources(embedded_css=".entry { margin-bottom: 1em; }") }}\n'
    files = {
        "module-entry.html": resources
        + "<p>{{ entry }} {{ show_comments }}</p><!-- more template html... -->",
        "home.html": head + "{% for entry in entries %}\n" + one + "\n{% end %}" + tail,
        "entry.html": head + full + tail,
    }
    example = printed(HANDLERS, uimodules=uimodules, loader=tornado.template.DictLoader(files))
    example.HomeHandler.db = example.EntryHandler.db = Database()
    home = fetch(example.application).text
    assert re.findall("<p>(.*?)</p>", home) == ["one False", "two False"]
    assert home.count(".entry { margin-bottom: 1em; }") == (0 if how == "plain" else 1)
    if how != "plain":
        assert home.index(".entry {") < home.index("</head>")
    assert "<p>one True</p>" in fetch(example.application, "/entry/1").text
    assert fetch(example.application, "/entry/2").code == 404


def test_asynchronous(fetch):
    handler = printed(
        """
class MainHandler(tornado.web.RequestHandler):
    @tornado.web.asynchronous
    def get(self):
        self.write("Hello, world")
        self.finish()
"""
    ).MainHandler
    assert fetch([("/", handler)]).body == b"Hello, world"


class Client:
    """Stands in for the HTTP client, which this distribution does not need."""

    answer = types.SimpleNamespace(error=None, body=b'{"entries": [1, 2, 3]}')

    def fetch(self, url, callback):
        tornado.ioloop.IOLoop.current().add_callback(callback, self.answer)


FETCHING = """
class MainHandler(tornado.web.RequestHandler):
    @tornado.web.asynchronous
    def get(self):
        http = AsyncHTTPClient()
        http.fetch("http://friendfeed-api.com/v2/feed/bret",
                   callback=self.on_response)

    def on_response(self, response):
        if response.error: raise tornado.web.HTTPError(500)
        json = tornado.escape.json_decode(response.body)
        self.write("Fetched " + str(len(json["entries"])) + " entries "
                   "from the FriendFeed API")
        self.finish()
"""

DOWNLOADING = """
class MainHandler(web.RequestHandler):
    @web.asynchronous
    def get(self):
        http = AsyncHTTPClient()
        http.fetch("http://friendfeed.com/", self._on_download)

    def _on_download(self, response):
        self.write("Downloaded!")
        self.finish()
"""


def test_asynchronous_client(fetch):
    handler = printed(FETCHING, AsyncHTTPClient=Client).MainHandler
    assert fetch([("/", handler)]).body == b"Fetched 3 entries from the FriendFeed API"

    class Failing(Client):
        answer = types.SimpleNamespace(error=OSError("refused"), body=None)

    handler = printed(FETCHING, AsyncHTTPClient=Failing).MainHandler
    assert fetch([("/", handler)]).code == 500
    handler = printed(DOWNLOADING, AsyncHTTPClient=Client).MainHandler
    assert fetch([("/", handler)]).body == b"Downloaded!"


def test_virtual_hosts(fetch):
    application = printed(
        """
class ArticleHandler(RequestHandler):
    def get(self, number):
        self.write("article " + number)

application = web.Application([])
application.add_handlers(r"www\\.myhost\\.com", [
    (r"/article/([0-9]+)", ArticleHandler),
])
"""
    ).application
    assert fetch(application, "/article/5", headers={"Host": "www.myhost.com"}).body == b"article 5"
    assert fetch(application, "/article/5").code == 404


def test_fallback(fetch):
    application = printed(
        """
class FooHandler(RequestHandler):
    def get(self):
        self.write("foo")

application = tornado.web.Application([
    (r"/foo", FooHandler),
    (r".*", web.FallbackHandler, dict(fallback=wsgi_app)),
])
""",
        wsgi_app=lambda request: (
            request.connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwsgi"),
            request.connection.finish(),
        ),
    ).application
    assert fetch(application, "/foo").body == b"foo"
    assert fetch(application, "/bar").body == b"wsgi"


def test_cookies_article(fetch):
    application = printed(
        """
class Hello(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello there")

class User(tornado.web.RequestHandler):
    def get(self):
        cookieName = "technobeans"
        if not self.get_cookie(cookieName):
            self.set_cookie(cookieName, str(time.time()))
            self.write("Cookie is now set")
        else:
            self.write("Cookie is " + cookieName)

application = tornado.web.Application([
    (r"/", Hello),
    (r"/user/", User),
])
"""
    ).application
    assert fetch(application).body == b"Hello there"
    first = fetch(application, "/user/")
    assert first.body == b"Cookie is now set"
    assert re.fullmatch(r"technobeans=[0-9.]+; Path=/", first.headers["Set-Cookie"])
    # The article's client sends the whole Set-Cookie line back.
    second = fetch(application, "/user/", headers={"Cookie": first.headers["Set-Cookie"]})
    assert second.body == b"Cookie is technobeans"
    assert "Set-Cookie" not in second.headers


def test_clearing_a_cookie(fetch):
    class Clear(tornado.web.RequestHandler):
        def get(self):
            self.clear_cookie("user")

    line = fetch([("/", Clear)]).headers["Set-Cookie"]
    assert line.startswith('user=""; expires=')
    expires = re.findall("expires=(.*?);", line)[0]
    assert (
        datetime.datetime.strptime(expires, "%a, %d %b %Y %H:%M:%S GMT") < datetime.datetime.now()
    )


def test_debug_mode(memory, monkeypatch):
    from tornado import autoreload

    monkeypatch.setattr(autoreload, "start", lambda: None)
    app = tornado.web.Application(
        [("/", tornado.web.ErrorHandler, {"status_code": 500})], debug=True
    )
    assert b"Traceback" in memory.request(app).body


def test_main_coroutine_of_today():
    """The hello world of 6.x: a coroutine under asyncio.run."""
    example = printed(
        """
import asyncio

class MainHandler(tornado.web.RequestHandler):
    def get(self):
        self.write("Hello, world")

def make_app():
    return tornado.web.Application([
        (r"/", MainHandler),
    ])

async def main():
    app = make_app()
    server = app.listen(0, "127.0.0.1")
    await check(server)
    server.stop()
    await server.close_all_connections()
""",
        check=None,
    )
    seen = []

    async def check(server):
        [sock] = server._sockets.values()
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        seen.append(await reader.read())
        writer.close()
        await writer.wait_closed()

    example.main.__globals__["check"] = check
    asyncio.run(example.main())
    assert seen[0].endswith(b"Hello, world")
