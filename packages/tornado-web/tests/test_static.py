"""Files under a root: whole, in parts, not at all if the client has them, and never from elsewhere."""

import asyncio
import datetime
import email.utils
import gzip
import hashlib
import os

import pytest

from tornado import gen
from tornado.web import Application, HTTPError, RequestHandler, StaticFileHandler

CONTENT = b"0123456789" * 5
LARGE = os.urandom(1024) * 700


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.txt").write_bytes(CONTENT)
    (root / "empty.txt").write_bytes(b"")
    (root / "large.bin").write_bytes(LARGE)
    (root / "robots.txt").write_bytes(b"User-agent: *")
    (root / "favicon.ico").write_bytes(b"icon")
    (root / "style.css").write_bytes(b"body {}" * 100)
    (root / "dir").mkdir()
    (root / "dir" / "index.html").write_bytes(b"the index")
    (root / "dir" / "f\u00e9 x.txt").write_bytes(b"named")
    os.utime(root / "a.txt", (1600000000.7, 1600000000.7))
    secret = tmp_path / "secret.txt"
    secret.write_bytes(b"secret")
    (tmp_path / "root_sibling").mkdir()
    (tmp_path / "root_sibling" / "s.txt").write_bytes(b"secret")
    return root


@pytest.fixture
def app(root):
    return Application(
        [("/d/(.*)", StaticFileHandler, {"path": str(root), "default_filename": "index.html"})],
        static_path=str(root),
    )


TAG = f'"{hashlib.sha512(CONTENT).hexdigest()}"'
MODIFIED = "Sun, 13 Sep 2020 12:26:40 GMT"


def test_file(fetch, app):
    answer = fetch(app, "/static/a.txt")
    assert answer.code == 200
    assert answer.body == CONTENT
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["Content-Length"] == "50"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Last-Modified"] == MODIFIED
    assert answer.headers["Etag"] == TAG
    assert "Cache-Control" not in answer.headers
    assert "Expires" not in answer.headers


def test_a_file_from_the_future(fetch, app, root):
    ahead = datetime.datetime.now().timestamp() + 7200
    os.utime(root / "a.txt", (ahead, ahead))
    answer = fetch(app, "/static/a.txt")
    said = email.utils.parsedate_to_datetime(answer.headers["Last-Modified"])
    date = email.utils.parsedate_to_datetime(answer.headers["Date"])
    assert datetime.timedelta(seconds=-1) <= said - date <= datetime.timedelta(seconds=1)
    # The client's copy may be older than the file: it is sent again, unless its tag tells.
    since = {"If-Modified-Since": answer.headers["Last-Modified"]}
    assert fetch(app, "/static/a.txt", headers=since).code == 200
    assert fetch(app, "/static/a.txt", headers={**since, "If-None-Match": TAG}).code == 304


def test_head(fetch, app):
    got, head = fetch(app, "/static/a.txt"), fetch(app, "/static/a.txt", "HEAD")
    assert head.body == b""
    assert {k: v for k, v in head.headers.items() if k != "Date"} == {
        k: v for k, v in got.headers.items() if k != "Date"
    }


def test_other_methods(fetch, app):
    answer = fetch(app, "/static/a.txt", "POST", body="")
    assert answer.code == 405
    assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/robots.txt", "/favicon.ico"])
def test_files_of_the_root_of_a_site(fetch, app, path):
    assert fetch(app, path).code == 200


def test_names(fetch, app):
    assert fetch(app, "/static/dir/f%C3%A9%20x.txt").body == b"named"
    assert fetch(app, "/static/dir/../a.txt").body == CONTENT
    assert fetch(app, "/static/none").code == 404
    assert fetch(app, "/static/a.txt/x").code == 404


def test_large(fetch, app):
    answer = fetch(app, "/static/large.bin")
    assert answer.body == LARGE
    assert answer.headers["Content-Length"] == str(len(LARGE))
    part = fetch(app, "/static/large.bin", headers={"Range": "bytes=1000-600000"})
    assert part.body == LARGE[1000:600001]
    assert fetch(app, "/static/large.bin", "HEAD").headers["Content-Length"] == str(len(LARGE))


def test_large_to_a_client_that_leaves(served, app):
    async def check(site):
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(site.message("/static/large.bin"))
        await reader.read(1000)
        writer.close()
        assert (await site.fetch("/static/a.txt")).code == 200

    served(app, check)


