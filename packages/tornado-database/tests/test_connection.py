"""The same behaviour over both engines, and what only a real server can show."""

import gc
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pymysql
import pytest

import tornado.database
from tornado.database import Connection, IntegrityError, OperationalError, Row


@pytest.fixture(params=["mysql", "sqlite"])
def db(request):
    if request.param == "mysql":
        server = request.getfixturevalue("mariadb")
        connection = Connection(server.host, **server.login)
        connection.execute("DROP TABLE IF EXISTS articles")
        key = "INTEGER PRIMARY KEY AUTO_INCREMENT"
    else:
        connection = Connection(":memory:")
        key = "INTEGER PRIMARY KEY AUTOINCREMENT"
    connection.execute(f"CREATE TABLE articles (id {key}, title VARCHAR(200) UNIQUE)")
    with connection:
        yield connection


@pytest.fixture
def mysql(mariadb):
    with Connection(mariadb.host, **mariadb.login) as connection:
        yield connection


def test_all_names():
    assert sorted(tornado.database.__all__) == [
        "Connection",
        "IntegrityError",
        "OperationalError",
        "Row",
    ]
    assert {Connection.__module__, Row.__module__} == {"tornado.database"}


def test_manual_example(db):
    db.execute("INSERT INTO articles (title) VALUES (%s)", "First")
    titles = []
    for article in db.query("SELECT * FROM articles"):
        titles.append(article.title)
    assert titles == ["First"]


def test_execute_returns_the_new_id(db):
    assert db.execute("INSERT INTO articles (title) VALUES (%s)", "a") == 1
    assert db.execute_lastrowid("INSERT INTO articles (title) VALUES (%s)", "b") == 2


def test_execute_rowcount(db):
    db.executemany("INSERT INTO articles (title) VALUES (%s)", [["a"], ["b"], ["c"]])
    assert db.execute_rowcount("DELETE FROM articles WHERE id > %s", 1) == 2


def test_executemany(db):
    insert = "INSERT INTO articles (title) VALUES (%s)"
    assert db.executemany_rowcount(insert, [["a"], ["b"]]) == 2
    db.executemany(insert, (row for row in [["c"]]))
    db.executemany_lastrowid(insert, [["d"], ["e"]])
    assert [row.title for row in db.query("SELECT title FROM articles ORDER BY id")] == list(
        "abcde"
    )


def test_get(db):
    assert db.get("SELECT * FROM articles") is None
    db.executemany("INSERT INTO articles (title) VALUES (%s)", [["a"], ["b"]])
    assert db.get("SELECT * FROM articles WHERE title = %s", "b") == {"id": 2, "title": "b"}
    with pytest.raises(ValueError, match="2 rows, expected at most 1"):
        db.get("SELECT * FROM articles")


def test_named_parameters(db):
    row = db.get("SELECT %(b)s AS b, %(a)s AS a", a=1, b=2)
    assert row == {"a": 1, "b": 2}


def test_percent_signs_with_and_without_parameters(db):
    db.execute("INSERT INTO articles (title) VALUES (%s)", "50%")
    assert db.get("SELECT id FROM articles WHERE title LIKE '5%%'").id == 1
    assert db.get("SELECT id FROM articles WHERE title LIKE '5%%' AND id = %s", 1).id == 1
    assert db.get("SELECT id FROM articles WHERE title LIKE '5%'").id == 1


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE articles; -- ", "\\' OR 1=1", "%s %(x)s %%", "日本 🎉"]
)
def test_parameters_never_become_syntax(db, text):
    db.execute("INSERT INTO articles (title) VALUES (%s)", text)
    assert db.get("SELECT title FROM articles WHERE title = %s", text).title == text


def test_iter_gives_rows_one_by_one(db):
    db.executemany("INSERT INTO articles (title) VALUES (%s)", [[str(n)] for n in range(50)])
    rows = db.iter("SELECT * FROM articles ORDER BY id")
    assert next(rows) == {"id": 1, "title": "0"}
    assert sum(1 for _ in rows) == 49
    assert db.get("SELECT COUNT(*) AS n FROM articles").n == 50


def test_an_iterator_left_early_leaves_the_connection_usable(db):
    db.executemany("INSERT INTO articles (title) VALUES (%s)", [[str(n)] for n in range(50)])
    rows = db.iter("SELECT * FROM articles")
    next(rows)
    rows.close()
    assert db.get("SELECT COUNT(*) AS n FROM articles").n == 50


