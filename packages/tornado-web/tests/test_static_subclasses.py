"""Subclasses of the handler for files, as programs have them: their own initialize, get and content."""

import os

import pytest

from tornado import httputil
from tornado.web import Application, HTTPError, StaticFileHandler

CONTENT = b"0123456789abcdefghijklmnop"


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.txt").write_bytes(CONTENT)
    (root / "index.html").write_bytes(b"the index")
    (root / "sub").mkdir()
    (root / "sub" / "index.html").write_bytes(b"the inner index")
    return root


class Find(StaticFileHandler):
    """As Jupyter's: several roots, set by an initialize that does not call the base's."""

    def initialize(self, path, default_filename=None):
        self.root = (path,) if isinstance(path, str) else tuple(path)
        self.default_filename = default_filename

    @classmethod
    def get_absolute_path(cls, roots, path):
        for root in roots:
            found = os.path.abspath(os.path.join(root, path))
            if os.path.exists(found):
                return found
        return ""

    def validate_absolute_path(self, roots, absolute_path):
        if not absolute_path:
            raise HTTPError(404)
        for root in roots:
            if absolute_path.startswith(root):
                break
        return super().validate_absolute_path(root, absolute_path)


def found(root, **kwargs):
    return Application([("/(.*)", Find, {"path": root, **kwargs})])


def test_an_initialize_that_does_not_call_the_base(fetch, root):
    answer = fetch(found(str(root)), "/a.txt")
    assert (answer.code, answer.body) == (200, CONTENT)
    assert "Etag" in answer.headers
    assert (
        fetch(found(str(root), default_filename="index.html"), "/sub/").body == b"the inner index"
    )
    assert fetch(found(str(root)), "/none").code == 404