def test_large_with_other_requests_behind(served, app):
    async def check(site):
        keep = {"Connection": "keep-alive"}
        data = site.message("/static/large.bin", headers=keep) + site.message("/static/a.txt")
        answer = await site.send(data)
        assert answer.count(b"HTTP/1.1 200 OK") == 2
        assert LARGE in answer
        assert answer.endswith(CONTENT)

    served(app, check)


@pytest.mark.parametrize(
    ("field", "code", "body", "content_range"),
    [
        ("bytes=0-4", 206, b"01234", "bytes 0-4/50"),
        ("bytes=45-", 206, b"56789", "bytes 45-49/50"),
        ("bytes=-5", 206, b"56789", "bytes 45-49/50"),
        ("bytes=40-99", 206, b"0123456789", "bytes 40-49/50"),
        ("bytes=1-1", 206, b"1", "bytes 1-1/50"),
        ("bytes=0-", 200, CONTENT, None),
        ("bytes=0-99", 200, CONTENT, None),
        ("bytes=-99", 200, CONTENT, None),
        ("bytes=50-", 416, b"", "bytes */50"),
        ("bytes=99-100", 416, b"", "bytes */50"),
        ("bytes=" + "9" * 23 + "-", 416, b"", "bytes */50"),
        ("bytes=" + "9" * 5000 + "-", 200, CONTENT, None),
        ("bytes=-" + "9" * 23, 200, CONTENT, None),
        ("bytes=5-1", 416, b"", "bytes */50"),
        ("bytes=-0", 416, b"", "bytes */50"),
        ("bytes=0-1,3-4", 200, CONTENT, None),
        ("bytes=a-b", 200, CONTENT, None),
        ("bytes=+1-4", 200, CONTENT, None),
        ("bytes=-", 200, CONTENT, None),
        ("lines=0-4", 200, CONTENT, None),
        ("nonsense", 200, CONTENT, None),
        ("bytes=0-" + "9" * 50, 200, CONTENT, None),
    ],
)
def test_ranges(fetch, app, field, code, body, content_range):
    answer = fetch(app, "/static/a.txt", headers={"Range": field})
    assert (answer.code, answer.body) == (code, body)
    assert answer.headers.get("Content-Range") == content_range
    assert answer.headers["Content-Length"] == str(len(body))
    head = fetch(app, "/static/a.txt", "HEAD", headers={"Range": field})
    assert (head.code, head.body) == (code, b"")
    assert head.headers["Content-Length"] == str(len(body))


def test_empty_files(fetch, app):
    assert fetch(app, "/static/empty.txt").headers["Content-Length"] == "0"
    assert fetch(app, "/static/empty.txt", headers={"Range": "bytes=0-"}).code == 416


@pytest.mark.parametrize(
    ("field", "code"),
    [
        (TAG, 206),
        (MODIFIED, 206),
        ('"other"', 200),
        ("W/" + TAG, 200),
        ("Sun, 13 Sep 2020 12:26:41 GMT", 200),
    ],
)
def test_if_range(fetch, app, field, code):
    headers = {"Range": "bytes=0-4", "If-Range": field}
    assert fetch(app, "/static/a.txt", headers=headers).code == code


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"If-None-Match": TAG}, 304),
        ({"If-None-Match": "W/" + TAG}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"x"'}, 200),
        ({"If-Modified-Since": MODIFIED}, 304),
        ({"If-Modified-Since": "Sun, 13 Sep 2020 12:26:41 GMT"}, 304),
        ({"If-Modified-Since": "Sun, 13 Sep 2020 12:26:39 GMT"}, 200),
        ({"If-Modified-Since": "Sunday, 13-Sep-20 12:26:40 GMT"}, 304),
        ({"If-Modified-Since": "rubbish"}, 200),
        ({"If-Modified-Since": "Sun, 99 Sep 2020 12:26:39 GMT"}, 200),
        ({"If-None-Match": '"x"', "If-Modified-Since": MODIFIED}, 200),
        ({"If-None-Match": TAG, "If-Modified-Since": "Sun, 13 Sep 2020 12:26:39 GMT"}, 304),
    ],
)
def test_conditions(fetch, app, headers, code):
    answer = fetch(app, "/static/a.txt", headers=headers)
    assert answer.code == code
    assert answer.headers["Etag"] == TAG
    assert answer.headers.get("Last-Modified") == (None if code == 304 else MODIFIED)
    if code == 304:
        assert answer.body == b""
        assert "Content-Length" not in answer.headers
        assert "Content-Type" not in answer.headers


