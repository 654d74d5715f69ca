"""Users and entries in, rows out: what the blog keeps, in SQLite or MySQL, by SQL that both understand."""

import hashlib
import hmac
import os
import re
import secrets
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from tornado import database
from tornado.concurrent import run_on_executor

MAX_SLUG_LENGTH = 80

# Times are milliseconds since 1970, because the engines disagree about dates.
SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id CHAR(32) NOT NULL PRIMARY KEY,
    login VARCHAR(100) NOT NULL UNIQUE,
    name VARCHAR(100) NOT NULL,
    password VARCHAR(255) NOT NULL
);
CREATE TABLE IF NOT EXISTS entries (
    slug VARCHAR(100) NOT NULL PRIMARY KEY,
    user_id CHAR(32) NOT NULL,
    title VARCHAR(200) NOT NULL,
    body MEDIUMTEXT NOT NULL,
    published BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    UNIQUE (published, slug),
    FOREIGN KEY (user_id) REFERENCES users (id)
)
"""
ENTRIES = (
    "SELECT slug, title, body, published, updated, users.name AS author"
    " FROM entries JOIN users ON users.id = entries.user_id "
)


def now():
    return time.time_ns() // 1_000_000


def slug_of(title):
    """Return the part of a URL that stands for `title`."""
    letters = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii")
    slug = re.sub(r"[^a-z0-9]+", "-", letters.lower())[:MAX_SLUG_LENGTH].strip("-")
    return slug or "entry"


def login_of(name):
    """Return what makes two spellings of a user's name the same."""
    return unicodedata.normalize("NFKC", name).casefold()


class Passwords:
    """Slow hashes, one at a time in a thread of their own, so that queries need not wait for them."""

    # 16 MiB and some 0.2 seconds for each guess.
    COST = {"n": 2**14, "r": 8, "p": 5}

    def __init__(self):
        self.executor = ThreadPoolExecutor(1, thread_name_prefix="passwords")
        # An unknown name costs as much time as a wrong password.
        self._of_nobody = f"{os.urandom(16).hex()}${os.urandom(64).hex()}"

    @run_on_executor
    def hash(self, password):
        """Return the text to store for `password`."""
        salt = os.urandom(16)
        return f"{salt.hex()}${self._derive(password, salt).hex()}"

    @run_on_executor
    def matches(self, password, stored):
        """Tell whether `stored` (None for a user who is not there) was made from `password`."""
        salt, digest = map(bytes.fromhex, (stored or self._of_nobody).split("$"))
        is_same = hmac.compare_digest(self._derive(password, salt), digest)
        return is_same and stored is not None

    def _derive(self, password, salt):
        return hashlib.scrypt(password.encode("utf-8"), salt=salt, **self.COST)

    def close(self):
        self.executor.shutdown()


class Store:
    """The database: one connection and the one thread that uses it."""

    def __init__(self, *where):
        self.executor = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._where = where
        self._db = None

    @run_on_executor
    def open(self):
        """Connect, and create the tables that are not there."""
        self._db = database.Connection(*self._where)
        for statement in SCHEMA.split(";"):
            self._db.execute(statement)

    @run_on_executor
    def _disconnect(self):
        self._db.close()

    async def close(self):
        await self._disconnect()
        self.executor.shutdown()

    @run_on_executor
    def has_users(self):
        return self._db.get("SELECT id FROM users LIMIT 1") is not None

    @run_on_executor
    def user(self, id):
        return self._db.get("SELECT id, name FROM users WHERE id = %s", id)

    @run_on_executor
    def login(self, name):
        """Return the user's id and password hash, or None."""
        return self._db.get("SELECT id, password FROM users WHERE login = %s", login_of(name))

    @run_on_executor
    def add_user(self, name, password, only_first):
        """Add a user and return the id; None where the name is taken, or one is there and `only_first`."""
        # One statement, so that of two who come at the same time one is the first.
        insert = (
            "INSERT INTO users (id, login, name, password) SELECT %s, %s, %s, %s"
            " FROM (SELECT COUNT(*) AS present FROM users) AS counted"
            " WHERE counted.present <= %s"
        )
        id = secrets.token_hex(16)
        most = 0 if only_first else 10**9
        try:
            added = self._db.execute_rowcount(insert, id, login_of(name), name, password, most)
        except database.IntegrityError:
            return None
        return id if added else None

    @run_on_executor
    def latest(self, count):
        return self._db.query(ENTRIES + "ORDER BY published DESC, slug LIMIT %s", count)

    @run_on_executor
    def archive(self):
        return self._db.query(
            "SELECT slug, title, published FROM entries ORDER BY published DESC, slug"
        )

    @run_on_executor
    def entry(self, slug):
        return self._db.get(ENTRIES + "WHERE slug = %s", slug)

    @run_on_executor
    def add_entry(self, user_id, title, body):
        """Publish an entry and return its slug, which is like no other's."""
        moment = now()
        slug = start = slug_of(title)
        number = 1
        while self._db.get("SELECT slug FROM entries WHERE slug = %s", slug):
            number += 1
            slug = f"{start}-{number}"
        self._db.execute(
            "INSERT INTO entries (slug, user_id, title, body, published, updated)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            *(slug, user_id, title, body, moment, moment),
        )
        return slug

    @run_on_executor
    def change_entry(self, slug, title, body):
        """Replace what an entry says; its address and its date stay."""
        self._db.execute(
            "UPDATE entries SET title = %s, body = %s, updated = %s WHERE slug = %s",
            *(title, body, now(), slug),
        )
