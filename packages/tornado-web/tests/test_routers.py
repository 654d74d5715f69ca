"""Routers, rules and matchers: of this project and of others."""

import asyncio
import functools
import re

import pytest

from tornado import httputil
from tornado.routing import (
    AnyMatches,
    DefaultHostMatches,
    HostMatches,
    Matcher,
    PathMatches,
    ReversibleRouter,
    ReversibleRuleRouter,
    Router,
    Rule,
    RuleRouter,
    URLSpec,
)
from tornado.web import Application, RequestHandler, url


class Named(RequestHandler):
    def initialize(self, name="?"):
        self.name = name

    def get(self, *args, **kwargs):
        self.write(f"{self.name} {args} {kwargs}")


def named(name):
    return {"name": name}


class Answer(httputil.HTTPMessageDelegate):
    """A delegate that is no handler."""

    def __init__(self, connection, text):
        self.connection = connection
        self.text = text
        self.received = b""

    def data_received(self, chunk):
        self.received += chunk

    def finish(self):
        body = self.text.encode() + self.received
        self.connection.write_headers(
            httputil.ResponseStartLine("HTTP/1.1", 200, "OK"),
            httputil.HTTPHeaders({"Content-Length": str(len(body))}),
            body,
        )
        self.connection.finish()


class FixedRouter(Router):
    def find_handler(self, request, **kwargs):
        if request.path.startswith("/none"):
            return None
        return Answer(request.connection, f"{request.path} {sorted(kwargs)} ")


class FixedReversible(ReversibleRouter, FixedRouter):
    def reverse_url(self, name, *args):
        return "/fixed/" + "/".join(args) if name == "fixed" else None


class MethodMatches(Matcher):
    def __init__(self, method):
        self.method = method

    def match(self, request):
        return {} if request.method == self.method else None


class ArgumentMatches(Matcher):
    def match(self, request):
        return {"path_args": [b"from", b"matcher"], "path_kwargs": {}}


def server_callback(request, **kwargs):
    request.connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ncallback")
    request.connection.finish()


class TestRouter:
    def test_as_a_server(self, fetch):
        assert fetch(FixedRouter(), "/x").body == b"/x [] "
        assert fetch(FixedRouter(), "/x", "POST", body="content").body == b"/x [] content"

    def test_nothing_found(self, fetch):
        answer = fetch(FixedRouter(), "/none")
        assert answer.code == 404

    def test_has_to_be_written(self):
        with pytest.raises(NotImplementedError):
            Router().find_handler(None)
        with pytest.raises(NotImplementedError):
            ReversibleRouter().reverse_url("x")


class TestRuleRouter:
    def test_kinds_of_targets(self, fetch):
        class Delegate(httputil.HTTPServerConnectionDelegate):
            def start_request(self, server_conn, request_conn):
                return Answer(request_conn, "delegate ")

        router = RuleRouter(
            [
                Rule(PathMatches("/callback"), server_callback),
                ("/router.*", FixedRouter()),
                [PathMatches("/delegate"), Delegate()],
                (re.compile("/compiled"), FixedRouter(), {"a": 1}, "name"),
                ("/app", Application([("/app", Named, named("app"))])),
            ]
        )
        assert fetch(router, "/callback").body == b"callback"
        assert fetch(router, "/router/x").body == b"/router/x [] "
        assert fetch(router, "/delegate", "POST", body="x").body == b"delegate x"
        assert fetch(router, "/compiled/more").body == b"/compiled/more ['target_kwargs'] "
        assert fetch(router, "/app").body == b"app () {}"
        assert fetch(router, "/other").code == 404

    def test_wrong_rules(self):
        for rule in ((), ("/x",), ("/x", server_callback, {}, "n", 5)):
            with pytest.raises(ValueError, match="2 to 4 parts"):
                RuleRouter([rule])

    def test_a_target_without_a_delegate_passes_on(self, fetch):
        class Choosy(RuleRouter):
            def get_target_delegate(self, target, request, **params):
                if isinstance(target, str):
                    return None
                return super().get_target_delegate(target, request, **params)

        router = Choosy([("/none.*", FixedRouter()), ("/none.*", server_callback), ("/other", 5)])
        assert fetch(router, "/none/x").body == b"callback"
        assert fetch(router, "/other").code == 404

    def test_process_rule_and_targets_of_ones_own(self, fetch):
        class Upper(RuleRouter):
            def process_rule(self, rule):
                if isinstance(rule.target, bytes):
                    rule.target = rule.target.upper()
                return rule

            def get_target_delegate(self, target, request, **params):
                if isinstance(target, bytes):
                    return Answer(request.connection, target.decode())
                return super().get_target_delegate(target, request, **params)

        router = Upper([("/x", b"text")])
        assert fetch(router, "/x").body == b"TEXT"
        router.add_rules([("/y", b"more")])
        assert fetch(router, "/y").body == b"MORE"

    def test_rules_may_be_replaced(self, fetch):
        router = RuleRouter([("/x", server_callback)])
        router.rules = []
        assert fetch(router, "/x").code == 404
        router.rules.append(Rule(AnyMatches(), server_callback))
        assert fetch(router, "/x").body == b"callback"


