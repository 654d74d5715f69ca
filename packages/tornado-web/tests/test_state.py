"""Status, headers and settings of one answer."""

import datetime
import decimal
import http
import ipaddress
import pathlib
import uuid

import pytest

from tornado.web import Application, HTTPError, RequestHandler


def run(memory, action, **settings):
    class Handler(RequestHandler):
        def get(self):
            action(self)

    return memory.request(Application([("/", Handler)], **settings))


def test_defaults(memory):
    answer = run(memory, lambda h: h.write("x"))
    assert (answer.status, answer.reason) == (200, "OK")
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert answer.headers["Server"] == "TornadoServer/6.100"
    date = datetime.datetime.strptime(answer.headers["Date"], "%a, %d %b %Y %H:%M:%S GMT")
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert abs(now - date) < datetime.timedelta(seconds=5)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("text", "text"),
        (b"bytes", "bytes"),
        ("caf\u00e9", "caf\u00e9"),
        (b"caf\xe9", "caf\u00e9"),
        ("\u2713", "\u2713".encode().decode("latin-1")),
        (5, "5"),
        (1.5, "1.5"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (decimal.Decimal("1.50"), "1.50"),
        (pathlib.PurePosixPath("/a/b"), "/a/b"),
        (http.HTTPStatus.OK, "200"),
        (ipaddress.ip_network("10.0.0.0/8"), "10.0.0.0/8"),
        ("a\tb", "a\tb"),
        ("", ""),
        (datetime.datetime(2020, 1, 2, 3, 4, 5), "Thu, 02 Jan 2020 03:04:05 GMT"),
    ],
)
def test_header_values(memory, value, sent):
    assert run(memory, lambda h: h.set_header("X-Test", value)).headers["X-Test"] == sent


@pytest.mark.parametrize(
    "value", ["a\nb", "a\r\nX: y", "a\rb", "a\x00b", "\x7f", b"a\nb", "\u2713\n"]
)
def test_unsafe_header_values(memory, value):
    def action(h):
        for call in (h.set_header, h.add_header):
            with pytest.raises(ValueError, match="Unsafe header value"):
                call("X-Test", value)

    assert "X-Test" not in run(memory, action).headers


def test_none_is_no_header_value(memory):
    def action(h):
        with pytest.raises(TypeError):
            h.set_header("X-Test", None)

    run(memory, action)


def test_set_add_and_clear(memory):
    def action(h):
        h.set_header("x-one", "1")
        h.set_header("X-ONE", "2")
        h.add_header("X-Many", "a")
        h.add_header("x-many", "b")
        h.set_header("X-Gone", "1")
        h.clear_header("x-gone")
        h.clear_header("X-Never")

    headers = run(memory, action).headers
    assert headers["X-One"] == "2"
    assert headers.get_list("X-Many") == ["a", "b"]
    assert "X-Gone" not in headers


def test_status(memory):
    def action(h):
        assert h.get_status() == 200
        h.set_status(404)
        assert h.get_status() == 404

    answer = run(memory, action)
    assert (answer.status, answer.reason) == (404, "Not Found")


@pytest.mark.parametrize(
    ("args", "reason"),
    [((299,), "Unknown"), ((404, "Gone fishing"), "Gone fishing"), ((200, b"Fine"), "Fine")],
)
def test_reason(memory, args, reason):
    assert run(memory, lambda h: h.set_status(*args)).reason == reason


def test_unsafe_reason(memory):
    def action(h):
        with pytest.raises(ValueError, match="reason"):
            h.set_status(200, "a\r\nX: y")

    assert run(memory, action).reason == "OK"


def test_clear_keeps_default_headers_and_cookies(memory):
    class Handler(RequestHandler):
        def set_default_headers(self):
            self.set_header("Server", "mine")

        def get(self):
            self.set_header("X-One", "1")
            self.set_cookie("a", "b")
            self.set_status(404)
            self.write("x")
            self.clear()

    answer = memory.request(Application([("/", Handler)]))
    assert answer.status == 200
    assert answer.headers["Server"] == "mine"
    assert "X-One" not in answer.headers
    assert answer.headers["Set-Cookie"] == "a=b; Path=/"
    assert answer.body == b""


def test_initialize(memory):
    class Handler(RequestHandler):
        def initialize(self, database, **more):
            self.database = database
            self.more = more

        def get(self):
            self.write(f"{self.database} {self.more}")

    app = Application([("/", Handler, {"database": "db", "x": 1})])
    assert memory.request(app).body == b"db {'x': 1}"


