"""Policies as middleware."""

import asyncio
from types import SimpleNamespace

import pytest

from tornado.httputil import HTTPHeaders, HTTPServerRequest, RecordedExchange
from tornado.middleware import (
    CORS,
    BodyLimit,
    HTTPSRedirect,
    RateLimit,
    RequestID,
    TimeLimit,
    TrustedHosts,
    request_id,
)
from tornado.web import Application, RequestHandler, url


class Hello(RequestHandler):
    def get(self):
        self.write(f"hello {request_id.get()}")

    def put(self):
        self.write("put")

    def options(self):
        self.write("options")


def ask(
    *middleware,
    method="GET",
    uri="/",
    headers=None,
    protocol="http",
    remote_ip="127.0.0.1",
    **kwargs,
):
    """Return the response of an application behind `middleware`."""
    application = kwargs.pop("application", None) or Application(
        [("/.*", Hello)], middleware=middleware, log_function=lambda handler: None
    )

    async def work():
        exchange = RecordedExchange(remote_ip, protocol)
        request = HTTPServerRequest(
            method,
            uri,
            "HTTP/1.1",
            HTTPHeaders({"Host": "www.example.com", **(headers or {})}),
            connection=exchange,
        )
        target = application.dispatch(request)
        target.finish()
        await asyncio.wait_for(exchange.wait_finished(), 5)
        return exchange

    return asyncio.run(work())


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("www.example.com", 200),
        ("WWW.Example.Com:8080", 200),
        ("a.example.net", 200),
        ("a.b.example.net", 200),
        ("example.net", 400),
        ("evilexample.net", 400),
        ("www.example.com.evil", 400),
        ("[::1]", 400),
    ],
)
def test_trusted_hosts(host, status):
    policy = TrustedHosts(["www.example.com", "*.Example.net"])
    assert ask(policy, headers={"Host": host}).status == status


def test_trusted_hosts_are_a_list():
    with pytest.raises(TypeError, match="list"):
        TrustedHosts("example.com")


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("/", "https://www.example.com/"),
        ("/a?b=c&d", "https://www.example.com/a?b=c&d"),
        ("//evil.example/", "https://www.example.com//evil.example/"),
    ],
)
def test_plain_requests_are_sent_to_https(uri, location):
    response = ask(HTTPSRedirect(hsts=60), uri=uri, headers={"Host": "www.example.com:8080"})
    assert (response.status, response.headers["Location"]) == (308, location)
    assert "Strict-Transport-Security" not in response.headers


def test_requests_by_https_are_served():
    response = ask(HTTPSRedirect(hsts=60), protocol="https")
    assert response.status == 200
    assert response.headers["Strict-Transport-Security"] == "max-age=60"
    assert "Strict-Transport-Security" not in ask(HTTPSRedirect(), protocol="https").headers
    response = ask(HTTPSRedirect(host="secure.example:8443"), uri="/x")
    assert response.headers["Location"] == "https://secure.example:8443/x"


def test_request_ids():
    response = ask(RequestID())
    made = response.headers["X-Request-Id"]
    assert len(made) == 32
    assert response.body == f"hello {made}".encode()
    assert request_id.get() is None
    assert ask(RequestID()).headers["X-Request-Id"] != made
    with pytest.raises(ValueError, match="header field"):
        RequestID("not a name")


@pytest.mark.parametrize(
    ("incoming", "is_kept"), [("abc-1.2_3", True), ("", False), ("a b", False), ("x" * 129, False)]
)
def test_incoming_request_ids(incoming, is_kept):
    headers = {"X-Id": incoming}
    response = ask(RequestID("X-Id", accept_incoming=True), headers=headers)
    assert (response.headers["X-Id"] == incoming) == is_kept
    assert ask(RequestID("X-Id"), headers=headers).headers["X-Id"] != incoming