class TestInApplications:
    def test_matchers_of_ones_own(self, fetch):
        app = Application(
            [
                (MethodMatches("POST"), Named, named("post")),
                (ArgumentMatches(), Named, named("arguments")),
            ]
        )
        assert fetch(app, "/any").body == b"arguments ('from', 'matcher') {}"
        assert fetch(app, "/any", "POST", body="").code == 405

    def test_nested(self, fetch):
        app = Application(
            [
                (
                    HostMatches("example.com"),
                    [("/x", Named, named("nested")), ("/y/(.*)", Named, named("deep"))],
                ),
                Rule(PathMatches("/delegate.*"), FixedRouter()),
                ("/cb", server_callback),
                ("/x", Named, named("outer")),
                (AnyMatches(), [(AnyMatches(), [("/z", Named, named("innermost"))])]),
            ]
        )
        host = {"Host": "example.com"}
        assert fetch(app, "/x", headers=host).body == b"nested () {}"
        assert fetch(app, "/y/1", headers=host).body == b"deep ('1',) {}"
        assert fetch(app, "/x").body == b"outer () {}"
        assert fetch(app, "/delegate/1", "POST", body="c").body == b"/delegate/1 [] c"
        assert fetch(app, "/cb").body == b"callback"
        assert fetch(app, "/z").body == b"innermost () {}"
        assert fetch(app, "/none").code == 404

    def test_virtual_hosts(self, fetch):
        app = Application([("/x", Named, named("wildcard"))], default_host="www.example.com")
        app.add_handlers(
            r"www\.example\.com", [("/x", Named, named("www")), url("/w", Named, name="w")]
        )
        app.add_handlers(
            r".*\.example\.com", [("/x", Named, named("any")), ("/y", Named, named("any"))]
        )
        for host, body in (
            ("www.example.com", b"www () {}"),
            ("WWW.example.com:8080", b"www () {}"),
            ("api.example.com", b"any () {}"),
            ("www.example.com.evil.test", b"wildcard () {}"),
        ):
            assert fetch(app, "/x", headers={"Host": host}).body == body
        # Only the first pattern that matches counts... for what it has.
        assert fetch(app, "/y", headers={"Host": "api.example.com"}).body == b"any () {}"
        # Straight to the address: the default host's routes come after the wildcard's.
        assert fetch(app, "/w").body == b"? () {}"
        assert fetch(app, "/w", headers={"X-Real-Ip": "1.2.3.4"}).code == 404
        assert app.reverse_url("w") == "/w"

    def test_a_host_in_brackets(self, fetch):
        app = Application()
        app.add_handlers(r"\[::1\]|::1", [("/x", Named, named("six"))])
        assert fetch(app, "/x", headers={"Host": "[::1]:8888"}).code in (200, 404)

    def test_first_match_wins(self, fetch):
        app = Application(
            [
                ("/a.*", Named, named("pattern")),
                ("/ab", Named, named("fixed")),
                ("/(.*)", Named, named("all")),
            ]
        )
        assert fetch(app, "/ab").body == b"pattern () {}"
        assert fetch(app, "/b").body == b"all ('b',) {}"

    def test_routes_may_change_while_it_runs(self, served):
        app = Application([("/x", Named, named("one"))])

        async def check(site):
            assert (await site.fetch("/x")).body == b"one () {}"
            app.wildcard_router.rules.insert(0, URLSpec("/x", Named, named("two")))
            assert (await site.fetch("/x")).body == b"two () {}"
            app.wildcard_router.add_rules([("/y", Named, named("three"))])
            assert (await site.fetch("/y")).body == b"three () {}"
            app.default_router.rules.insert(0, Rule(PathMatches("/x"), server_callback))
            assert (await site.fetch("/x")).body == b"callback"
            assert (await site.fetch("/y")).body == b"three () {}"
            app.wildcard_router.rules[-1].target = Other
            del app.default_router.rules[0]
            assert (await site.fetch("/y")).body == b"other"

        class Other(Named):
            def get(self):
                self.write("other")

        served(app, check)


