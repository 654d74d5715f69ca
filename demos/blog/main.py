"""A blog: authors sign in, write and edit; everybody reads, or subscribes to the feed.

usage: python main.py [--port=8888] [--database=sqlite:///blog.db]
       python main.py --mysql_host=localhost:3306 --mysql_database=blog --mysql_user=blog ...

Whoever comes first becomes the author. Passwords are kept as scrypt hashes; a session is a signed cookie.
"""

import asyncio
import hashlib
import hmac
import os
import re
import signal
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import tornado.options
import tornado.web
from tornado.concurrent import run_on_executor
from tornado.database import Connection, IntegrityError, Row
from tornado.options import define, options

define("port", default=8888, type=int, help="the port to listen on")
define("address", default="127.0.0.1", help="the address to listen on")
define("debug", default=False, type=bool, help="show tracebacks and reload on change")
define("database", default="sqlite:///blog.db", help="a SQLite database")
define("mysql_host", default="", help="host:port or socket of a MySQL server, instead of SQLite")
define("mysql_database", default="blog")
define("mysql_user", default="blog")
define("mysql_password", default="")

HERE = Path(__file__).resolve().parent
MIN_PASSWORD_LENGTH = 8
MAX_TITLE_LENGTH = 200
MAX_CONTENT_LENGTH = 15_000  # fits MySQL's TEXT in UTF-8
ENTRIES_ON_FRONT_PAGE = 5

AUTHORS = """
CREATE TABLE IF NOT EXISTS authors (
    id INTEGER PRIMARY KEY {increment},
    email VARCHAR(100) NOT NULL UNIQUE,
    name VARCHAR(100) NOT NULL,
    password VARCHAR(200) NOT NULL
)"""
ENTRIES = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY {increment},
    author_id INTEGER NOT NULL,
    slug VARCHAR(100) NOT NULL UNIQUE,
    title VARCHAR(200) NOT NULL,
    content TEXT NOT NULL,
    published VARCHAR(20) NOT NULL
)"""
JOINED = "SELECT e.*, a.name AS author FROM entries e JOIN authors a ON a.id = e.author_id"


def hash_password(password, salt):
    """Return what is kept of a password: the salt and scrypt's hash, in hexadecimal."""
    digest = hashlib.scrypt(password.encode("utf-8"), salt=salt, n=2**14, r=8, p=1)
    return f"{salt.hex()}${digest.hex()}"


def slug_of(title):
    """Return the words of a title as they stand in a URL."""
    text = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80] or "entry"


