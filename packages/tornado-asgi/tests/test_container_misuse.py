"""Applications that do what they should not, or what few do: on Tornado's server."""

import asyncio
import contextlib
import logging

import pytest

from tornado.asgi import ASGIContainer
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

START = {"type": "http.response.start", "status": 200, "headers": []}
BODY = {"type": "http.response.body", "body": b"body"}
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def errors(caplog):
    """Return what the application's log says."""
    return [record for record in caplog.records if record.name != "tornado.access"]


def run(application, scenario):
    """Serve ``application`` and run ``scenario`` with a function that connects to it."""

    async def work():
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(ASGIContainer(application))
        server.add_sockets(sockets)
        address = sockets[0].getsockname()
        try:
            return await asyncio.wait_for(scenario(lambda: asyncio.open_connection(*address)), 30)
        finally:
            server.stop()
            await server.close_all_connections()

    return asyncio.run(work())


async def close(writer):
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def ask(connect):
    """Send a request; return all that comes back until the server closes the connection."""
    reader, writer = await connect()
    writer.write(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    response = await reader.read()
    await close(writer)
    return response


def test_several_tasks_that_receive_all_hear_of_the_client_that_left():
    heard = []

    async def application(scope, receive, send):
        assert (await receive())["type"] == "http.request"

        async def listen():
            heard.append((await receive())["type"])

        tasks = [asyncio.ensure_future(listen()) for _ in range(3)]
        heard.append("listening")
        await asyncio.wait(tasks)
        heard.append("end")

    async def scenario(connect):
        _, writer = await connect()
        writer.write(GET)
        while not heard:
            await asyncio.sleep(0.001)
        await close(writer)
        while "end" not in heard:
            await asyncio.sleep(0.001)

    run(application, scenario)
    assert heard == ["listening", *["http.disconnect"] * 3, "end"]


def test_one_of_several_receivers_that_is_cancelled_takes_nothing_from_the_others():
    parts = []

    async def application(scope, receive, send):
        cancelled = asyncio.ensure_future(receive())
        other = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        cancelled.cancel()
        parts.append("ready")
        parts.append((await other)["body"])
        await send(START)
        await send(BODY)

    async def scenario(connect):
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n")
        writer.write(b"a\r\n0\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        await close(writer)
        return head

    assert run(application, scenario).startswith(b"HTTP/1.1 200 ")
    assert parts[0] == "ready"


class LetGoError(Exception):
    """What a framework makes of the news that the client has gone."""


def plain(error):
    raise error


def wrapped(error):
    raise LetGoError from error


def in_context(error):
    try:
        raise error
    except OSError:
        raise LetGoError  # noqa: B904  # on purpose


@pytest.mark.parametrize("raise_it", [plain, wrapped, in_context])
def test_a_client_that_left_is_no_error_in_the_log(raise_it, caplog):
    ended = []

    async def application(scope, receive, send):
        await send(START)
        try:
            while True:
                await send({**BODY, "body": b"x" * 65536, "more_body": True})
        except OSError as error:
            ended.append(True)
            raise_it(error)

    async def scenario(connect):
        reader, writer = await connect()
        writer.write(GET)
        await reader.readexactly(100)
        await close(writer)
        while not ended:
            await asyncio.sleep(0.001)

    with caplog.at_level(logging.WARNING):
        run(application, scenario)
    assert [record.getMessage() for record in errors(caplog)] == []


def test_another_error_after_the_client_left_is_logged(caplog):
    async def application(scope, receive, send):
        await receive()
        await receive()
        raise KeyError("of its own")

    async def scenario(connect):
        _, writer = await connect()
        writer.write(GET)
        await close(writer)
        while "KeyError" not in caplog.text:
            await asyncio.sleep(0.001)

    run(application, scenario)


@pytest.mark.parametrize(
    "messages",
    [
        [BODY],
        [START, START],
        [{"type": "http.response.trailers", "headers": []}],
        [{**START, "trailers": True}, {"type": "http.response.trailers", "headers": []}],
        [START, {"type": "http.response.early_hint", "links": [b"</a>"]}],
        [START, {"type": "http.response.pathsend", "path": "/"}],
        [START, {"type": "http.response.pathsend", "path": "/does/not/exist"}],
        [{"type": "http.response.pathsend", "path": __file__}],
        [START, {"type": "http.response.body", "body": "text"}],
        [START, {"type": "websocket.send", "text": "a"}],
        [{"type": "http.response.start"}, BODY],
        [{}],
        [],
        [START],
    ],
    ids=str,
)
def test_500_for_messages_out_of_place(messages, caplog):
    async def application(scope, receive, send):
        for message in messages:
            await send(dict(message))

    response = run(application, ask)
    assert response.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert response.endswith(b"\r\n\r\nInternal Server Error")
    assert [record.levelname for record in errors(caplog)] == ["ERROR"]


def test_messages_after_the_end_are_errors_and_change_nothing(caplog):
    raised = []

    async def application(scope, receive, send):
        await send(START)
        await send(BODY)
        for message in (START, BODY):
            try:
                await send(message)
            except RuntimeError as error:
                raised.append(str(error))

    assert run(application, ask).endswith(b"\r\n\r\nbody")
    assert raised == [
        "a second http.response.start",
        "http.response.body after the end of the response",
    ]


def test_the_connection_is_closed_where_the_application_asks_for_it():
    async def application(scope, receive, send):
        await send({**START, "headers": [(b"connection", b"close")]})
        await send(BODY)

    async def scenario(connect):
        reader, writer = await connect()
        writer.write(GET)
        response = await reader.read()  # to the end, which comes without ours
        await close(writer)
        return response

    assert b"\r\nConnection: close\r\n" in run(application, scenario)


def test_an_application_that_cancels_itself(caplog):
    async def application(scope, receive, send):
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    async def scenario(connect):
        first = await ask(connect)
        return first, await ask(connect)

    for response in run(application, scenario):
        assert response.startswith(b"HTTP/1.1 500 ")


def test_many_and_large_headers_of_a_response():
    headers = [(b"x-%d" % number, b"v" * 100) for number in range(2000)]

    async def application(scope, receive, send):
        await send({**START, "headers": headers})
        await send(BODY)

    response = run(application, ask)
    assert response.count(b"\r\nX-") == 2000
    assert response.endswith(b"\r\n\r\nbody")