def test_versions(fetch, app, root):
    url = StaticFileHandler.make_static_url(app.settings, "a.txt")
    assert url == "/static/a.txt?v=" + TAG.strip('"')
    assert (
        StaticFileHandler.make_static_url(app.settings, "a.txt", include_version=False)
        == "/static/a.txt"
    )
    answer = fetch(app, url)
    assert answer.headers["Cache-Control"] == "max-age=315360000"
    expires = email.utils.parsedate_to_datetime(answer.headers["Expires"])
    ahead = expires - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(days=3649) < ahead <= datetime.timedelta(days=3650)


def test_version_follows_the_file(root):
    settings = {"static_path": str(root)}
    first = StaticFileHandler.get_version(settings, "a.txt")
    assert StaticFileHandler._static_hashes == {str(root / "a.txt"): first}
    # The same content at another time has the same version.
    os.utime(root / "a.txt", (1, 1))
    assert StaticFileHandler.get_version(settings, "a.txt") == first
    (root / "a.txt").write_bytes(b"changed")
    assert (
        StaticFileHandler.get_version(settings, "a.txt") == hashlib.sha512(b"changed").hexdigest()
    )
    StaticFileHandler.reset()
    assert StaticFileHandler._static_hashes == {}


def test_version_is_computed_once(root):
    class Counting(StaticFileHandler):
        count = 0

        @classmethod
        def get_content_version(cls, abspath):
            cls.count += 1
            return super().get_content_version(abspath)

    settings = {"static_path": str(root)}
    assert Counting.get_version(settings, "a.txt") == Counting.get_version(settings, "a.txt")
    assert Counting.count == 1


def test_no_version(root, caplog):
    settings = {"static_path": str(root)}
    for path in ("none", "dir", "a\x00"):
        assert StaticFileHandler.get_version(settings, path) is None
        assert StaticFileHandler.make_static_url(settings, path) == "/static/" + path
    for path in ("../secret.txt", "/etc/passwd", "../root_sibling/s.txt", "a/../../secret.txt"):
        for method in (StaticFileHandler.get_version, StaticFileHandler.make_static_url):
            with pytest.raises(HTTPError) as caught:
                method(settings, path)
            assert caught.value.status_code == 403


def test_remembered_versions_are_bounded(root):
    class Few(StaticFileHandler):
        MAX_CACHED_VERSIONS = 2

    settings = {"static_path": str(root)}
    for name in ("a.txt", "empty.txt", "robots.txt"):
        assert Few.get_version(settings, name)
    assert list(Few._static_hashes) == [str(root / "empty.txt"), str(root / "robots.txt")]


def test_static_hash_cache_setting(memory, root):
    app = Application(static_path=str(root), static_hash_cache=False)
    first = memory.request(app, uri="/static/a.txt").headers["Etag"]
    stat = os.stat(root / "a.txt")
    (root / "a.txt").write_bytes(CONTENT[::-1])
    os.utime(root / "a.txt", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert memory.request(app, uri="/static/a.txt").headers["Etag"] != first


def test_default_files(fetch, app):
    assert fetch(app, "/d/dir/").body == b"the index"
    assert fetch(app, "/d/dir/").headers["Content-Type"] == "text/html"
    answer = fetch(app, "/d/dir")
    assert (answer.code, answer.headers["Location"]) == (301, "/d/dir/")
    assert fetch(app, "/static/dir").code == 403
    assert fetch(app, "/d/").code == 404


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.html", "text/html"), ("a.gz", "application/gzip"), ("a.tar.gz", "application/gzip"),
     ("a.txt.bz2", "application/octet-stream"), ("a", "application/octet-stream"), ("a.png", "image/png")],
)  # fmt: skip
def test_content_types(fetch, app, root, name, kind):
    (root / name).write_bytes(b"x")
    assert fetch(app, "/static/" + name).headers["Content-Type"] == kind


