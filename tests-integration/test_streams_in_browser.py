"""Streams in a real browser: EventSource with Last-Event-ID, content codings, early hints, uploads."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SITE = '''
import asyncio, json, os, sys
from tornado import web

SEEN = []
CODINGS = {}

class Page(web.RequestHandler):
    def get(self):
        self.send_early_hints("</text/br>; rel=preload; as=fetch; crossorigin")
        self.write("<title>page</title><link rel=icon href='data:,'>")

class Numbers(web.EventStream):
    """Two events, then the connection ends and the browser has to come again."""

    async def events(self):
        SEEN.append(self.last_event_id)
        start = int(self.last_event_id.split("-")[1]) + 1 if self.last_event_id else 0
        await self.send_comment("hello")
        for number in range(start, start + 2):
            yield web.ServerSentEvent(
                {"number": number}, event="number", id=f"n\\u00e4-{number}", retry=20
            )
        if start >= 4:
            yield "over\\nand out"
            await asyncio.Event().wait()

class Refused(web.EventStream):
    def prepare(self):
        SEEN.append("refused")
        self.set_status(204)
        self.finish()

class Text(web.RequestHandler):
    def get(self, coding):
        self.set_header("Cache-Control", "no-store")
        self.write("some text \\u00e4 " * 500)
        self.flush()
        self.write("the end")

    def on_finish(self):
        CODINGS[self.path_args[0]] = self._headers.get("Content-Encoding")

class Upload(web.UploadHandler):
    max_body_size = 1 << 30
    spool_threshold = 1000

    def post(self):
        upload = self.request.files["file"][0]
        self.write({
            "size": upload.size, "name": upload.filename, "note": self.get_body_argument("note"),
            "last": upload.body[-1],
        })

class Report(web.RequestHandler):
    def get(self):
        self.write({"seen": SEEN, "codings": CODINGS})

async def main():
    def application(*codings):
        return web.Application([
            ("/", Page), ("/numbers", Numbers), ("/refused", Refused), ("/text/(.*)", Text),
            ("/upload", Upload), ("/report", Report),
        ], compress_response=list(codings), log_function=lambda handler: None)
    for port, codings in zip(sys.argv[1:], (["zstd", "br", "gzip"], ["br"])):
        application(*codings).listen(int(port), "127.0.0.1")
    await asyncio.Event().wait()

asyncio.run(main())
'''

Report = Callable[[str], dict[str, Any]]


@pytest.fixture
def site(run: Any, unused_port: Any, tmp_path: Path) -> Iterator[tuple[list[str], Report]]:
    """The URLs of a site that prefers zstd and of one that has brotli only, and what they saw."""
    (tmp_path / "site.py").write_text(SITE, "utf-8")
    ports = [str(unused_port()) for _ in range(2)]
    urls = [f"http://127.0.0.1:{port}/" for port in ports]

    def report(url: str) -> dict[str, Any]:
        with urllib.request.urlopen(url + "report") as response:
            found: dict[str, Any] = json.load(response)
        return found

    with run([sys.executable, str(tmp_path / "site.py"), *ports], urls[1] + "report"):
        yield urls, report


def script(browser: Any, source: str) -> Any:
    """Run JavaScript in the page that calls ``done`` with its result, and return that."""
    browser.set_script_timeout(20)
    return browser.execute_async_script(f"const done = arguments[0];{source}")


def test_an_event_source_reconnects_where_it_was(site: Any, chromium: Any) -> None:
    (url, _), report = site
    browser = chromium()
    browser.get(url)
    assert browser.title == "page"  # after its early hints
    found = script(
        browser,
        """
        const found = [], source = new EventSource("/numbers")
        source.addEventListener("number", event =>
            found.push([event.lastEventId, JSON.parse(event.data).number]))
        source.onmessage = event => { source.close(); done([found, event.data]) }
        """,
    )
    numbers = [[f"n\u00e4-{number}", number] for number in range(6)]
    assert found == [numbers, "over\nand out"]
    assert report(url)["seen"] == ["", "n\u00e4-1", "n\u00e4-3"]


def test_an_event_source_stops_at_204(site: Any, chromium: Any) -> None:
    (url, _), report = site
    browser = chromium()
    browser.get(url)
    state = script(
        browser,
        """
        const source = new EventSource("/refused")
        source.onerror = () => setTimeout(() => done(source.readyState), 100)
        """,
    )
    assert state == 2  # CLOSED
    assert report(url)["seen"] == ["refused"]


def test_a_browser_decodes_what_it_negotiated(site: Any, chromium: Any) -> None:
    urls, report = site
    browser = chromium()
    for url, coding in zip(urls, ("zstd", "br"), strict=True):
        browser.get(url)
        text = script(browser, f'fetch("/text/{coding}").then(r => r.text()).then(done)')
        assert text == "some text \u00e4 " * 500 + "the end"
        assert report(url)["codings"][coding] == coding


def test_a_large_upload_shows_its_progress(site: Any, chromium: Any) -> None:
    (url, _), _ = site
    browser = chromium()
    browser.get(url)
    steps, response = script(
        browser,
        """
        const form = new FormData(), size = 20_000_000
        form.append("note", "gr\u00fc\u00dfe")
        form.append("file", new File([new Uint8Array(size).fill(7)], "l\u00e4rge.bin"))
        const request = new XMLHttpRequest(), steps = []
        request.upload.onprogress = event => steps.push(event.loaded / event.total)
        request.onload = () => done([steps, JSON.parse(request.response)])
        request.open("POST", "/upload")
        request.send(form)
        """,
    )
    assert response == {
        "size": 20_000_000,
        "name": "l\u00e4rge.bin",
        "note": "gr\u00fc\u00dfe",
        "last": 7,
    }
    assert steps == sorted(steps)
    assert steps[-1] == 1
