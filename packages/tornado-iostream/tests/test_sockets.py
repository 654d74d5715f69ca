"""Listening sockets: addresses, ports, families, unix paths."""

import errno
import os
import socket
import stat

import pytest

from tornado._netutil import sockets as sockets_module
from tornado.netutil import bind_sockets, bind_unix_socket, is_valid_ip


def close_all(sockets):
    for sock in sockets:
        sock.close()


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_all_interfaces_share_one_free_port():
    sockets = bind_sockets(0)
    try:
        assert len({sock.getsockname()[1] for sock in sockets}) == 1
        assert {sock.family for sock in sockets} >= {socket.AF_INET}
        for sock in sockets:
            assert sock.gettimeout() == 0
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            assert not os.get_inheritable(sock.fileno())
    finally:
        close_all(sockets)


@pytest.mark.skipif(not has_ipv6(), reason="needs IPv6")
def test_both_families():
    sockets = bind_sockets(0, "")
    try:
        assert {sock.family for sock in sockets} == {socket.AF_INET, socket.AF_INET6}
    finally:
        close_all(sockets)
    (only,) = bind_sockets(0, "::1", family=socket.AF_INET6)
    with only:
        assert only.getsockname()[0] == "::1"


def test_one_family():
    (sock,) = bind_sockets(0, "localhost", family=socket.AF_INET)
    with sock:
        assert sock.getsockname()[0] == "127.0.0.1"


def test_addresses_that_the_resolver_repeats(monkeypatch):
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: [entry, entry])
    (sock,) = bind_sockets(0, "twice")
    sock.close()


def test_a_free_port_that_is_taken_in_the_other_family(monkeypatch):
    entries = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: entries)
    real_bind = sockets_module._bind_all
    failures = [OSError(errno.EADDRINUSE, "taken"), OSError(errno.EADDRINUSE, "taken")]

    def flaky(*args):
        if failures:
            raise failures.pop()
        return real_bind(*args)

    monkeypatch.setattr(sockets_module, "_bind_all", flaky)
    sockets = bind_sockets(0)
    assert len({sock.getsockname()[1] for sock in sockets}) == 1
    close_all(sockets)


def test_a_taken_port():
    (first,) = bind_sockets(0, "127.0.0.1")
    with first, pytest.raises(OSError, match="in use"):
        bind_sockets(first.getsockname()[1], "127.0.0.1")


def test_nothing_stays_open_after_a_failure(monkeypatch):
    (first,) = bind_sockets(0, "127.0.0.1")
    port = first.getsockname()[1]
    entries = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))
        for host in ("127.0.0.2", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: entries)
    before = len(os.listdir("/proc/self/fd"))
    with first:
        with pytest.raises(OSError, match="in use"):
            bind_sockets(port)
        assert len(os.listdir("/proc/self/fd")) == before


def test_an_address_without_an_interface_is_left_out(monkeypatch):
    entries = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: entries)
    (sock,) = bind_sockets(0)
    sock.close()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: entries[1:])
    with pytest.raises(OSError, match="assign"):
        bind_sockets(0)


def test_a_family_that_the_kernel_lacks(monkeypatch):
    entries = [(socket.AF_INET, 9999, 0, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: entries)

    def unsupported(*args):
        raise OSError(errno.EAFNOSUPPORT, "not supported")

    monkeypatch.setattr(sockets_module.socket_module, "socket", unsupported)
    with pytest.raises(OSError, match="no address"):
        bind_sockets(0)


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="needs SO_REUSEPORT")
def test_reuse_port():
    (first,) = bind_sockets(0, "127.0.0.1", reuse_port=True)
    with first:
        (second,) = bind_sockets(first.getsockname()[1], "127.0.0.1", reuse_port=True)
        second.close()


def test_reuse_port_where_there_is_none(monkeypatch):
    monkeypatch.delattr(socket, "SO_REUSEPORT")
    with pytest.raises(ValueError, match="REUSEPORT"):
        bind_sockets(0, reuse_port=True)


def test_flags_and_backlog():
    (sock,) = bind_sockets(
        0, "127.0.0.1", backlog=None, flags=socket.AI_PASSIVE | socket.AI_NUMERICHOST
    )
    sock.close()
    with pytest.raises(socket.gaierror):
        bind_sockets(0, "localhost", flags=socket.AI_NUMERICHOST)


def test_unix_socket(tmp_path):
    path = tmp_path / "socket"
    with bind_unix_socket(path) as first:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert first.gettimeout() == 0
    # The file stays behind when a server ends; the next server takes its place.
    with bind_unix_socket(str(path), mode=0o666):
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


@pytest.mark.parametrize("what", ["file", "directory", "link"])
def test_only_sockets_are_removed(tmp_path, what):
    path = tmp_path / "there"
    if what == "file":
        path.write_text("precious")
    elif what == "directory":
        path.mkdir()
    else:
        path.symlink_to("/nowhere")
    with pytest.raises(ValueError, match="exists and is not a socket"):
        bind_unix_socket(path)
    assert os.path.lexists(path)


def test_abstract_unix_socket():
    name = f"\0tornado-test-{os.getpid()}"
    with bind_unix_socket(name), socket.socket(socket.AF_UNIX) as client:
        client.connect(name)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("127.0.0.1", True),
        ("4.4.4.4", True),
        ("::1", True),
        ("2620:0:1cfe:face:b00c::3", True),
        ("www.google.com", False),
        ("localhost", False),
        ("4.4.4.4<", False),
        (" 127.0.0.1", False),
        ("", False),
        (" ", False),
        ("\n", False),
        ("\x00", False),
        ("127.0.0.1\x00", False),
        ("a" * 300, False),
        ("\udc80", False),
        ("\uff11.2.3.4", False),
        ("1\u30022.3.4", False),
        ("fe80::\xb2", False),
        ("::1%\xb2", False),
    ],
)
def test_is_valid_ip(text, wanted):
    assert is_valid_ip(text) is wanted


def test_a_platform_without_unix_sockets(monkeypatch, tmp_path):
    monkeypatch.delattr(socket, "AF_UNIX")
    with pytest.raises(OSError, match="no unix sockets"):
        bind_unix_socket(tmp_path / "socket")
