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


@pytest.mark.parametrize(
    "name", ["Authorization", "Cookie", "Proxy-Authorization", "proxy-authorization", "Cookie2"]
)
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_no_secrets_for_another_origin(run, make_client, serve, respond, name, code):
    """A field that the application set itself goes no further than it was meant to."""

    async def main():
        async with serve(lambda r: respond(body=b"other")) as other:
            redirect = respond(code, headers=[("Location", other.url + "/there")])
            async with serve(lambda r: redirect) as server, make_client() as client:
                answer = await client.fetch(server.url, headers={name: "secret", "X-Kept": "1"})
                assert answer.body == b"other"
                assert server.requests[0].headers[name.lower()] == "secret"
                assert name.lower() not in other.requests[0].headers
                assert other.requests[0].headers["x-kept"] == "1"

    run(main)


def test_no_credentials_of_one_request_on_the_connection_of_another(
    run, make_client, serve, respond
):
    async def main():
        async with serve(lambda r: respond(body=b"x")) as server, make_client() as client:
            url = f"http://one:word@127.0.0.1:{server.port}/"
            await client.fetch(url, headers={"Cookie": "id=1"})
            await client.fetch(server.url + "/a", auth_username="two", auth_password="word")
            await client.fetch(server.url + "/b", headers={"Authorization": "Bearer x"})
            await client.fetch(server.url + "/c")
            fields = [each.headers for each in server.requests]
            assert [each.get("authorization") for each in fields] == [
                "Basic b25lOndvcmQ=",
                "Basic dHdvOndvcmQ=",
                "Bearer x",
                None,
            ]
            assert [each.get("cookie") for each in fields] == ["id=1", None, None, None]

    run(main)
