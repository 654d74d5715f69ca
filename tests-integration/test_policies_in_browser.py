"""Policies that browsers enforce: what a page of another origin may do with a site that allows some."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SITE = """
import asyncio, sys
from tornado import web
from tornado.middleware import CORS

class Page(web.RequestHandler):
    def get(self):
        self.write("<title>page</title><link rel=icon href='data:,'>")

class Notes(web.RequestHandler):
    def get(self):
        self.set_header("X-Count", "3")
        self.set_header("X-Hidden", "4")
        self.write("notes of " + self.get_cookie("user", "nobody"))

    def put(self):
        self.write("kept " + self.request.headers["X-Version"])

    def delete(self):
        self.write("deleted")

async def main():
    pages, api = sys.argv[1:]
    allowed = CORS(
        [f"http://127.0.0.1:{pages}"], methods=["PUT"], headers=["X-Version"], expose=["X-Count"],
        credentials=True,
    )
    web.Application([("/", Page)], log_function=print).listen(int(pages), "127.0.0.1")
    web.Application([("/notes", Notes)], middleware=[allowed], log_function=print).listen(
        int(api), "127.0.0.1"
    )
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def origins(run: Any, unused_port: Any, tmp_path: Path) -> Iterator[tuple[int, int]]:
    """The ports of the pages and of the site that they use."""
    (tmp_path / "site.py").write_text(SITE, "utf-8")
    pages, api = unused_port(), unused_port()
    command = [sys.executable, str(tmp_path / "site.py"), str(pages), str(api)]
    with run(command, f"http://127.0.0.1:{api}/notes"):
        yield pages, api


def fetch(browser: Any, url: str, options: str) -> Any:
    """Fetch ``url`` in the page; return the text and two header fields, or "refused"."""
    browser.set_script_timeout(20)
    return browser.execute_async_script(
        f"""
        const done = arguments[0];
        fetch("{url}", {options}).then(
            async response => done([
                await response.text(),
                response.headers.get("X-Count"), response.headers.get("X-Hidden"),
            ]),
            () => done("refused"),
        );
        """
    )


def test_pages_of_an_allowed_origin(origins: tuple[int, int], chromium: Any) -> None:
    pages, api = origins
    url = f"http://127.0.0.1:{api}/notes"
    browser = chromium()
    browser.get(f"http://127.0.0.1:{pages}/")
    browser.add_cookie({"name": "user", "value": "ann"})  # for all ports of this host
    assert fetch(browser, url, "{}") == ["notes of nobody", "3", None]
    assert fetch(browser, url, "{credentials: 'include'}") == ["notes of ann", "3", None]
    put = "{method: 'PUT', headers: {'X-Version': '7'}}"
    assert fetch(browser, url, put)[0] == "kept 7"
    assert fetch(browser, url, "{method: 'DELETE'}") == "refused"
    other_field = "{method: 'PUT', headers: {'X-Version': '7', 'X-Other': '1'}}"
    assert fetch(browser, url, other_field) == "refused"


def test_pages_of_another_origin(origins: tuple[int, int], chromium: Any) -> None:
    pages, api = origins
    browser = chromium()
    browser.get(f"http://localhost:{pages}/")  # another host name is another origin
    url = f"http://127.0.0.1:{api}/notes"
    assert fetch(browser, url, "{}") == "refused"
    assert fetch(browser, url, "{method: 'PUT', headers: {'X-Version': '7'}}") == "refused"