class TestReverse:
    @pytest.mark.parametrize(
        ("pattern", "args", "path"),
        [
            ("/", (), "/"),
            ("/a", (), "/a"),
            ("^/a$", (), "/a"),
            (r"/a\.b", (), "/a.b"),
            ("/([0-9]{4})/([a-z-]+)/", (2020, "a-b"), "/2020/a-b/"),
            ("/(?P<x>.*)/y", ("z",), "/z/y"),
            ("/(.*)", ("a b/c\u00e9",), "/a%20b%2Fc%C3%A9"),
            ("/(.*)", (b"\xff",), "/%FF"),
            ("/(.*)", (None,), "/None"),
            ("/100%/(.*)", ("x",), "/100%/x"),
            ("/(a)(b)", ("1", "2"), "/12"),
        ],
    )
    def test_paths(self, pattern, args, path):
        got = PathMatches(pattern).reverse(*args)
        # Whether a slash in an argument is encoded has differed; both lead to the same route.
        assert got.replace("/c%C3%A9", "%2Fc%C3%A9") == path

    @pytest.mark.parametrize(
        "pattern", [r"/a\d", "/(?:a|b)", "/((a)b)", r"/\(x\)", "/[(]x", "/(a(b))"]
    )
    def test_what_cannot_be_reversed(self, pattern):
        assert PathMatches(pattern)._find_groups() == (None, None)
        with pytest.raises(ValueError, match="Cannot reverse url regex"):
            PathMatches(pattern).reverse("x")

    def test_number_of_arguments(self):
        with pytest.raises(AssertionError, match="required number of arguments not found"):
            PathMatches("/(.*)").reverse()
        with pytest.raises(AssertionError):
            PathMatches("/").reverse(1)

    def test_find_groups(self):
        assert PathMatches("/([0-9]{4})/([a-z-]+)/")._find_groups() == ("/%s/%s/", 2)

    def test_mixed_groups(self):
        with pytest.raises(AssertionError, match="all named or all positional"):
            URLSpec("/(a)/(?P<b>x)", Named)

    def test_nested_names(self):
        app = Application(
            [
                (HostMatches("x"), [url("/in/(.*)", Named, name="inner")]),
                ("/fixed.*", FixedReversible()),
                url("/out", Named, name="outer"),
            ]
        )
        assert app.reverse_url("inner", 1) == "/in/1"
        assert app.reverse_url("outer") == "/out"
        assert app.reverse_url("fixed", "a", "b") == "/fixed/a/b"
        with pytest.raises(KeyError, match="nowhere not found in named urls"):
            app.reverse_url("nowhere")

    def test_a_name_used_twice(self, caplog):
        router = ReversibleRuleRouter(
            [("/a", server_callback, {}, "n"), ("/b", server_callback, {}, "n")]
        )
        assert router.reverse_url("n") == "/b"
        assert "Multiple handlers named n" in caplog.text
        assert router.reverse_url("m") is None


