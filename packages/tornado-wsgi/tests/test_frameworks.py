"""Real frameworks in a WSGIContainer, with and without threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tornado.wsgi import WSGIContainer

flask = pytest.importorskip("flask")
django = pytest.importorskip("django")


@pytest.fixture(params=["loop", "executor"])
def contain(request, serve):
    executor = ThreadPoolExecutor(4) if request.param == "executor" else None
    yield lambda app: serve(lambda: WSGIContainer(app, executor))
    if executor is not None:
        executor.shutdown()


def make_flask():
    app = flask.Flask(__name__)

    @app.get("/hello/<name>")
    def hello(name):
        return f"Hello, {name} {flask.request.args.get('q')}"

    @app.post("/form")
    def form():
        upload = flask.request.files["file"]
        return {"name": flask.request.form["name"], "size": len(upload.read())}

    @app.get("/stream")
    def stream():
        return flask.Response((f"{n}\n" for n in range(5)), mimetype="text/plain")

    @app.get("/fail")
    def fail():
        raise KeyError("in flask")

    return app


def test_flask(contain, caplog):
    served = contain(make_flask())
    assert served.get("/hello/J%C3%BCrg?q=1")[2] == "Hello, Jürg 1".encode()
    body = (
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nn\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="g"\r\n\r\n'
        + b"d" * 300_000
        + b"\r\n--x--\r\n"
    )
    answer = served.post("/form", body, "Content-Type: multipart/form-data; boundary=x")
    assert answer[2] == b'{"name":"n","size":300000}\n'
    assert served.get("/stream")[2] == b"0\n1\n2\n3\n4\n"
    assert served.get("/missing")[0] == "HTTP/1.1 404 NOT FOUND"
    assert served.get("/fail")[0] == "HTTP/1.1 500 INTERNAL SERVER ERROR"


@pytest.fixture(scope="module")
def django_app():
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse, StreamingHttpResponse
    from django.urls import path

    def hello(request, name):
        return HttpResponse(f"Hello, {name} {request.GET.get('q')} {request.get_host()}")

    def stream(request):
        return StreamingHttpResponse(iter([b"a", b"b"]))

    def form(request):
        return HttpResponse(request.POST["name"])

    urls = type("urls", (), {})
    urls.urlpatterns = [path("hello/<name>", hello), path("stream", stream), path("form", form)]
    settings.configure(
        ALLOWED_HOSTS=["example.com"],
        ROOT_URLCONF=urls,
        SECRET_KEY="for tests",
        DEBUG=False,
        LOGGING_CONFIG=None,
    )
    return get_wsgi_application()


def test_django(contain, django_app):
    served = contain(django_app)
    assert served.get("/hello/Ann?q=1")[2] == b"Hello, Ann 1 example.com:8080"
    assert served.get("/stream")[2] == b"ab"
    kind = "Content-Type: application/x-www-form-urlencoded"
    assert served.post("/form", b"name=x", kind)[2] == b"x"
    assert served.get("/missing")[0] == "HTTP/1.1 404 Not Found"


class Classic:
    """An application as CherryPy's generation of frameworks writes it: a class with `__iter__`."""

    def __init__(self, environ, start_response):
        self.start = start_response
        self.path = environ["PATH_INFO"]

    def __iter__(self):
        self.start("200 OK", [("Content-Type", "text/plain")])
        yield self.path.encode("latin-1")

    def close(self):
        Classic.closed += 1

    closed = 0


def test_start_response_within_the_iteration(contain):
    before = Classic.closed
    served = contain(Classic)
    assert served.get("/x")[2] == b"/x"
    served.stop()
    assert Classic.closed == before + 1
