"""Where a server must not be able to send a client."""

import pytest


@pytest.mark.parametrize(
    "location",
    [
        "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
        "HTTP+UNIX://%2Ftmp%2Fsocket/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "ftp://127.0.0.1/",
        "javascript:alert(1)",
        "ws://127.0.0.1/",
    ],
)
def test_no_other_scheme(run, make_client, serve, respond, location):
    async def main():
        async with serve(lambda r: respond(302, headers=[("Location", location)])) as server:
            async with make_client() as client:
                with pytest.raises(ValueError, match="Unsupported url scheme in redirect"):
                    await client.fetch(server.url)
                assert len(server.requests) == 1

    run(main)