def test_several_roots(fetch, root, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.txt").write_bytes(b"b")
    (root / "link.txt").symlink_to(other / "b.txt")
    app = found([str(root), str(other)])
    assert fetch(app, "/a.txt").body == CONTENT
    assert fetch(app, "/b.txt").body == b"b"
    assert fetch(app, "/link.txt").code == 403


def test_an_initialize_that_sets_nothing(fetch):
    class Empty(StaticFileHandler):
        def initialize(self):
            pass

        @classmethod
        def get_absolute_path(cls, root, path):
            return path

        def validate_absolute_path(self, root, absolute_path):
            return absolute_path

        def get_content_size(self):
            return len(CONTENT)

        def get_modified_time(self):
            return None

        @classmethod
        def get_content(cls, abspath, start=None, end=None):
            return CONTENT[start:end]

    answer = fetch([("/(.*)", Empty)], "/x.txt")
    assert (answer.code, answer.body) == (200, CONTENT)


def test_a_get_that_writes_by_itself(fetch, root):
    class Own(StaticFileHandler):
        def get(self, path):
            self.write("own:" + self.parse_url_path(path))

    answer = fetch([("/(.*)", Own, {"path": str(root)})], "/a.txt")
    assert (answer.code, answer.body) == (200, b"own:a.txt")
    assert "Etag" not in answer.headers


def test_other_handlers_have_their_state_too(fetch):
    from tornado.web import FallbackHandler, RedirectHandler

    class Moved(RedirectHandler):
        def initialize(self):
            self._url = "/new"

    class Fixed(FallbackHandler):
        def initialize(self):
            pass

        def fallback(self, request):
            request.connection.write_headers(
                httputil.ResponseStartLine("", 200, "OK"),
                httputil.HTTPHeaders({"Content-Length": "2"}),
                b"ok",
            )
            request.connection.finish()

    answer = fetch([("/", Moved)])
    assert (answer.code, answer.headers["Location"]) == (301, "/new")
    assert fetch([("/", Fixed)]).body == b"ok"


@pytest.mark.parametrize("replaced", ["class", "instance"])
def test_content_replaced_later_is_served(fetch, root, monkeypatch, replaced):
    class Files(StaticFileHandler):
        if replaced == "instance":

            def prepare(self):
                self.get_content = lambda path, start=None, end=None: b"x" * len(CONTENT)

    app = Application([("/(.*)", Files, {"path": str(root)})])
    if replaced == "class":
        assert fetch(app, "/a.txt").body == CONTENT
        monkeypatch.setattr(
            StaticFileHandler,
            "get_content",
            classmethod(lambda cls, path, start=None, end=None: b"x" * len(CONTENT)),
        )
    assert fetch(app, "/a.txt").body == b"x" * len(CONTENT)


@pytest.mark.parametrize("hook", ["validate_absolute_path", "should_return_304"])
def test_a_coroutine_where_access_is_decided(fetch, root, caplog, hook):
    async def decide(self, *args):
        return None

    handler = type("Files", (StaticFileHandler,), {hook: decide})
    answer = fetch([("/(.*)", handler, {"path": str(root)})], "/a.txt")
    assert answer.code == 500
    assert CONTENT not in answer.body
    assert f"Files.{hook} must be a result" in caplog.text


class TestVersions:
    def version(self, root, path, handler=StaticFileHandler):
        return handler.get_version({"static_path": str(root)}, path)

    def test_what_is_no_file_is_not_opened(self, root, caplog):
        os.mkfifo(root / "fifo")
        (root / "fifo_link").symlink_to(root / "fifo")
        (root / "zero").symlink_to("/dev/zero")
        for path in ("fifo", "fifo_link", "zero", "sub"):
            caplog.clear()
            assert self.version(root, path) is None
            [record] = caplog.records
            assert (record.name, record.levelname) == ("tornado.general", "ERROR")
            assert record.getMessage().startswith("Could not open static file")
            assert "is not a file" in record.getMessage()

    def test_a_link_out_of_the_root_has_no_version(self, root, tmp_path, caplog):
        (tmp_path / "secret").write_bytes(b"secret")
        (root / "out").symlink_to(tmp_path / "secret")
        (root / "gone").symlink_to(tmp_path / "nothing")
        for path in ("out", "gone"):
            caplog.clear()
            assert self.version(root, path) is None
            assert "is not in root static directory" in caplog.text

    def test_files_up_to_a_size_have_one(self, root, caplog):
        class Limited(StaticFileHandler):
            MAX_VERSION_CONTENT_SIZE = len(CONTENT)
            _static_hashes = {}
            _static_stamps = {}

        assert self.version(root, "a.txt", Limited)
        (root / "b.txt").write_bytes(CONTENT + b"!")
        assert self.version(root, "b.txt", Limited) is None
        [record] = caplog.records
        assert record.getMessage().startswith("Could not open static file")
        assert "larger than" in record.getMessage()

    def test_a_large_file_is_served_without_a_word(self, fetch, root, caplog):
        class Limited(StaticFileHandler):
            MAX_VERSION_CONTENT_SIZE = 10

        answer = fetch([("/(.*)", Limited, {"path": str(root)})], "/a.txt")
        assert (answer.code, answer.body) == (200, CONTENT)
        assert "Etag" in answer.headers
        assert [r for r in caplog.records if r.name != "tornado.access"] == []

    def test_the_least_recently_used_are_forgotten(self, root):
        read = []

        class Small(StaticFileHandler):
            MAX_CACHED_VERSIONS = 2
            _static_hashes = {}
            _static_stamps = {}

            @classmethod
            def get_content_version(cls, abspath):
                read.append(os.path.basename(abspath))
                return "v"

        for name in "abc":
            (root / name).write_bytes(name.encode())
        for name in "abacab":
            assert self.version(root, name, Small) == "v"
        assert read == ["a", "b", "c", "b"]
        assert len(Small._static_hashes) == 2


@pytest.mark.parametrize("target", ["secret", "nothing"])
@pytest.mark.parametrize("path", ["/link", "/link/", "/link/x", "/dir/"])
def test_links_are_no_oracle(fetch, root, tmp_path, caplog, target, path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "x").write_bytes(b"x")
    (root / "link").symlink_to(tmp_path / target)
    (root / "dir").mkdir()
    (root / "dir" / "index.html").symlink_to(tmp_path / target / "x")
    app = [("/(.*)", StaticFileHandler, {"path": str(root), "default_filename": "index.html"})]
    assert fetch(app, path).code == 403
    assert "is not in root static directory" in caplog.text


@pytest.mark.parametrize(
    ("field", "code", "body", "content_range"),
    [
        ("bytes=26", 416, b"", "bytes */26"),
        ("bytes=20", 206, CONTENT[20:], "bytes 20-25/26"),
        ("bytes= 25 ", 206, b"p", "bytes 25-25/26"),
        ("bytes=x", 200, CONTENT, None),
        ("bytes=-", 200, CONTENT, None),
    ],
)
def test_ranges_without_a_dash(fetch, root, field, code, body, content_range):
    app = [("/(.*)", StaticFileHandler, {"path": str(root)})]
    answer = fetch(app, "/a.txt", headers={"Range": field})
    assert (answer.code, answer.body) == (code, body)
    assert answer.headers.get("Content-Range") == content_range


@pytest.mark.parametrize("path", ["..%2f..%0aFAKE%1b%5b31m", "..%2f%0d%c2%85x", "link%0a%7f"])
def test_control_characters_are_escaped_in_the_log(fetch, root, tmp_path, caplog, path):
    (root / "link\n\x7f").symlink_to(tmp_path / "nothing")
    assert fetch([("/(.*)", StaticFileHandler, {"path": str(root)})], "/" + path).code == 403
    [record] = [r for r in caplog.records if r.name == "tornado.general"]
    assert record.getMessage().isprintable()
    assert "is not in root static directory" in record.getMessage()


class TestNothingLeavesTheRoot:
    """Subclasses that replace one of the two steps: what the other one is for still holds."""

    class Trusting(StaticFileHandler):
        def validate_absolute_path(self, root, absolute_path):
            return absolute_path

    class Spare(StaticFileHandler):
        def validate_absolute_path(self, root, absolute_path):
            if not os.path.exists(absolute_path):
                return os.path.join(root, "index.html")
            return absolute_path

    class Joins(StaticFileHandler):
        @classmethod
        def get_absolute_path(cls, root, path):
            return os.path.join(root, path)

    class Formats(StaticFileHandler):
        @classmethod
        def get_absolute_path(cls, root, path):
            return f"{root}/{path}"

    CLASSES = (Trusting, Spare, Joins, Formats)

    @pytest.mark.parametrize("handler", CLASSES)
    @pytest.mark.parametrize(
        "path",
        ["../secret", "..%2fsecret", "sub/../../secret", "%2e%2e/secret", "sub/..%2f../secret"],
    )
    def test_403(self, fetch, root, handler, path):
        (root.parent / "secret").write_bytes(b"secret")
        response = fetch([("/(.*)", handler, {"path": str(root)})], "/" + path)
        assert response.code == 403
        assert b"secret" not in response.body

    @pytest.mark.parametrize("handler", CLASSES)
    def test_a_directory_whose_name_begins_alike(self, fetch, root, handler):
        (root.parent / "root2").mkdir()
        (root.parent / "root2" / "a").write_bytes(b"secret")
        assert fetch([("/(.*)", handler, {"path": str(root)})], "/../root2/a").code == 403

    @pytest.mark.parametrize("handler", CLASSES)
    @pytest.mark.parametrize("path", ["a.txt", "sub/../a.txt", "sub/..%2fa.txt"])
    def test_what_stays_below_is_served(self, fetch, root, handler, path):
        assert fetch([("/(.*)", handler, {"path": str(root)})], "/" + path).body == CONTENT

    @pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "sub/../../x", ".."])
    def test_the_released_hook_itself_refuses(self, root, path):
        with pytest.raises(HTTPError) as caught:
            StaticFileHandler.get_absolute_path(str(root), path)
        assert caught.value.status_code == 403

    @pytest.mark.parametrize("path", ["a.txt", "", "sub/", "none", "sub/../a.txt"])
    def test_the_released_hook_itself_finds(self, root, path):
        found = StaticFileHandler.get_absolute_path(str(root), path)
        assert found == os.path.abspath(os.path.join(root, path))
