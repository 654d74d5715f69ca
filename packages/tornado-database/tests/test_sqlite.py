import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._database.sqlite import path_of, translate
from tornado.database import Connection, IntegrityError, OperationalError


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (":memory:", ":memory:"),
        ("sqlite://", ":memory:"),
        ("sqlite:///blog.db", "blog.db"),
        ("sqlite:////var/lib/blog.db", "/var/lib/blog.db"),
        ("localhost", None),
        ("/run/mysqld.sock", None),
    ],
)
def test_path_of(host, expected):
    assert path_of(host) == expected


def test_a_sqlite_host_is_refused():
    with pytest.raises(ValueError, match="sqlite:///path"):
        path_of("sqlite://server/blog.db")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT %s, %s", "SELECT ?, ?"),
        ("SELECT %(a)s", "SELECT :a"),
        ("SELECT 10 %% 3", "SELECT 10 % 3"),
        ("SELECT '%s', \"%s\", `%s`", "SELECT '%s', \"%s\", `%s`"),
        ("SELECT 'it''s %s' || %s", "SELECT 'it''s %s' || ?"),
        ("LIKE 'a%%'", "LIKE 'a%'"),
        ("SELECT 1 -- %s\n, %s", "SELECT 1 -- %s\n, ?"),
        ("SELECT /* %s\n%s */ %s", "SELECT /* %s\n%s */ ?"),
    ],
)
def test_translate(query, expected):
    assert translate(query) == expected


@given(st.text())
def test_any_text_goes_in_and_comes_out(text):
    # SQLite's own text ends at a NUL only in its functions; lone surrogates are no UTF-8.
    text = text.encode("utf-8", "ignore").decode("utf-8")
    with Connection(":memory:") as db:
        assert db.get("SELECT %s AS text", text).text == text


def test_a_file_keeps_its_rows(tmp_path):
    host = f"sqlite:///{tmp_path}/blog.db"
    with Connection(host) as db:
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
        db.execute("INSERT INTO t VALUES (%s)", 7)
    with Connection(host) as db:
        assert db.query("SELECT id FROM t") == [{"id": 7}]


def test_a_file_that_cannot_be_opened(tmp_path, caplog):
    db = Connection(f"sqlite:///{tmp_path}/no/such/folder/x.db")
    assert "cannot connect" in caplog.text
    with pytest.raises(OperationalError):
        db.query("SELECT 1")


def test_foreign_keys_are_checked():
    with Connection(":memory:") as db:
        db.execute("CREATE TABLE a (id INTEGER PRIMARY KEY)")
        db.execute("CREATE TABLE b (a INTEGER REFERENCES a (id))")
        with pytest.raises(IntegrityError):
            db.execute("INSERT INTO b VALUES (1)")


def test_an_error_keeps_a_database_in_memory(caplog):
    with Connection(":memory:") as db:
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
        with pytest.raises(OperationalError):
            db.query("SELECT nothing FROM nowhere")
        assert "failed" in caplog.text
        assert db.query("SELECT * FROM t") == []


def test_many_rows_go_in_whole_or_not_at_all():
    with Connection(":memory:") as db:
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
        with pytest.raises(IntegrityError):
            db.executemany("INSERT INTO t VALUES (%s)", [[1], [2], [1]])
        assert db.query("SELECT * FROM t") == []
