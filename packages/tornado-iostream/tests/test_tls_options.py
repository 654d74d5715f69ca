"""TLS options into contexts; and names against certificates."""

import socket
import ssl

import pytest

from tornado.netutil import (
    SSLCertificateError,
    ssl_match_hostname,
    ssl_options_to_context,
    ssl_wrap_socket,
)


def test_a_context_is_returned_as_it_is():
    context = ssl.create_default_context()
    assert ssl_options_to_context(context) is context


def test_clients_verify():
    for options in ({}, {"cert_reqs": ssl.CERT_REQUIRED}):
        context = ssl_options_to_context(options, server_side=False)
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    context = ssl_options_to_context({"cert_reqs": ssl.CERT_NONE}, server_side=False)
    assert context.verify_mode == ssl.CERT_NONE
    assert not context.check_hostname


def test_servers_ask_for_certificates_only_when_told(certificates):
    context = ssl_options_to_context({"certfile": certificates.cert_file}, server_side=True)
    assert context.verify_mode == ssl.CERT_NONE
    options = {
        "certfile": certificates.cert_file,
        "cert_reqs": ssl.CERT_OPTIONAL,
        "ca_certs": certificates.authority_file,
    }
    assert ssl_options_to_context(options, server_side=True).verify_mode == ssl.CERT_OPTIONAL


def test_the_side_is_guessed(certificates):
    assert ssl_options_to_context({}).protocol == ssl.PROTOCOL_TLS_CLIENT
    context = ssl_options_to_context({"certfile": certificates.cert_file})
    assert context.protocol == ssl.PROTOCOL_TLS_SERVER


@pytest.mark.parametrize("name", ["PROTOCOL_TLSv1", "PROTOCOL_TLSv1_1", "PROTOCOL_SSLv23"])
def test_old_versions_are_raised(name):
    context = ssl_options_to_context({"ssl_version": getattr(ssl, name, 99)}, server_side=False)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_exactly_tls_1_2():
    context = ssl_options_to_context({"ssl_version": ssl.PROTOCOL_TLSv1_2}, server_side=False)
    assert context.maximum_version == ssl.TLSVersion.TLSv1_2


def test_ciphers():
    context = ssl_options_to_context({"ciphers": "ECDHE-RSA-AES128-GCM-SHA256"}, server_side=False)
    names = [cipher["name"] for cipher in context.get_ciphers()]
    assert "ECDHE-RSA-AES128-GCM-SHA256" in names
    assert "ECDHE-RSA-AES256-GCM-SHA384" not in names
    with pytest.raises(ssl.SSLError):
        ssl_options_to_context({"ciphers": "NO-SUCH"}, server_side=False)


def test_what_is_not_an_option():
    with pytest.raises(ValueError, match="unknown ssl_options certificate"):
        ssl_options_to_context({"certificate": "x"})
    with pytest.raises(FileNotFoundError):
        ssl_options_to_context({"certfile": "/nowhere.pem"})


def test_wrapping(certificates):
    left, right = socket.socketpair()
    with (
        ssl_wrap_socket(
            left,
            {"certfile": certificates.cert_file},
            server_side=True,
            do_handshake_on_connect=False,
        ) as server,
        ssl_wrap_socket(
            right,
            {"ca_certs": certificates.authority_file},
            "localhost",
            do_handshake_on_connect=False,
        ) as client,
    ):
        assert server.server_side
        assert not client.server_side
        assert client.server_hostname == "localhost"


def test_wrapping_without_a_name():
    left, right = socket.socketpair()
    with left, right, pytest.raises(ValueError, match="server_hostname"):
        ssl_wrap_socket(left, {}, do_handshake_on_connect=False)


CERT = {
    "subject": ((("commonName", "common.example.com"),),),
    "subjectAltName": (
        ("DNS", "www.example.com"),
        ("DNS", "*.sub.example.com"),
        ("DNS", "*.com"),
        ("IP Address", "192.0.2.1"),
        ("IP Address", "2001:DB8:0:0:0:0:0:1"),
    ),
}


@pytest.mark.parametrize(
    "name",
    ["www.example.com", "WWW.Example.Com", "a.sub.example.com", "192.0.2.1", "2001:db8::1"],
)
def test_names_that_match(name):
    ssl_match_hostname(CERT, name)


@pytest.mark.parametrize(
    "name",
    [
        "example.com",
        "common.example.com",
        "sub.example.com",
        ".sub.example.com",
        "a.b.sub.example.com",
        "other.com",
        "192.0.2.2",
        "2001:db8::2",
        "",
    ],
)
def test_names_that_do_not(name):
    with pytest.raises(SSLCertificateError, match="doesn't match"):
        ssl_match_hostname(CERT, name)


def test_an_empty_certificate():
    with pytest.raises(ValueError, match="empty"):
        ssl_match_hostname({}, "www.example.com")
