"""Sessions that are lost, shared or used for two things at once, and what the next query finds."""

from __future__ import annotations

import gc
import os
import threading
import warnings

import pymysql
import pytest

from tornado.database import Connection, OperationalError

# Which one is PyMySQL's choice, by its version.
DO_NOT_FIT = (TypeError, pymysql.err.ProgrammingError)

NUMBERS = "SELECT 1 AS n UNION SELECT 2 UNION SELECT 3"


@pytest.fixture
def mysql(mariadb):
    with Connection(mariadb.host, **mariadb.login) as connection:
        yield connection


@pytest.fixture
def other(mariadb):
    with Connection(mariadb.host, **mariadb.login) as connection:
        yield connection


@pytest.fixture
def many(mysql):
    """A table of more than a socket's buffers hold, so that its rows have to be fetched."""
    mysql.execute("CREATE TEMPORARY TABLE many (n INTEGER, text TEXT)")
    mysql.execute("INSERT INTO many SELECT seq, REPEAT('x', 1000) FROM seq_1_to_20000")
    return mysql


def session_of(db):
    return db.get("SELECT CONNECTION_ID() AS id").id


def kill(other, number):
    other.execute("KILL %s", number)


# ---- a session that the server ended ----


def test_a_session_that_ends_while_rows_are_fetched(many, other, caplog):
    number = session_of(many)
    rows = many.iter("SELECT * FROM many")
    next(rows)
    kill(other, number)
    with pytest.raises(OperationalError):
        list(rows)
    assert "failed" in caplog.text
    assert session_of(many) != number


@pytest.mark.parametrize("call", ["query", "execute", "executemany"])
def test_a_session_that_ended_before(mysql, other, call):
    number = session_of(mysql)
    kill(other, number)
    with pytest.raises(OperationalError):
        for _ in range(3):
            if call == "executemany":
                mysql.executemany("SELECT %s", [[1]])
            else:
                getattr(mysql, call)("SELECT 1")
    assert session_of(mysql) != number


@pytest.mark.parametrize("streaming", [False, True])
def test_a_session_whose_socket_is_gone(mysql, streaming):
    mysql._engine._session._force_close()
    with pytest.raises(OperationalError, match="Lost connection"):
        list((mysql.iter if streaming else mysql.query)("SELECT 1"))
    assert mysql.get("SELECT 1 AS n").n == 1


def test_an_early_end_of_a_lost_result_is_quiet(many, other):
    number = session_of(many)
    rows = many.iter("SELECT * FROM many")
    next(rows)
    kill(other, number)
    rows.close()
    assert session_of(many) != number


def test_packets_out_of_order(mysql):
    number = session_of(mysql)
    mysql._engine._session._next_seq_id = 7
    mysql._engine._session._read_query_result = lambda unbuffered=False: (
        mysql._engine._session._read_packet()
    )
    with pytest.raises(OperationalError):
        mysql._engine._session._write_bytes(b"\x01\x00\x00\x00\x0e")
        mysql._engine._session._next_seq_id = 5
        mysql.query("SELECT 1")
    assert session_of(mysql) != number


def test_two_threads_for_a_moment(mysql):
    errors = []

    def work():
        for number in range(50):
            try:
                mysql.query("SELECT %s AS n", number)
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        gc.collect()
    # Afterwards at most one statement fails: the one that finds the session lost.
    for _ in range(2):
        try:
            assert mysql.get("SELECT 1 AS n").n == 1
        except OperationalError:
            continue
    assert mysql.get("SELECT 2 AS n").n == 2


def test_an_interrupt_drops_the_session(mysql):
    number = session_of(mysql)

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    mysql._engine._session._read_query_result = interrupted
    with pytest.raises(KeyboardInterrupt):
        mysql.query("SELECT 1")
    assert session_of(mysql) != number


@pytest.mark.parametrize(
    ("query", "parameters", "error"),
    [
        ("SELECT %s, %s", [1], DO_NOT_FIT),
        ("SELECT %d", ["x"], DO_NOT_FIT),
        ("SELEKT 1", [], pymysql.err.ProgrammingError),
        ("SELECT * FROM nonesuch", [], pymysql.err.ProgrammingError),
    ],
)
def test_errors_of_a_statement_leave_the_session_alone(mysql, query, parameters, error):
    number = session_of(mysql)
    with pytest.raises(error):
        mysql.query(query, *parameters)
    assert session_of(mysql) == number


def test_parameters_that_do_not_fit_executemany(mysql):
    number = session_of(mysql)
    with pytest.raises(DO_NOT_FIT):
        mysql.executemany("SELECT %s, %s", [[1]])
    assert session_of(mysql) == number


# ---- two results at once ----


def test_a_query_inside_iter_is_no_silent_end(mysql):
    seen = []
    with pytest.raises(pymysql.err.ProgrammingError, match="cut short"):
        for row in mysql.iter(NUMBERS):
            seen.append(row.n)
            assert mysql.get("SELECT 9 AS x").x == 9
    assert seen == [1]
    assert len(mysql.query(NUMBERS)) == 3


