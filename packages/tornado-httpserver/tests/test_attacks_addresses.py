"""Addresses that a client writes in odd ways, so that whoever compares texts does not know them again."""

import pytest

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