def visible(text):
    """Return text with line ends as they are kept, and without what no feed may hold (XML 1.0, 2.2)."""
    text = text.replace("\r\n", "\n")  # as forms send it
    return re.sub(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


class Store:
    """Authors and entries in the database; every call runs in the one thread of its connection."""

    def __init__(self, connect):
        self.executor = ThreadPoolExecutor(1)
        self._connect = connect
        self._db = None

    @run_on_executor
    def open(self):
        self._db = self._connect()
        is_mysql = self._db.database is not None
        increment = "AUTO_INCREMENT" if is_mysql else "AUTOINCREMENT"
        for statement in (AUTHORS, ENTRIES):
            self._db.execute(statement.format(increment=increment))

    @run_on_executor
    def close(self):
        self._db.close()

    @run_on_executor
    def has_author(self):
        return self._db.get("SELECT id FROM authors LIMIT 1") is not None

    @run_on_executor
    def author(self, number):
        return self._db.get("SELECT id, email, name FROM authors WHERE id = %s", number)

    @run_on_executor
    def add_author(self, email, name, password):
        """Return the new author's number, or None where there is an author already."""
        if self._db.get("SELECT id FROM authors LIMIT 1") is not None:
            return None
        return self._db.execute(
            "INSERT INTO authors (email, name, password) VALUES (%s, %s, %s)",
            *(email, name, hash_password(password, os.urandom(16))),
        )

    @run_on_executor
    def check_password(self, email, password):
        """Return the author's number, or None; it takes as long where the address is unknown."""
        row = self._db.get("SELECT id, password FROM authors WHERE email = %s", email)
        kept = row.password if row else hash_password("", b"nobody")
        given = hash_password(password, bytes.fromhex(kept.split("$")[0]))
        return row.id if hmac.compare_digest(kept, given) and row else None

    @run_on_executor
    def entries(self, limit):
        return self._db.query(JOINED + " ORDER BY e.published DESC, e.id DESC LIMIT %s", limit)

    @run_on_executor
    def entry(self, slug):
        return self._db.get(JOINED + " WHERE e.slug = %s", slug)

    @run_on_executor
    def entry_by_number(self, number):
        return self._db.get("SELECT * FROM entries WHERE id = %s", number)

    @run_on_executor
    def add_entry(self, author, title, content):
        """Return the new entry's slug; a number is added to one that is taken."""
        slug = slug_of(title)
        published = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        for attempt in range(1, 1000):
            candidate = slug if attempt == 1 else f"{slug}-{attempt}"
            try:
                self._db.execute(
                    "INSERT INTO entries (author_id, slug, title, content, published)"
                    " VALUES (%s, %s, %s, %s, %s)",
                    *(author, candidate, title, content, published),
                )
                return candidate
            except IntegrityError:
                continue
        raise ValueError(f"there are too many entries called {slug!r}")

    @run_on_executor
    def change_entry(self, number, title, content):
        self._db.execute(
            "UPDATE entries SET title = %s, content = %s WHERE id = %s", title, content, number
        )


class BlogHandler(tornado.web.RequestHandler):
    """What the pages share: the store, and the author who is signed in."""

    @property
    def store(self):
        return self.settings["store"]

    async def prepare(self):
        number = self.get_signed_cookie("author")
        self.current_user = await self.store.author(int(number)) if number else None

    def sign_in(self, number):
        self.set_signed_cookie("author", str(number), httponly=True, samesite="Lax")
        next_page = self.get_argument("next", "/")
        # Only a path of this site: anything else would send the author wherever a link says.
        # Browsers drop tabs and line ends, so nothing but visible ASCII may follow either.
        is_ours = re.fullmatch(r"/(?![/\\])[\x21-\x7e]*", next_page)
        self.redirect(next_page if is_ours else "/")


class HomeHandler(BlogHandler):
    async def get(self):
        if not await self.store.has_author():
            self.redirect("/auth/create")
            return
        self.render("home.html", entries=await self.store.entries(ENTRIES_ON_FRONT_PAGE))


class EntryHandler(BlogHandler):
    async def get(self, slug):
        entry = await self.store.entry(slug)
        if entry is None:
            raise tornado.web.HTTPError(404)
        self.render("entry.html", entry=entry)


class ArchiveHandler(BlogHandler):
    async def get(self):
        self.render("archive.html", entries=await self.store.entries(1000))


class FeedHandler(BlogHandler):
    async def get(self):
        self.set_header("Content-Type", "application/atom+xml; charset=UTF-8")
        self.render("feed.xml", entries=await self.store.entries(10))


class ComposeHandler(BlogHandler):
    @tornado.web.authenticated
    async def get(self):
        entry = await self.entry_of_author(self.get_argument("id", ""))
        self.render("compose.html", entry=entry, problem=None)

    async def entry_of_author(self, number):
        """Return the author's own entry of this number; None where no number is given."""
        if not number:
            return None
        entry = await self.store.entry_by_number(int(number)) if number.isdecimal() else None
        if entry is None or entry.author_id != self.current_user.id:
            raise tornado.web.HTTPError(404)
        return entry

    @tornado.web.authenticated
    async def post(self):
        title = visible(self.get_body_argument("title", ""))
        content = visible(self.get_body_argument("content", ""))
        entry = await self.entry_of_author(self.get_body_argument("id", ""))
        if not (0 < len(title) <= MAX_TITLE_LENGTH and 0 < len(content) <= MAX_CONTENT_LENGTH):
            self.set_status(400)
            problem = f"An entry has a title of 1 to {MAX_TITLE_LENGTH} letters, and a text."
            kept = Row(id=entry.id if entry else "", title=title, content=content)
            self.render("compose.html", entry=kept, problem=problem)
            return
        if entry is None:
            slug = await self.store.add_entry(self.current_user.id, title, content)
        else:
            await self.store.change_entry(entry.id, title, content)
            slug = entry.slug
        self.redirect("/entry/" + slug)


class CreateAuthorHandler(BlogHandler):
    async def get(self):
        if await self.store.has_author():
            raise tornado.web.HTTPError(404)
        self.render("create_author.html", problem=None)

    async def post(self):
        password = self.get_body_argument("password", "", strip=False)
        email = self.get_body_argument("email", "")
        name = self.get_body_argument("name", "")
        if len(password) < MIN_PASSWORD_LENGTH or "@" not in email or not name:
            self.set_status(400)
            problem = f"A name, an address and a password of {MIN_PASSWORD_LENGTH} letters, please."
            self.render("create_author.html", problem=problem)
            return
        number = await self.store.add_author(email[:100], name[:100], password)
        if number is None:
            raise tornado.web.HTTPError(404)
        self.sign_in(number)


class LoginHandler(BlogHandler):
    async def get(self):
        self.render("login.html", problem=None)

    async def post(self):
        password = self.get_body_argument("password", "", strip=False)
        number = await self.store.check_password(self.get_body_argument("email", ""), password)
        if number is None:
            self.set_status(403)
            self.render("login.html", problem="The address or the password is wrong.")
            return
        self.sign_in(number)


class LogoutHandler(BlogHandler):
    async def post(self):
        self.clear_cookie("author")
        self.redirect("/")


class EntryModule(tornado.web.UIModule):
    def render(self, entry):
        return self.render_string("modules/entry.html", entry=entry)


def make_application(store, debug=False):
    return tornado.web.Application(
        [
            (r"/", HomeHandler),
            (r"/archive", ArchiveHandler),
            (r"/feed", FeedHandler),
            (r"/entry/([a-z0-9-]+)", EntryHandler),
            (r"/compose", ComposeHandler),
            (r"/auth/create", CreateAuthorHandler),
            (r"/auth/login", LoginHandler),
            (r"/auth/logout", LogoutHandler),
        ],
        store=store,
        cookie_secret=os.environ.get("BLOG_COOKIE_SECRET") or os.urandom(32).hex(),
        login_url="/auth/login",
        template_path=HERE / "templates",
        static_path=HERE / "static",
        ui_modules={"Entry": EntryModule},
        xsrf_cookies=True,
        debug=debug,
    )


def connect():
    """Return a connection to the database that the options name."""
    if options.mysql_host:
        login = (options.mysql_database, options.mysql_user, options.mysql_password)
        return Connection(options.mysql_host, *login)
    return Connection(options.database)


async def main():
    tornado.options.parse_command_line()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    store = Store(connect)
    await store.open()
    server = make_application(store, options.debug).listen(options.port, options.address)
    print(f"blog listens on http://{options.address}:{options.port}/", flush=True)
    await stop.wait()
    await server.drain(timeout=5)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main())