ESCAPES = [
    "../secret.txt",
    "%2e%2e/secret.txt",
    "..%2fsecret.txt",
    "%2e%2e%2fsecret.txt",
    "dir/../../secret.txt",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "../root_sibling/s.txt",
    "%2e%2e/root_sibling/s.txt",
    "./../secret.txt",
    "dir/%2e%2e/%2e%2e/secret.txt",
    "..\\secret.txt",
    "..%5csecret.txt",
    "a.txt%00",
    "%00",
    "a.txt%00.html",
    "....//secret.txt",
    "C:/windows/win.ini",
    "C%3a%5cwindows",
    "a.txt::$DATA",
    "~/secret.txt",
]


@pytest.mark.parametrize("path", ESCAPES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nothing_from_outside(fetch, app, path, method):
    for prefix in ("/static/", "/d/"):
        answer = fetch(app, prefix + path, method)
        assert answer.code in (403, 404)
        assert b"secret" not in answer.body.replace(b"secret.txt", b"")
        assert "Etag" not in answer.headers


class TestLinks:
    @pytest.fixture
    def linked(self, root, tmp_path):
        (root / "out.txt").symlink_to(tmp_path / "secret.txt")
        (root / "in.txt").symlink_to(root / "a.txt")
        (root / "outdir").symlink_to(tmp_path / "root_sibling")
        (root / "indir").symlink_to(root / "dir")
        (root / "broken").symlink_to(tmp_path / "nothing")
        (root / "bad").mkdir()
        (root / "bad" / "index.html").symlink_to(tmp_path / "secret.txt")
        return root

    def test_links_inside(self, fetch, linked, app):
        assert fetch(app, "/static/in.txt").body == CONTENT
        assert fetch(app, "/static/indir/index.html").body == b"the index"
        assert fetch(app, "/d/indir/").body == b"the index"

    def test_links_outside(self, fetch, linked, app):
        for path in (
            "/static/out.txt",
            "/static/outdir/s.txt",
            "/d/bad/",
            "/d/outdir/",
            "/d/outdir",
        ):
            answer = fetch(app, path)
            assert answer.code == 403
            assert answer.body != b"secret"
        assert fetch(app, "/static/broken").code == 403
        assert StaticFileHandler.get_version(app.settings, "out.txt") is None
        assert StaticFileHandler.get_version(app.settings, "in.txt") is not None

    @pytest.mark.parametrize("form", [str, lambda path: [str(path)]])
    def test_allowed_directories(self, fetch, linked, tmp_path, form):
        allowed = form(tmp_path / "root_sibling")
        app = Application(
            static_path=str(linked), static_handler_args={"allowed_symlink_directory": allowed}
        )
        assert fetch(app, "/static/outdir/s.txt").body == b"secret"
        assert fetch(app, "/static/out.txt").code == 403
        assert StaticFileHandler.get_version(app.settings, "outdir/s.txt") is not None

    def test_a_root_that_is_a_link(self, fetch, root, tmp_path):
        (tmp_path / "alias").symlink_to(root)
        app = Application(static_path=str(tmp_path / "alias"))
        assert fetch(app, "/static/a.txt").body == CONTENT


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "//evil.example/%2e%2e", "/%5Cevil.example"]
)
def test_directories_of_other_hosts(fetch, tmp_path, path):
    (tmp_path / "evil.example").mkdir()
    (tmp_path / "\\evil.example").mkdir()
    routes = [
        ("/(.*)", StaticFileHandler, {"path": str(tmp_path), "default_filename": "index.html"})
    ]
    answer = fetch(routes, path)
    assert answer.code in (301, 403, 404)
    if answer.code == 301:
        assert answer.headers["Location"] == "/%5Cevil.example/"