class TestRules:
    def test_dotted_names(self):
        rule = Rule(AnyMatches(), "tornado.web.ErrorHandler", {"status_code": 1})
        assert rule.target.__name__ == "ErrorHandler"
        with pytest.raises(ImportError):
            Rule(AnyMatches(), "tornado.web.NoSuchHandler")

    def test_url_spec(self):
        spec = URLSpec("/a", Named, {"name": "x"}, "n")
        assert (spec.handler_class, spec.kwargs, spec.name) == (Named, {"name": "x"}, "n")
        assert spec.regex.pattern == "/a$"
        assert spec.reverse() == "/a"
        assert URLSpec("/a", handler_class=Named).target is Named
        assert URLSpec(pattern="/a", handler=Named).target is Named
        assert repr(spec).startswith("URLSpec('/a$', <class ")
        assert repr(Rule(AnyMatches(), Named)).startswith("Rule(<")

    def test_matchers_reverse(self):
        assert AnyMatches().reverse() is None
        assert Rule(HostMatches("x"), Named).reverse() is None
        with pytest.raises(NotImplementedError):
            Matcher().match(None)

    def test_host_matches(self):
        class Request:
            host_name = "www.example.com"
            headers = {}

        assert HostMatches("www.example.com").match(Request) == {}
        assert HostMatches("example.com").match(Request) is None
        assert HostMatches("www").match(Request) is None
        assert HostMatches(re.compile("www")).match(Request) == {}

        class App:
            default_host = "x.org"

        assert DefaultHostMatches(App, re.compile("x.org$")).match(Request) == {}
        App.default_host = None
        assert DefaultHostMatches(App, re.compile("x.org$")).match(Request) is None


async def hello(request):
    await asyncio.sleep(0)
    request.connection.write_headers(
        httputil.ResponseStartLine("", 200, "OK"), httputil.HTTPHeaders({"Content-Length": "5"})
    )
    await request.connection.write(b"hello")
    request.connection.finish()


class Server:
    async def __call__(self, request):
        await hello(request)


def generating(request):
    yield request


class TestTargets:
    @pytest.mark.parametrize("target", [hello, Server(), functools.partial(hello)])
    def test_a_coroutine_function_as_target_of_a_rule(self, fetch, target):
        assert fetch(RuleRouter([("/", target)])).body == b"hello"

    def test_a_coroutine_that_fails(self, served, caplog):
        async def fails(request):
            await asyncio.sleep(0)
            raise ValueError("as planned")

        router = RuleRouter([Rule(PathMatches("/"), fails)])
        assert served(router, lambda site: site.send(site.message("/"))) == b""
        [record] = [r for r in caplog.records if r.levelname == "ERROR"]
        assert record.exc_info[1].args == ("as planned",)

    @pytest.mark.parametrize(
        "target", [None, 5, hello, Server(), functools.partial(hello), generating]
    )
    @pytest.mark.parametrize(
        "make",
        [
            lambda target: Application([("/x(.*)", target)]),
            lambda target: Application([url("/x(.*)", target)]),
            lambda target: Application([Rule(PathMatches("/x(.*)"), target)]),
            lambda target: Application([(PathMatches("/x(.*)"), [("/x(.*)", target)])]),
            lambda target: Application().add_handlers(".*", [("/x(.*)", target)]),
            lambda target: Application().wildcard_router.add_rules([("/x(.*)", target)]),
        ],
    )
    def test_targets_that_cannot_respond_are_refused(self, target, make):
        with pytest.raises(TypeError) as caught:
            make(target)
        assert repr(target) in str(caught.value)
        assert "/x(.*)" in str(caught.value)

    @pytest.mark.parametrize("target", [None, 5])
    def test_a_router_refuses_what_it_cannot_call(self, target):
        with pytest.raises(TypeError, match="no router, delegate or callable"):
            RuleRouter([Rule(PathMatches("/"), target)])

    def test_a_router_with_targets_of_its_own_decides(self, fetch):
        class Texts(RuleRouter):
            def get_target_delegate(self, target, request, **params):
                return Answer(request.connection, str(target))

        assert fetch(Texts([Rule(PathMatches("/"), 5)])).body == b"5"

    @pytest.mark.parametrize(
        ("pattern", "args", "path"),
        [
            ("/a", (), "/a"),
            ("^/a$", (), "/a"),
            (r"/a\.b/(.*)", (5,), "/a.b/5"),
            ("/(?P<a>x+)", ("y z",), "/y%20z"),
        ],
    )
    def test_a_pattern_without_a_handler_can_be_reversed(self, pattern, args, path):
        assert url(pattern, None).reverse(*args) == path

    def test_a_pattern_that_cannot_be_reversed(self):
        spec = url(r"/a/\d+", None)
        with pytest.raises(ValueError, match="Cannot reverse"):
            spec.reverse()
