"""The commands beside ``serve``."""

import http.server
import threading

import pytest

import tornado


def test_without_a_command(run):
    code, output, _ = run()
    assert code == 2
    for name in ("serve", "routes", "check", "fetch", "version"):
        assert name in output


def test_version(run):
    code, output, _ = run("version")
    assert code == 0
    assert output.startswith(f"Tornado {tornado.version}, Python 3.")
    assert f"tornado-cli {tornado.version}" in output


def test_routes(run, folder):
    (folder / "pages.py").write_text(
        "import tornado.web as web\n"
        "from tornado.routing import HostMatches, Rule\n"
        "class A(web.RequestHandler): pass\n"
        "def make_app():\n"
        "    app = web.Application([web.url('/a', A, name='first'), ('/b/.*', [('/b/c', A)])],\n"
        "                          static_path='.')\n"
        "    app.add_handlers('x.example', [('/x', A)])\n"
        "    return app\n"
    )
    code, output, _ = run("routes", "pages:make_app")
    assert code == 0
    assert [line.split() for line in output.splitlines()] == [
        ["//x\\.example/x", "pages.A"] if "x\\.example" in output else ["//x.example/x", "pages.A"],
        ["/static/(.*)", "tornado.web.StaticFileHandler"],
        ["/(favicon\\.ico)", "tornado.web.StaticFileHandler"],
        ["/(robots\\.txt)", "tornado.web.StaticFileHandler"],
        ["/a", "pages.A", "first"],
        ["/b/.*/b/c", "pages.A"],
    ]


def test_routes_of_something_else(run):
    code, _, errors = run("routes", "site_app:asgi")
    assert code == 3
    assert "is no tornado.web.Application" in errors


def test_check(run, folder):
    (folder / "templates").mkdir()
    (folder / "templates" / "good.html").write_text("{{ 1 }}")
    (folder / "templates" / "bad.html").write_text("{% if x %}")
    (folder / "pages.py").write_text(
        "import tornado.web as web\n"
        "app = web.Application([], cookie_sercet='x', cookie_secret='short', debug=True,\n"
        "    autoreload=False, static_path='nowhere', template_path='templates', database='mine')\n"
        "good = web.Application([], cookie_secret='x' * 40)\n"
    )
    code, output, _ = run("check", "pages:app")
    assert code == 1
    assert "setting 'cookie_sercet' is not known; did you mean 'cookie_secret'?" in output
    assert "'cookie_secret' is 5 characters long" in output
    assert "debug mode is on" in output
    assert "'static_path': nowhere is no directory" in output
    assert "template bad.html: " in output
    assert "good.html" not in output
    assert "'database'" not in output
    assert output.endswith("5 problems found\n")
    assert run("check", "pages:good")[:2] == (0, "no problems found\n")


@pytest.fixture
def site():
    """The URL of a server of the standard library."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", "/")
                self.end_headers()
                return
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(length)
            text = f"{self.command} {self.path} {self.headers.get('X-Test')} ".encode() + body
            self.send_response(404 if self.path == "/none" else 200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        do_POST = do_HEAD = do_DELETE = do_GET

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("arguments", "path", "output"),
    [
        ([], "/", "GET / None "),
        (["-H", "X-Test: 1"], "/", "GET / 1 "),
        (["-d", "abc"], "/", "POST / None abc"),
        (["-X", "delete"], "/", "DELETE / None "),
        (["-L"], "/moved", "GET / None "),
    ],
)
def test_fetch(run, site, arguments, path, output):
    assert run("fetch", *arguments, site + path) == (0, output, "")


def test_fetch_shows_the_head(run, site):
    code, output, _ = run("fetch", "-i", site + "/")
    assert code == 0
    assert output.startswith(("HTTP/1.0 200 OK\r\n", "HTTP/1.0 200 OK\n"))
    assert output.endswith("GET / None ")
    code, output, _ = run("fetch", "-I", site + "/")
    assert "Content-Length: 12" in output or "Content-Length: 13" in output


def test_fetch_content_of_a_file_into_a_file(run, site, folder):
    (folder / "in").write_bytes(b"data")
    code, output, _ = run("fetch", "-d", "@in", "-o", "out", site + "/")
    assert (code, output) == (0, "")
    assert (folder / "out").read_bytes() == b"POST / None data"


def test_fetch_that_fails(run, site):
    assert run("fetch", site + "/none")[0] == 0
    assert run("fetch", "-f", site + "/none")[0] == 1
    code, _, errors = run("fetch", "http://127.0.0.1:1/")
    assert code == 1
    assert "127.0.0.1" in errors or "refused" in errors
    assert "Traceback" not in errors
    code, _, errors = run("fetch", "-H", "no colon", site)
    assert code == 2
    assert "has no colon" in errors
    code, _, errors = run("fetch", "-d", "@nowhere", site)
    assert code == 1
    assert "nowhere" in errors


def test_timing(run, site):
    code, _, errors = run("fetch", "--timing", site + "/")
    assert code == 0
    assert "total" in errors
