#!/usr/bin/env python3
"""Clients at 64 fetches at a time from one fast local server: CPU per fetch and fetches a second.

usage: python3 benchmarks/httpclient.py [--rounds N] [--only NAME] [--json FILE]
"""

from __future__ import annotations

import harness
from harness import Contestant, Figures

FETCHES = 4000

SERVER = """
import asyncio
ANSWER = (
    b"HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: 13\\r\\n"
    b"Server: fixed\\r\\nDate: Sat, 01 Jan 2022 00:00:00 GMT\\r\\n\\r\\nHello, world!"
)
class Fixed(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        self.transport.write(ANSWER * data.count(b"\\r\\n\\r\\n"))
async def main():
    server = await asyncio.get_running_loop().create_server(Fixed, "127.0.0.1", 0)
    print("PORT", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

# What all contestants do: 64 workers share the fetches; figures go out as JSON.
COMMON = """
import asyncio, json, sys, time
url = f"http://127.0.0.1:{sys.argv[1]}/"
if "uvloop" in sys.argv:
    import uvloop
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
async def measure(fetch, count=int(sys.argv[2])):
    async def work(turns):
        for _ in turns:
            await fetch()
    async def run(turns):
        await asyncio.gather(*[work(turns) for _ in range(64)])
    await run(iter(range(256)))
    cpu, wall = time.process_time(), time.perf_counter()
    await run(iter(range(count)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(json.dumps({"cpu": cpu / count * 1e6, "rate": count / wall}))
"""

TORNADO = """
from tornado.httpclient import AsyncHTTPClient
async def main():
    kind = "curl_httpclient.Curl" if "curl" in sys.argv else "simple_httpclient.Simple"
    AsyncHTTPClient.configure(f"tornado.{kind}AsyncHTTPClient", max_clients=64)
    client = AsyncHTTPClient()
    async def fetch():
        assert len((await client.fetch(url)).body) == 13
    await measure(fetch)
    client.close()
asyncio.run(main())
"""

AIOHTTP = """
import aiohttp
async def main():
    async with aiohttp.ClientSession() as session:
        async def fetch():
            async with session.get(url) as response:
                assert len(await response.read()) == 13
        await measure(fetch)
asyncio.run(main())
"""

HTTPX = """
import httpx
async def main():
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx.AsyncClient(limits=limits) as client:
        async def fetch():
            assert len((await client.get(url)).content) == 13
        await measure(fetch)
asyncio.run(main())
"""


def main() -> None:
    options = harness.arguments(__doc__.splitlines()[0]).parse_args()
    sources = {
        "fixed_server.py": SERVER,
        "fetch_tornado.py": COMMON + TORNADO,
        "fetch_aio.py": COMMON + AIOHTTP,
        "fetch_httpx.py": COMMON + HTTPX,
    }
    with harness.scripts(sources) as script:
        ours = harness.ours("pycurl")
        released = harness.environment(["tornado==6.5.2", "pycurl"])
        server = Contestant("server", [released, script("fixed_server.py")])
        with harness.Server(server, core=1) as running:
            common = [str(running.port), str(FETCHES)]

            def tornado(python: str, *words: str) -> list[str]:
                return [python, script("fetch_tornado.py"), *common, *words]

            contestants = harness.chosen(
                [
                    Contestant("this project, simple", tornado(ours)),
                    Contestant("this project, simple, uvloop", tornado(ours, "uvloop")),
                    Contestant("this project, curl", tornado(ours, "curl")),
                    Contestant("Tornado 6.5, simple", tornado(released)),
                    Contestant("Tornado 6.5, curl", tornado(released, "curl")),
                    Contestant(
                        "aiohttp",
                        [harness.environment(["aiohttp"]), script("fetch_aio.py"), *common],
                    ),
                    Contestant(
                        "httpx",
                        [harness.environment(["httpx"]), script("fetch_httpx.py"), *common],
                    ),
                ],
                options.only,
            )
            figures = harness.micro(contestants, rounds=options.rounds)
    cpu: Figures = {"64 at a time": figures["cpu"]}
    rate: Figures = {"64 at a time": figures["rate"]}
    print(harness.table("Client CPU", "microseconds per fetch", cpu))
    print(harness.table("Fetches", "per second", rate, more_is_better=True))
    if options.json:
        harness.save(options.json, "httpclient", {"cpu_us_per_fetch": cpu, "fetches_per_s": rate})


if __name__ == "__main__":
    main()
