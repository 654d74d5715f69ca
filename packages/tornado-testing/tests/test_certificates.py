import os
import socket
import ssl
import threading
from datetime import datetime, timezone

import pytest

from tornado._testing.certificates import certificate_files, make_certificate


@pytest.mark.parametrize("name", ["127.0.0.1", "::1", "localhost"])
def test_a_verifying_client_accepts_it(name):
    certificate, key = certificate_files()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cafile=certificate)
    ours, theirs = socket.socketpair()

    def serve():
        with server.wrap_socket(theirs, server_side=True) as secure:
            secure.sendall(b"hello")

    thread = threading.Thread(target=serve)
    thread.start()
    with client.wrap_socket(ours, server_hostname=name) as secure:
        received = secure.recv(100)
    thread.join()
    assert received == b"hello"


def test_another_name_is_refused():
    certificate, key = certificate_files()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cafile=certificate)
    ins = [ssl.MemoryBIO() for _ in range(2)]
    a = server.wrap_bio(ins[0], ins[1], server_side=True)
    b = client.wrap_bio(ins[1], ins[0], server_hostname="example.com")
    with pytest.raises(ssl.SSLCertVerificationError):
        for _ in range(4):
            for side in (b, a):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    pass


def test_files_are_made_once_and_the_key_is_private():
    files = certificate_files()
    assert certificate_files() == files
    assert os.stat(files[1]).st_mode & 0o077 == 0


def test_every_certificate_is_another():
    now = datetime(2030, 1, 1, tzinfo=timezone.utc)
    assert make_certificate(now) != make_certificate(now)


def test_the_validity_surrounds_the_time_given(tmp_path):
    now = datetime(2030, 1, 15, 12, tzinfo=timezone.utc)
    path = tmp_path / "c.pem"
    path.write_text(make_certificate(now)[0])
    context = ssl.create_default_context(cafile=str(path))
    (row,) = context.get_ca_certs()
    assert row["notBefore"] == "Jan 13 12:00:00 2030 GMT"
    assert row["notAfter"] == "Jan 17 12:00:00 2030 GMT"
