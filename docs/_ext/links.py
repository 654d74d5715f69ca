"""A folder of finished HTML pages goes in; a line for each link that cannot be right comes out.

Nothing is fetched. A link within the site has to lead to a file, and its fragment to an element of
that page; a link that leaves the site has to be well formed.
"""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Pages that the theme makes and that hold no text of ours.
GENERATED = frozenset({"genindex.html", "py-modindex.html", "search.html"})


class _Page(HTMLParser):
    """The anchors of a page, and its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[tuple[int, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value)
            elif name in ("href", "src"):
                self.links.append((self.getpos()[0], value))


def problems(site: Path) -> Iterator[str]:
    """Yield what is wrong with the links of all pages below ``site``."""
    pages = {path: _Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        if path.name in GENERATED or "_static" in path.parts:
            continue
        for line, link in page.links:
            problem = outward(link) if _leaves(link) else _inward(path, link, pages)
            if problem:
                yield f"{path.relative_to(site)}:{line}: {link}: {problem}"


def _leaves(link: str) -> bool:
    return link.startswith("//") or ":" in link.partition("/")[0].partition("#")[0]


def outward(link: str) -> str | None:
    """Return what is wrong with a link that leaves the site, ``None`` if nothing is."""
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme in ("mailto", "data"):
        return None
    if parts.scheme not in ("http", "https"):
        return "neither http nor https"
    host = parts.hostname or ""
    is_local = host == "localhost" or host.startswith("127.")
    if not is_local and ("." not in host.strip(".") or ".." in host):
        return "no host name"
    if any(character.isspace() or character in '<>"{}|\\^`' for character in link):
        return "characters that a URL cannot hold"
    return "port 0" if port == 0 else None


def _inward(path: Path, link: str, pages: dict[Path, _Page]) -> str | None:
    parts = urlsplit(link)
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return "no such file"
    fragment = unquote(parts.fragment)
    if fragment and target in pages and fragment not in pages[target].anchors:
        return "no such anchor"
    return None
