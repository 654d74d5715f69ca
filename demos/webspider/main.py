"""A crawler: follows the links of one host, several pages at a time, and prints what it found.

usage: python main.py --url=http://...  [--concurrency=10] [--max_pages=100] [--timeout=60]
       python main.py [--port=0]        crawls a small site that it serves itself

Ends with status 0, or with 1 where no page at all could be read or the time was up.
"""

import asyncio
import sys
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import quote, urldefrag, urljoin, urlsplit

import tornado.options
import tornado.web
from tornado.httpclient import AsyncHTTPClient, HTTPError
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.options import define, options
from tornado.queues import Queue
from tornado.util import TimeoutError

define("url", default="", help="where to start; nothing: a small site of the demo's own")
define("concurrency", default=10, type=int, help="how many pages are fetched at the same time")
define("max_pages", default=100, type=int, help="how many addresses are asked for at most")
define("timeout", default=60.0, type=float, help="seconds until the crawl is given up")
define("port", default=0, type=int, help="the port of the demo's own site; 0: any free one")

REDIRECTS = (301, 302, 303, 307, 308)
MAX_PAGE_SIZE = 4 * 1024 * 1024  # bytes
DEFAULT_PORTS = {"http": 80, "https": 443}
# What quote() leaves as it is: everything that means something in an address.
URL_CHARACTERS = "%/:=&?~#+!$,;'@()*[]"


class LinkParser(HTMLParser):
    """Gathers the addresses that the page's <a href> name, and its <base href>."""

    def __init__(self):
        super().__init__()
        self.base = ""
        self.links = []

    def handle_starttag(self, tag, attributes):
        href = dict(attributes).get("href")
        if href is None:
            return
        if tag == "a":
            self.links.append(href)
        elif tag == "base" and not self.base:
            self.base = href


def absolute(base, link):
    """Return the whole address of `link`, without a fragment; None where it is no address."""
    try:
        return quote(urldefrag(urljoin(base, link.strip())).url, safe=URL_CHARACTERS)
    except ValueError:
        return None


def host_of(url):
    """Return scheme, host and port of `url`; None where it has none that can be crawled."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None


def links_of(url, html):
    """Return the addresses that a page links to."""
    parser = LinkParser()
    parser.feed(html)
    parser.close()
    base = absolute(url, parser.base) or url
    return [found for link in parser.links if (found := absolute(base, link))]


class Spider:
    """Crawls from one address; `pages` and `errors` tell what came of each one."""

    def __init__(self, start, concurrency, max_pages):
        self.start = start
        self.host = host_of(start)
        self.concurrency = concurrency
        self.max_pages = max_pages
        self.seen = set()
        self.pages = []
        self.errors = {}
        self.redirects = 0
        self.queue = Queue()
        self.client = AsyncHTTPClient(
            force_instance=True, max_clients=concurrency, max_body_size=MAX_PAGE_SIZE
        )

    async def crawl(self, seconds):
        """Visit all that can be reached; return whether it was done in `seconds`."""
        self.add(self.start)
        workers = [asyncio.create_task(self.work(seconds)) for _ in range(self.concurrency)]
        try:
            await self.queue.join(timeout=timedelta(seconds=seconds))
        except TimeoutError:
            return False
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            self.client.close()
        return True

    def add(self, url):
        """Queue `url` if it is new, of this host, and not one too many."""
        if url not in self.seen and len(self.seen) < self.max_pages and host_of(url) == self.host:
            self.seen.add(url)
            self.queue.put_nowait(url)

    async def work(self, seconds):
        async for url in self.queue:
            try:
                await self.visit(url, seconds)
            except Exception as error:
                self.errors[url] = str(error) or type(error).__name__
            finally:
                self.queue.task_done()

    async def visit(self, url, seconds):
        # Redirects are links like others, so that they cannot lead to another host.
        response = await self.client.fetch(
            url, raise_error=False, follow_redirects=False, request_timeout=seconds
        )
        if response.code in REDIRECTS and "Location" in response.headers:
            self.redirects += 1
            self.add(absolute(url, response.headers["Location"]))
            return
        if response.error is not None:
            raise response.error
        if response.code != 200:
            raise HTTPError(response.code, response=response)
        self.pages.append(url)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            for link in links_of(url, response.body.decode("utf-8", "replace")):
                self.add(link)

    def report(self):
        """Print the errors and one line of counts."""
        for url, error in sorted(self.errors.items()):
            print(f"error: {url}: {error}")
        print(
            f"{len(self.pages)} pages, {self.redirects} redirects, {len(self.errors)} errors"
            f" of {len(self.seen)} addresses",
            flush=True,
        )


# A site with what a crawler meets: circles, relative links, other hosts, a redirect, a dead link.
SITE = {
    "/": '<a href="trees/">Trees</a> <a href="about.html#us">About</a> <a href="/moved">Old</a>'
    ' <a href="http://elsewhere.invalid/">Elsewhere</a> <a href="mailto:a@b.invalid">Mail</a>',
    "/about.html": '<a href="./">Home</a> <a href="gone.html">Gone</a> <a href="http://[">?</a>',
    "/trees/": '<a href="oak.html">Oak</a> <a href="oak.html#leaf">Leaf</a> <a href="öl baum">Olive</a>',
    "/trees/oak.html": '<a href="../about.html">About</a> <a href="?page=2">More</a>',
    "/trees/öl baum": '<base href="/trees/"><a href="oak.html">Oak</a>',
}


class PageHandler(tornado.web.RequestHandler):
    def get(self, path):
        if path not in SITE:
            raise tornado.web.HTTPError(404)
        self.write(f"<!DOCTYPE html><title>{path}</title>{SITE[path]}")


def serve_site(port):
    """Serve SITE on the loopback; return the server and its address."""
    application = tornado.web.Application(
        [
            ("/moved", tornado.web.RedirectHandler, {"url": "/trees/"}),
            ("(/.*)", PageHandler),
        ]
    )
    sockets = bind_sockets(port, "127.0.0.1")
    server = HTTPServer(application)
    server.add_sockets(sockets)
    return server, f"http://127.0.0.1:{sockets[0].getsockname()[1]}/"


async def main():
    server = None
    url = options.url
    if not url:
        server, url = serve_site(options.port)
    try:
        print(f"webspider crawls {url}", flush=True)
        spider = Spider(absolute(url, ""), options.concurrency, options.max_pages)
        in_time = await spider.crawl(options.timeout)
    finally:
        if server is not None:
            await server.drain(timeout=1)
    spider.report()
    if not in_time:
        print("the time was up")
    return 0 if in_time and spider.pages else 1


if __name__ == "__main__":
    tornado.options.parse_command_line()
    if options.url and host_of(options.url) is None:
        sys.exit(f"--url={options.url} is not an http or https address")
    if options.concurrency < 1 or options.max_pages < 1 or options.timeout <= 0:
        sys.exit("--concurrency, --max_pages and --timeout have to be above 0")
    try:
        sys.exit(asyncio.run(main()))
    except KeyboardInterrupt:
        sys.exit(130)
