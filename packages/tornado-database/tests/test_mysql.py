import socket

import pytest

from tornado._database.mysql import MySQLEngine, parse_host
from tornado.database import OperationalError


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", {"host": "localhost", "port": 3306}),
        ("db.example:3307", {"host": "db.example", "port": 3307}),
        ("127.0.0.1:1", {"host": "127.0.0.1", "port": 1}),
        ("[::1]:3308", {"host": "::1", "port": 3308}),
        ("[::1]", {"host": "::1", "port": 3306}),
        ("2001:db8::1", {"host": "2001:db8::1", "port": 3306}),
        ("/run/mysqld/mysqld.sock", {"unix_socket": "/run/mysqld/mysqld.sock"}),
        ("./mysql.sock", {"unix_socket": "./mysql.sock"}),
    ],
)
def test_host_forms(host, expected):
    assert parse_host(host) == expected


@pytest.mark.parametrize("host", ["db:", "db:x", "db:0", "db:65536", "db:-1", "[::1]:x", "db:٣"])
def test_bad_ports_are_refused(host):
    with pytest.raises(ValueError, match="port"):
        parse_host(host)


def test_errors_of_connecting_name_the_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        # Bound and not listening: refused.
        with pytest.raises(OperationalError) as caught:
            MySQLEngine(f"127.0.0.1:{port}", None, "nobody", None)
    assert caught.value.args[0] == 2003
    assert f"127.0.0.1:{port}" in caught.value.args[1]
