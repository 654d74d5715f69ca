"""What the application gives to be called: in which context it runs, and what its result may be."""

import asyncio
import contextvars
import io

import pytest

from tornado.httpclient import HTTPRequest
from tornado.simple_httpclient import HTTPStreamClosedError

pytestmark = pytest.mark.filterwarnings("error")

caller = contextvars.ContextVar("caller", default=None)


def test_callbacks_run_in_the_context_of_their_own_caller(run, make_client, serve, respond):
    """Also those of a fetch that had to wait, and of one that uses another one's connection."""
    seen = {}

    def note(number, what):
        seen.setdefault(number, {}).setdefault(what, set()).add(caller.get())

    async def fetch(client, url, number):
        caller.set(number)

        async def produce(write):
            note(number, "producer")
            await write(b"x")
            note(number, "producer later")

        async def take(chunk):
            note(number, "streaming")
            await asyncio.sleep(0)
            note(number, "streaming later")

        done = asyncio.get_running_loop().create_future()

        def finished(response):
            note(number, "callback")
            done.set_result(response)

        client.fetch(
            HTTPRequest(
                url,
                method="PUT",
                body_producer=produce,
                streaming_callback=take,
                header_callback=lambda line: note(number, "header"),
                prepare_curl_callback=lambda curl: note(number, "curl"),
            ),
            callback=finished,
        )
        (await done).rethrow()

    async def main():
        async with serve(lambda r: respond(body=b"y")) as server:
            async with make_client(max_clients=1) as client:
                numbers = range(1, 5)
                await asyncio.gather(*[fetch(client, server.url, number) for number in numbers])
                for number in numbers:
                    assert set(seen[number]) >= {
                        "producer",
                        "producer later",
                        "streaming",
                        "streaming later",
                        "header",
                        "callback",
                    }
                    assert {frozenset(each) for each in seen[number].values()} == {
                        frozenset({number})
                    }

    run(main)


@pytest.mark.parametrize("result", [5, True, b"x", "x", [1], {"a": 1}, (1,), object(), 0.5])
def test_results_that_cannot_be_awaited_are_ignored(run, make_client, serve, respond, result):
    async def main():
        async with serve(lambda r: respond(body=b"content")) as server, make_client() as client:

            def produce(write):
                write(b"x")
                return result

            response = await client.fetch(
                server.url,
                method="PUT",
                body_producer=produce,
                streaming_callback=lambda chunk: result,
                header_callback=lambda line: result,
            )
            assert response.code == 200
            assert server.requests[0].body == b"x"

    run(main)


def test_content_written_to_a_file(run, make_client, serve, respond):
    async def main():
        async with serve(lambda r: respond(body=b"content")) as server, make_client() as client:
            file = io.BytesIO()
            await client.fetch(server.url, streaming_callback=file.write)
            assert file.getvalue() == b"content"

    run(main)


def test_a_cancelled_coroutine_is_no_cancelled_fetch(run, make_client, serve, respond, caplog):
    async def main():
        async with serve(lambda r: respond(body=b"x")) as server, make_client() as client:

            async def take(chunk):
                raise asyncio.CancelledError

            with pytest.raises(HTTPStreamClosedError):
                await client.fetch(server.url, streaming_callback=take)
            [record] = caplog.records
            assert record.getMessage() == "Uncaught exception"

    run(main)