class TestPrecompressed:
    @pytest.fixture
    def app(self, root):
        (root / "style.css.gz").write_bytes(gzip.compress(b"body {}" * 100))
        (root / "style.css.br").write_bytes(b"brotli")
        (root / "a.txt.gz").mkdir()
        return Application(static_path=str(root), static_handler_args={"precompressed": True})

    @pytest.mark.parametrize(
        ("accepted", "coding"),
        [
            ("gzip", "gzip"),
            ("gzip, br", "br"),
            ("br;q=0, gzip;q=0.5", "gzip"),
            ("gzip;q=0", None),
            ("gzip;q=x", None),
            ("", None),
            ("identity", None),
            ("xgzip", None),
        ],
    )
    def test_siblings(self, fetch, app, accepted, coding):
        answer = fetch(app, "/static/style.css", headers={"Accept-Encoding": accepted})
        assert answer.code == 200
        assert answer.headers.get("Content-Encoding") == coding
        assert answer.headers["Content-Type"] == "text/css"
        assert answer.headers["Vary"] == "Accept-Encoding"
        body = {"gzip": gzip.compress(b"body {}" * 100), "br": b"brotli", None: b"body {}" * 100}[
            coding
        ]
        assert len(answer.body) == len(body)
        assert answer.headers["Etag"] == f'"{hashlib.sha512(answer.body).hexdigest()}"'

    @pytest.mark.parametrize(
        ("accepted", "coding"),
        [
            ("gzip, deflate, br, zstd", "zstd"),
            ("zstd;q=0.5, br;q=0.8", "br"),
            ("*", "zstd"),
            ("zstd;q=0, *", "br"),
        ],
    )
    def test_siblings_by_the_weights_of_the_client(self, fetch, app, root, accepted, coding):
        (root / "style.css.zst").write_bytes(b"zstandard")
        answer = fetch(app, "/static/style.css", headers={"Accept-Encoding": accepted})
        assert answer.headers["Content-Encoding"] == coding
        assert answer.headers["Content-Type"] == "text/css"
        assert answer.body == {"zstd": b"zstandard", "br": b"brotli"}[coding]

    def test_only_files(self, fetch, app):
        answer = fetch(app, "/static/a.txt", headers={"Accept-Encoding": "gzip"})
        assert answer.body == CONTENT

    def test_not_unless_asked_for(self, fetch, app, root):
        plain = Application(static_path=str(root))
        answer = fetch(plain, "/static/style.css", headers={"Accept-Encoding": "gzip, br"})
        assert "Content-Encoding" not in answer.headers
        assert "Vary" not in answer.headers


class InMemory(StaticFileHandler):
    """Content that is no file: all hooks overridden."""

    CONTENT = {"/r/one": b"the first", "/r/two": b"the second"}

    def initialize(self, path):
        super().initialize(path)

    @classmethod
    def get_absolute_path(cls, root, path):
        return root + "/" + path

    def validate_absolute_path(self, root, absolute_path):
        if absolute_path not in self.CONTENT:
            raise HTTPError(404)
        return absolute_path

    @classmethod
    def get_content(cls, path, start=None, end=None):
        return cls.CONTENT[path][start:end]

    def get_content_size(self):
        return len(self.CONTENT[self.absolute_path])

    def get_modified_time(self):
        return datetime.datetime(2020, 1, 2)

    def get_content_type(self):
        return "text/x-memory"

    @classmethod
    def make_static_url(cls, settings, path, include_version=True):
        version = cls.get_version(settings, path)
        return f"/mem/{path}?{version}"