def test_integrity_error(db):
    db.execute("INSERT INTO articles (title) VALUES (%s)", "a")
    with pytest.raises(IntegrityError):
        db.execute("INSERT INTO articles (title) VALUES (%s)", "a")
    assert db.get("SELECT COUNT(*) AS n FROM articles").n == 1


def test_a_wrong_statement(db):
    with pytest.raises(pymysql.err.DatabaseError):
        db.query("SELEKT 1")
    assert db.get("SELECT 1 AS one").one == 1


def test_a_closed_connection_opens_again(mysql):
    mysql.close()
    mysql.close()
    assert mysql.get("SELECT 1 AS one").one == 1


def test_a_statement_commits_by_itself(mysql, mariadb):
    mysql.execute("CREATE TABLE IF NOT EXISTS c (id INTEGER PRIMARY KEY)")
    mysql.execute("REPLACE INTO c VALUES (1)")
    with Connection(mariadb.host, **mariadb.login) as other:
        assert other.get("SELECT id FROM c").id == 1


def test_the_session_is_utc_utf8_and_strict(mysql):
    row = mysql.get("SELECT @@session.time_zone AS zone, @@character_set_client AS charset")
    assert row == {"zone": "+00:00", "charset": "utf8mb4"}
    mysql.execute("CREATE TABLE IF NOT EXISTS narrow (n TINYINT)")
    with pytest.raises(pymysql.err.DataError):
        mysql.execute("INSERT INTO narrow VALUES (%s)", 1000)


def test_a_unix_socket(mariadb):
    with Connection(mariadb.unix_socket, **mariadb.login) as db:
        assert db.get("SELECT 1 AS one").one == 1


def test_an_idle_connection_is_opened_anew(mariadb):
    with Connection(mariadb.host, max_idle_time=3600, **mariadb.login) as db:
        first = db.get("SELECT CONNECTION_ID() AS id").id
        assert db.get("SELECT CONNECTION_ID() AS id").id == first
        db._last_use_time -= 3601
        assert db.get("SELECT CONNECTION_ID() AS id").id != first


def test_a_server_that_hung_up_is_logged_raised_and_tried_again(mysql, mariadb, caplog):
    with Connection(mariadb.host, **mariadb.login) as other:
        mysql.execute("SET SESSION wait_timeout = 1")
        other.execute(f"KILL {mysql.get('SELECT CONNECTION_ID() AS id').id}")
    with pytest.raises(OperationalError):
        mysql.query("SELECT 1")
    assert f"the database on {mariadb.host} failed" in caplog.text
    assert mysql.get("SELECT 1 AS one").one == 1


def test_a_refused_login_is_logged_then_raised(mariadb, caplog):
    login = {**mariadb.login, "password": "wrong"}
    db = Connection(mariadb.host, **login)
    assert f"cannot connect to the database on {mariadb.host}" in caplog.text
    assert "wrong" not in caplog.text
    with pytest.raises(OperationalError):
        db.query("SELECT 1")


def test_nobody_listens(caplog):
    db = Connection("127.0.0.1:1", "nothing")
    assert "cannot connect" in caplog.text
    with pytest.raises(OperationalError):
        db.reconnect()


def test_a_dropped_connection_closes_itself(mariadb):
    db = Connection(mariadb.host, **mariadb.login)
    number = db.get("SELECT CONNECTION_ID() AS id").id
    del db
    gc.collect()
    left = "SELECT id FROM information_schema.processlist WHERE id = %s"
    with Connection(mariadb.host, **mariadb.login) as other:
        # The server notices a moment after the client hung up.
        deadline = time.monotonic() + 10
        while other.query(left, number) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert other.query(left, number) == []


def test_in_an_executor_of_one_thread():
    db = Connection(":memory:")
    with ThreadPoolExecutor(1) as executor:
        row = executor.submit(db.get, "SELECT 1 AS one").result()
        where = executor.submit(threading.get_ident).result()
    assert row.one == 1
    assert where != threading.get_ident()
    db.close()


def test_refused_arguments_leave_nothing_behind():
    code = (
        "from tornado.database import Connection\n"
        "try: Connection('db:port')\n"
        "except ValueError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert (done.stdout[:8], done.stderr) == ("the port", "")