class TestCORS:
    ORIGIN = "https://app.example"

    def ask(self, policy, origin=ORIGIN, **kwargs):
        headers = {"Origin": origin} if origin else {}
        return ask(policy, headers={**headers, **kwargs.pop("headers", {})}, **kwargs)

    def preflight(self, policy, origin=ORIGIN, method="PUT", fields="x-a, x-b"):
        headers = {
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": fields,
        }
        return self.ask(policy, origin, method="OPTIONS", headers=headers)

    @pytest.mark.parametrize(
        "origin", [ORIGIN, "https://APP.example", "null", "https://evil", None]
    )
    def test_responses(self, origin):
        response = self.ask(CORS([self.ORIGIN], expose=["X-A"], credentials=True), origin)
        assert response.status == 200
        assert response.headers["Vary"] == "Origin"
        is_allowed = origin is not None and origin.lower() == self.ORIGIN
        assert response.headers.get("Access-Control-Allow-Origin") == (
            origin if is_allowed else None
        )
        for name in ("Access-Control-Allow-Credentials", "Access-Control-Expose-Headers"):
            assert (name in response.headers) == is_allowed

    def test_any_origin(self):
        response = self.ask(CORS("*"))
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Vary" not in response.headers
        assert "Access-Control-Allow-Origin" not in self.ask(CORS("*"), None).headers
        with pytest.raises(ValueError, match="credentials"):
            CORS("*", credentials=True)
        with pytest.raises(TypeError, match="list"):
            CORS(self.ORIGIN)

    def test_preflights(self):
        policy = CORS([self.ORIGIN], headers=["X-A"], max_age=5)
        response = self.preflight(policy)
        assert (response.status, response.body) == (204, b"")
        assert (
            response.headers["Access-Control-Allow-Methods"]
            == "DELETE, GET, HEAD, PATCH, POST, PUT"
        )
        assert response.headers["Access-Control-Allow-Headers"] == "X-A"
        assert response.headers["Access-Control-Max-Age"] == "5"
        refused = self.preflight(policy, "https://evil")
        assert refused.status == 403
        assert not [name for name in refused.headers if name.startswith("Access-Control")]
        any_header = self.preflight(CORS("*", headers="*"), fields="x-a, b c, x-d")
        assert any_header.headers["Access-Control-Allow-Headers"] == "x-a, x-d"

    def test_options_that_are_no_preflight_reach_the_handler(self):
        assert self.ask(CORS("*"), method="OPTIONS").body == b"options"

    def test_error_pages_can_be_read_too(self):
        response = self.ask(CORS([self.ORIGIN]), method="DELETE")
        assert response.status == 405
        assert response.headers["Access-Control-Allow-Origin"] == self.ORIGIN

    def test_vary_is_not_said_twice(self):
        def varying(request, call_next):
            return call_next(request).amend(lambda head: head.headers.add("Vary", "Accept, Origin"))

        application = Application([("/", Hello)], middleware=[CORS([self.ORIGIN]), varying])
        response = self.ask(None, application=application)
        assert response.headers.get_list("Vary") == ["Accept, Origin"]


class TestRateLimit:
    def limited(self, *args, **kwargs):
        self.now = 0.0
        policy = RateLimit(*args, clock=lambda: self.now, **kwargs)
        return Application([("/", Hello)], middleware=[policy], log_function=lambda handler: None)

    def statuses(self, application, count, **kwargs):
        return [ask(application=application, **kwargs).status for _ in range(count)]

    def test_a_burst_and_then_the_rate(self):
        application = self.limited(2, 10, burst=3)
        assert self.statuses(application, 5) == [200, 200, 200, 429, 429]
        assert ask(application=application).headers["Retry-After"] == "5"
        self.now = 5.0
        assert self.statuses(application, 2) == [200, 429]
        self.now = 1000.0
        assert self.statuses(application, 4) == [200, 200, 200, 429]

    def test_clients_are_counted_apart(self):
        application = self.limited(1, 10)
        for address in ("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8:0:1::1"):
            assert self.statuses(application, 2, remote_ip=address) == [200, 429]
        # The same network of 64 bits.
        assert self.statuses(application, 1, remote_ip="2001:db8::ffff") == [429]

    def test_keys(self):
        def key(request):
            return request.headers.get("X-User")

        application = self.limited(1, 10, key=key)
        assert self.statuses(application, 3) == [200, 200, 200]
        assert self.statuses(application, 2, headers={"X-User": "a"}) == [200, 429]

    def test_memory_is_bounded(self):
        self.now = 0.0
        policy = RateLimit(1, 10, max_keys=3, clock=lambda: self.now)
        calls = []
        for number in range(100):
            policy(SimpleNamespace(remote_ip=f"10.0.0.{number}"), calls.append)
        assert len(policy._buckets) == 3
        assert len(calls) == 100

    @pytest.mark.parametrize(
        "arguments", [{"requests": 0}, {"requests": 1, "seconds": 0}, {"requests": 1, "burst": 0.5}]
    )
    def test_limits_that_make_no_sense(self, arguments):
        with pytest.raises(ValueError, match="must be"):
            RateLimit(**arguments)


def test_a_limit_of_content_for_one_route(served):
    application = Application([url("/small", Hello, middleware=[BodyLimit(10)]), ("/large", Hello)])

    async def check(site):
        for path, expected in (("/small", 413), ("/large", 200)):
            response = await site.fetch(path, "PUT", body="x" * 11)
            assert response.code == expected

    served(application, check)


def test_a_limit_of_time():
    class Never(RequestHandler):
        async def get(self):
            await asyncio.get_running_loop().create_future()

    application = Application([("/never", Never), ("/", Hello)], middleware=[TimeLimit(0.01)])
    response = ask(uri="/never", application=application)
    assert (response.status, response.body) == (503, b"this took too long")
    generous = Application([("/", Hello)], middleware=[TimeLimit(60)])
    assert ask(application=generous).status == 200
