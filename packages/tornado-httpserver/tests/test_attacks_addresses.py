"""Addresses that a client writes in odd ways, so that whoever compares texts does not know them again."""

import pytest

from tornado._httpserver.context import TrustedProxies, forwarded_from_right
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, ResponseStartLine


def tell_peer(request):
    body = request.remote_ip.encode("latin-1")
    request.connection.write_headers(
        ResponseStartLine("HTTP/1.1", 200, "OK"),
        HTTPHeaders({"Content-Length": str(len(body))}),
        body,
    )
    request.connection.finish()


@pytest.mark.parametrize(
    "address",
    [
        "127.1",
        "1",
        "2130706433",
        "0x7f.0.0.1",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.1 x",
        "127.0.0.1%eth0",
        "\xe9",
        "fe80::\xb2",
        "\xb9::1",
        "fe80::1%1",
        "fe80::1%lo",
        "fe80::1%lo:<b>",
        "a" * 300,
    ],
)
@pytest.mark.parametrize(
    "field", ["X-Real-Ip: {}", "X-Forwarded-For: 4.4.4.4, {}", 'Forwarded: for="{}"']
)
def test_only_the_usual_form_counts(run, listen, field, address):
    request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{}\r\n\r\n"

    async def main():
        running = listen(tell_peer, xheaders=True)
        data = await running.exchange(request.format(field.format(address)).encode("latin-1"))
        assert data.partition(b"\r\n\r\n")[2] == b"127.0.0.1"
        await running.stop()

    run(main)


def tell_peer_and_scheme(request):
    body = f"{request.remote_ip} {request.protocol}".encode("latin-1")
    request.connection.respond(200, "OK", HTTPHeaders(), body)


async def seen(listen, *lines, **options):
    running = listen(tell_peer_and_scheme, xheaders=True, **options)
    fields = "".join(f"{line}\r\n" for line in lines)
    request = f"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n"
    data = await running.exchange(request.encode("latin-1"))
    await running.stop()
    return data.partition(b"\r\n\r\n")[2].decode("latin-1")


@pytest.mark.parametrize("way", ["its own line", "appended"])
@pytest.mark.parametrize(
    "forged",
    [
        "x",
        "",
        ",,",
        'for="',
        'for="\\',
        'for="\\\\"',
        "for=1.1.1.1;for=2.2.2.2",
        'for=1.1.1.1;by="a, b',
        "for=1.1.1.1;proto=http;x",
        '"" ; = ,"',
    ],
)
def test_a_client_cannot_void_what_the_proxy_wrote(run, listen, forged, way):
    proxy = "for=203.0.113.9;proto=https"
    lines = (
        [f"Forwarded: {forged}", f"Forwarded: {proxy}"]
        if way == "its own line"
        else [f"Forwarded: {forged}, {proxy}"]
    )

    async def main():
        assert await seen(listen, *lines) == "203.0.113.9 https"

    run(main)


@pytest.mark.parametrize(
    ("lines", "elements"),
    [
        (["for=a, for=b"], [{"for": "b"}, {"for": "a"}]),
        (["for=a,", ",for=b , , "], [{"for": "b"}, {"for": "a"}]),
        (['host="x, for=1.1.1.1";for=b'], [{"host": "x, for=1.1.1.1", "for": "b"}]),
        (['for=a, host="\\", for=\\"c"'], [{"host": '", for="c'}, {"for": "a"}]),
        (["for=a b, for=c"], [{"for": "c"}, {}]),
        (["x" + "," * 60000 + '"'], [{}]),
    ],
)
def test_forwarded_elements(lines, elements):
    assert list(forwarded_from_right(lines)) == elements


@pytest.mark.parametrize(
    ("trusted", "field", "expected"),
    [
        ("2001:db8:0:0::9", "1.1.1.1, 2001:db8::9", "1.1.1.1"),
        ("2001:DB8::A", "1.1.1.1, 2001:db8::a", "1.1.1.1"),
        ("10.0.0.0/8", "1.1.1.1, 10.2.3.4", "1.1.1.1"),
        ("10.0.0.0/8", "1.1.1.1, 11.2.3.4", "11.2.3.4"),
        ("10.0.0.0/8", "1.1.1.1, ::ffff:10.2.3.4", "1.1.1.1"),
        ("::ffff:10.2.3.4", "1.1.1.1, 10.2.3.4", "1.1.1.1"),
        ("2001:db8::/32", "1.1.1.1, [2001:DB8:5::1]:80", "1.1.1.1"),
        ("2001:db8::/32", "1.1.1.1, 2001:db9::1", "2001:db9::1"),
        ("10.0.0.1", "1.1.1.1, 10.0.0.2", "10.0.0.2"),
    ],
)
@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded"])
def test_trusted_proxies_are_compared_as_addresses(run, listen, trusted, field, expected, name):
    if name == "Forwarded":
        field = ", ".join(f'for="{one}"' for one in field.split(", "))

    async def main():
        got = await seen(listen, f"{name}: {field}", trusted_downstream=[trusted])
        assert got == f"{expected} http"

    run(main)


@pytest.mark.parametrize(
    "proxy", ["proxy.example", "10.0.0.0/33", "10.0.0", "", "1.2.3.4/x", "0x7f.1"]
)
def test_what_is_no_address_is_refused_at_construction(proxy):
    with pytest.raises(ValueError, match="neither an IP address nor a network"):
        HTTPServer(tell_peer, trusted_downstream=["10.0.0.1", proxy])


def test_trusted_downstream_is_a_list():
    with pytest.raises(TypeError, match="list of addresses"):
        HTTPServer(tell_peer, trusted_downstream="10.0.0.1")


def test_trusted_proxies_are_still_a_set():
    proxies = TrustedProxies(["10.0.0.1", "2001:DB8::/32"])
    assert set(proxies) == {"10.0.0.1", "2001:DB8::/32"}
    assert "10.0.0.1" in proxies
    assert "10.0.0.2" not in proxies
    assert None not in proxies


def test_a_client_line_before_the_x_real_ip_of_the_proxy(run, listen):
    async def main():
        assert await seen(listen, "X-Real-Ip: x", "X-Real-Ip: 4.4.4.4") == "4.4.4.4 http"

    run(main)