@pytest.mark.parametrize("end", ["close", "reconnect"])
def test_a_connection_that_is_closed_inside_iter(many, end):
    rows = many.iter("SELECT seq FROM seq_1_to_1000")
    next(rows)
    getattr(many, end)()
    with pytest.raises(pymysql.err.ProgrammingError, match="cut short"):
        list(rows)


def test_a_second_iter_inside_iter(mysql):
    outer = mysql.iter(NUMBERS)
    assert next(outer).n == 1
    assert [row.n for row in mysql.iter(NUMBERS)] == [1, 2, 3]
    with pytest.raises(pymysql.err.ProgrammingError):
        next(outer)


def test_a_query_behind_the_last_row_is_fine(mysql):
    seen = []
    for row in mysql.iter("SELECT 1 AS n"):
        seen.append(row.n)
        mysql.get("SELECT 9 AS x")
    assert seen == [1]


def test_an_iterator_that_nobody_finishes(many):
    next(many.iter("SELECT * FROM many"))
    gc.collect()
    kept = many.iter("SELECT * FROM many")
    next(kept)
    assert many.get("SELECT 1 AS n").n == 1


def test_sqlite_holds_several_results():
    with Connection(":memory:") as db:
        seen = [(row.n, db.get("SELECT 9 AS x").x) for row in db.iter(NUMBERS)]
    assert seen == [(1, 9), (2, 9), (3, 9)]


# ---- children of this process ----


def in_children(count, work):
    """Return what `work` returned in each of several children, as text."""
    pipes = []
    for number in range(count):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                text = str(work(number))
            except BaseException as error:
                text = repr(error)
            os.write(writing, text.encode())
            os._exit(0)
        os.close(writing)
        pipes.append((pid, reading))
    results = []
    for pid, reading in pipes:
        with os.fdopen(reading) as file:
            results.append(file.read())
        os.waitpid(pid, 0)
    return results


@pytest.fixture
def quiet_forks(monkeypatch):
    # Python 3.12 warns of forks in processes with threads.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


@pytest.mark.usefixtures("quiet_forks")
def test_children_have_sessions_of_their_own(mysql):
    number = session_of(mysql)

    def work(child):
        found = {mysql.get("SELECT %s AS n, CONNECTION_ID() AS id", child).n for _ in range(50)}
        return found, session_of(mysql) != number

    assert in_children(3, work) == [f"({{{child}}}, True)" for child in range(3)]
    assert session_of(mysql) == number


@pytest.mark.usefixtures("quiet_forks")
@pytest.mark.parametrize("action", ["nothing", "close", "reconnect", "delete", "iterate"])
def test_a_child_leaves_the_parents_session_alone(many, action):
    number = session_of(many)
    holder = [many]
    rows = many.iter("SELECT n FROM many ORDER BY n")
    assert next(rows).n == 1

    def work(child):
        nonlocal rows
        if action == "close":
            many.close()
        elif action == "reconnect":
            many.reconnect()
        elif action == "delete":
            holder.clear()
            del rows
            gc.collect()
        elif action == "iterate":
            return [row.n for row in rows]
        return "done"

    (told,) = in_children(1, work)
    assert "ProgrammingError" in told if action == "iterate" else told == "done"
    assert [row.n for row in rows] == list(range(2, 20001))
    assert session_of(many) == number


@pytest.mark.usefixtures("quiet_forks")
def test_children_of_sqlite(tmp_path):
    with Connection(f"sqlite:///{tmp_path}/test.db") as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE t (n INTEGER)")

        def work(child):
            db.execute("INSERT INTO t VALUES (%s)", child)
            db.close()
            return db.get("SELECT n FROM t WHERE n = %s", child).n

        assert in_children(3, work) == ["0", "1", "2"]
        assert [row.n for row in db.query("SELECT n FROM t ORDER BY n")] == [0, 1, 2]


@pytest.mark.usefixtures("quiet_forks")
def test_a_database_in_memory_is_copied_to_children():
    with Connection(":memory:") as db:
        db.execute("CREATE TABLE t (n INTEGER)")
        db.execute("INSERT INTO t VALUES (7)")
        assert in_children(2, lambda child: db.get("SELECT n FROM t").n) == ["7", "7"]


# ---- nothing to do ----


@pytest.mark.parametrize("engine", ["mysql", "sqlite"])
@pytest.mark.parametrize("rows", [[], (), iter([])])
def test_executemany_without_rows(request, engine, rows):
    db = request.getfixturevalue("mysql") if engine == "mysql" else Connection(":memory:")
    with db:
        db.execute("CREATE TEMPORARY TABLE t (n INTEGER)")
        assert db.executemany("INSERT INTO t VALUES (%s)", rows) == 0
        assert db.executemany_lastrowid("INSERT INTO t VALUES (%s)", rows) == 0
        assert db.executemany_rowcount("INSERT INTO t VALUES (%s)", rows) == 0
        assert db.query("SELECT * FROM t") == []