def test_misspelt_argument_of_initialize(memory):
    app = Application([("/", RequestHandler, {"databse": "db"})])
    assert memory.request(app).status == 500


def test_init_override_of_the_first_release(memory):
    class Handler(RequestHandler):
        def __init__(self, application, request, database):
            RequestHandler.__init__(self, application, request)
            self.database = database

        def get(self):
            self.write(self.database)

    assert memory.request(Application([("/", Handler, {"database": "db"})])).body == b"db"


def test_settings_and_require_setting(memory):
    def action(h):
        assert h.settings is h.application.settings
        assert h.settings["colour"] == "red"
        h.require_setting("colour")
        with pytest.raises(
            Exception, match="You must define the 'taste' setting in your application to use soup"
        ):
            h.require_setting("taste", "soup")
        with pytest.raises(Exception, match="to use this feature"):
            h.require_setting("empty")

    assert run(memory, action, colour="red", empty="").status == 200


def test_two_answers_share_no_headers(memory):
    class Handler(RequestHandler):
        def get(self):
            self.add_header("Server", "more")
            self.write(str(len(self._headers.get_list("Server"))))

    app = Application([("/", Handler)])
    assert [memory.request(app).body for _ in range(3)] == [b"2", b"2", b"2"]


def test_constructors_of_mixins(memory):
    """A class beside RequestHandler has its constructor called, on either side."""

    class Mixin:
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.mixed = "in"

    class After(RequestHandler, Mixin):
        def get(self):
            self.write(self.mixed)

    class Before(Mixin, RequestHandler):
        def get(self):
            self.write(self.mixed)

    class Deeper(After):
        pass

    for handler in (After, Before, Deeper):
        assert memory.request(Application([("/", handler)])).body == b"in"


class WithOnlyARepr:
    pass


async def coroutine():
    pass


@pytest.mark.parametrize(
    "value", [None, ["a"], ("a",), {"a": 1}, {"a"}, len, WithOnlyARepr(), WithOnlyARepr, object()]
)
@pytest.mark.parametrize("method", ["set_header", "add_header"])
def test_values_that_mean_nothing_are_refused(memory, method, value):
    def action(handler):
        with pytest.raises(TypeError, match="Unsupported header value"):
            getattr(handler, method)("X-Test", value)

    assert run(memory, action).status == 200


def test_a_coroutine_is_no_header_value(memory):
    def action(handler):
        value = coroutine()
        with pytest.raises(TypeError, match="coroutine"):
            handler.set_header("X-Test", value)
        value.close()

    assert run(memory, action).status == 200


@pytest.mark.parametrize("name", ["X Y", "X\r\nY", "X:", "", "\u00dc"])
@pytest.mark.parametrize("method", ["set_header", "add_header"])
def test_invalid_names_are_the_handlers_mistake(fetch, caplog, method, name):
    class Handler(RequestHandler):
        def get(self):
            getattr(self, method)(name, "v")

    answer = fetch([("/", Handler)])
    assert answer.code == 500
    assert b"500: Internal Server Error" in answer.body
    assert "ValueError" in caplog.text


@pytest.mark.parametrize("status", ["404", "abc", None, 4.5, [404]])
def test_a_status_is_an_integer(fetch, caplog, status):
    class Sets(RequestHandler):
        def get(self):
            self.set_status(status)

    class Raises(RequestHandler):
        def get(self):
            raise HTTPError(status)

    for handler in (Sets, Raises):
        caplog.clear()
        answer = fetch([("/", handler)])
        assert answer.code == 500
        assert b"500: Internal Server Error" in answer.body
        assert caplog.text.count("Traceback") == 1
        assert f"TypeError: a status is an integer, not {status!r}" in caplog.text


def test_a_member_of_http_status_is_a_status(memory):
    answer = run(memory, lambda h: h.set_status(http.HTTPStatus.CREATED))
    assert (answer.status, type(answer.status), answer.reason) == (201, int, "Created")


@pytest.mark.parametrize("reason", ["\u2603 snow", "<script>", "a<b"])
def test_reasons_that_are_not_sent(memory, reason):
    answer = run(memory, lambda h: h.set_status(200, reason))
    assert (answer.status, answer.reason) == (200, "Unknown")