class TestHooks:
    def test_all_hooks(self, fetch):
        app = Application(
            [("/mem/(.*)", InMemory, {"path": "/r"})],
            static_path="/r",
            static_handler_class=InMemory,
        )
        answer = fetch(app, "/mem/one")
        assert answer.body == b"the first"
        assert answer.headers["Content-Type"] == "text/x-memory"
        assert answer.headers["Last-Modified"] == "Thu, 02 Jan 2020 00:00:00 GMT"
        assert answer.headers["Etag"] == f'"{hashlib.sha512(b"the first").hexdigest()}"'
        assert fetch(app, "/mem/one", headers={"Range": "bytes=4-8"}).body == b"first"
        assert fetch(app, "/mem/three").code == 404
        url = InMemory.make_static_url(app.settings, "two")
        assert url == "/mem/two?" + hashlib.sha512(b"the second").hexdigest()

    def test_generators(self, fetch, root):
        class Chunks(StaticFileHandler):
            @classmethod
            def get_content(cls, abspath, start=None, end=None):
                for chunk in super().get_content(abspath, start, end):
                    yield chunk.upper()

        (root / "text").write_bytes(b"a" * 100_000)
        app = Application(static_path=str(root), static_handler_class=Chunks)
        assert fetch(app, "/static/text").body == b"A" * 100_000
        assert fetch(app, "/static/text", headers={"Range": "bytes=5-9"}).body == b"AAAAA"

    def test_hooks_of_old_releases(self, fetch, root):
        class Old(StaticFileHandler):
            def parse_url_path(self, url_path):
                return url_path.replace("alias", "a")

            def set_extra_headers(self, path):
                self.set_header("X-Path", path)

            def get_cache_time(self, path, modified, mime_type):
                assert isinstance(modified, datetime.datetime)
                assert mime_type == "text/plain"
                return 60

            @classmethod
            def get_version(cls, settings, path):
                return "v1"

        app = Application(static_path=str(root), static_handler_class=Old)
        answer = fetch(app, "/static/alias.txt")
        assert answer.headers["X-Path"] == "a.txt"
        assert answer.headers["Cache-Control"] == "max-age=60"
        assert Old.make_static_url(app.settings, "a.txt") == "/static/a.txt?v=v1"

    def test_set_headers_and_should_return_304(self, fetch, root):
        class Own(StaticFileHandler):
            def set_headers(self):
                super().set_headers()
                self.set_header("X-Own", "1")

            def should_return_304(self):
                return "X-Have-It" in self.request.headers

        app = Application(static_path=str(root), static_handler_class=Own)
        assert fetch(app, "/static/a.txt").headers["X-Own"] == "1"
        assert fetch(app, "/static/a.txt", headers={"X-Have-It": "1"}).code == 304

    @pytest.mark.parametrize("kind", ["async", "sync", "generator"])
    def test_get_override(self, fetch, root, kind):
        if kind == "async":

            class Own(StaticFileHandler):
                async def get(self, path, include_body=True):
                    self.set_header("X-Own", "1")
                    await super().get(path, include_body)

        elif kind == "generator":

            class Own(StaticFileHandler):
                @gen.coroutine
                def get(self, path, include_body=True):
                    self.set_header("X-Own", "1")
                    yield super().get(path, include_body)

        else:

            class Own(StaticFileHandler):
                def get(self, path, include_body=True):
                    self.set_header("X-Own", "1")
                    return super().get(path, include_body)

        app = Application(static_path=str(root), static_handler_class=Own)
        for path, body in (("/static/a.txt", CONTENT), ("/static/large.bin", LARGE)):
            answer = fetch(app, path)
            assert (answer.body, answer.headers["X-Own"]) == (body, "1")

    def test_compute_etag_override(self, fetch, root):
        class NoTag(StaticFileHandler):
            def compute_etag(self):
                return None

        app = Application(static_path=str(root), static_handler_class=NoTag)
        assert "Etag" not in fetch(app, "/static/a.txt").headers


def test_with_compression(fetch, root):
    """A transform works on files, too."""
    (root / "big.txt").write_bytes(b"text " * 50_000)
    app = Application(static_path=str(root), compress_response=True)
    for path in ("style.css", "big.txt"):
        answer = fetch(app, "/static/" + path, headers={"Accept-Encoding": "gzip"})
        if path == "big.txt":
            assert answer.headers["Content-Encoding"] == "gzip"
            assert gzip.decompress(answer.body) == b"text " * 50_000
        assert answer.headers["Vary"] == "Accept-Encoding"
    part = fetch(app, "/static/big.txt", headers={"Accept-Encoding": "gzip", "Range": "bytes=0-3"})
    assert (part.code, part.body) == (206, b"text")


def test_several_roots(fetch, root, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_bytes(b"another")
    app = Application(
        [(r"/o/(.*)", StaticFileHandler, {"path": str(other)})], static_path=str(root)
    )
    assert fetch(app, "/o/a.txt").body == b"another"
    assert fetch(app, "/static/a.txt").body == CONTENT


def test_settings_of_static_files(fetch, root):
    class Own(StaticFileHandler):
        def initialize(self, path, greeting):
            super().initialize(path)
            self.set_header("X-Greeting", greeting)

    app = Application(
        static_path=str(root),
        static_url_prefix="/s+(tatic)/",
        static_handler_class=Own,
        static_handler_args={"greeting": "hello"},
    )
    answer = fetch(app, "/s+(tatic)/a.txt")
    assert (answer.code, answer.headers["X-Greeting"]) == (200, "hello")
    assert fetch(app, "/static/a.txt").code == 404


def test_a_file_that_shrinks(memory, root):
    class Shrinking(StaticFileHandler):
        def should_return_304(self):
            (root / "a.txt").write_bytes(b"short")
            return False

    app = Application(static_path=str(root), static_handler_class=Shrinking)
    assert memory.request(app, uri="/static/a.txt").status == 500


def test_handlers_may_use_its_pieces():
    assert issubclass(StaticFileHandler, RequestHandler)
    assert StaticFileHandler.get_absolute_path("/r", "a/../b") == "/r/b"
