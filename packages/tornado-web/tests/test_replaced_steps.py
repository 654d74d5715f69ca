"""Steps of a request that somebody replaced are called: by subclasses, patches and wrappers, at any time."""

from unittest import mock

import pytest
import wrapt

from tornado import routing, web
from tornado.httputil import HTTPServerConnectionDelegate
from tornado.web import Application, RequestHandler

HOOKS = [
    "_execute",
    "prepare",
    "get",
    "finish",
    "flush",
    "set_etag_header",
    "compute_etag",
    "check_etag_header",
    "_log",
    "get_status",
    "on_finish",
]


class Hello(RequestHandler):
    def get(self):
        self.write("hello")


def application(handler=Hello):
    return Application([("/", handler), ("/.*", handler)])


class Transparent:
    """Wraps as instrumentation does, and counts."""

    def __init__(self):
        self.calls = 0

    def __call__(self, wrapped, instance, args, kwargs):
        self.calls += 1
        return wrapped(*args, **kwargs)


@pytest.mark.parametrize("hook", HOOKS)
class TestHooks:
    def test_wrapt_on_the_released_class(self, fetch, hook):
        app = application()
        assert fetch(app).body == b"hello"  # before anything was replaced
        wrapper = Transparent()
        owner = Hello if hook == "get" else RequestHandler
        had_own = hook in vars(owner)
        original = getattr(owner, hook)
        wrapt.wrap_function_wrapper(owner, hook, wrapper)
        try:
            for count in (1, 2):
                assert fetch(app).body == b"hello"
                assert wrapper.calls == count
        finally:
            if had_own:
                setattr(owner, hook, original)
            else:
                delattr(owner, hook)
        assert fetch(app).body == b"hello"
        assert wrapper.calls == 2

    def test_mock_on_the_class(self, fetch, hook):
        app = application()
        owner = Hello if hook == "get" else RequestHandler
        with mock.patch.object(
            owner, hook, autospec=True, side_effect=getattr(owner, hook)
        ) as step:
            assert fetch(app).body == b"hello"
        assert step.call_count == 1

    def test_assignment_on_a_subclass_after_the_first_request(self, fetch, hook):
        class Later(Hello):
            pass

        app = application(Later)
        assert fetch(app).body == b"hello"
        called = []

        def step(self, *args, **kwargs):
            called.append(hook)
            return getattr(super(Later, self), hook)(*args, **kwargs)

        setattr(Later, hook, step)
        assert fetch(app).body == b"hello"
        assert called == [hook]

    @pytest.mark.parametrize("way", ["function", "wrapt"])
    def test_replaced_on_the_instance(self, fetch, hook, way):
        called = []

        class Replacing(Hello):
            def initialize(self):
                own = getattr(self, hook)

                def step(*args, **kwargs):
                    called.append(hook)
                    return own(*args, **kwargs)

                if way == "function":
                    setattr(self, hook, step)
                else:
                    wrapt.wrap_function_wrapper(
                        self, hook, lambda wrapped, instance, args, kwargs: step(*args, **kwargs)
                    )

        assert fetch(application(Replacing)).body == b"hello"
        assert called == [hook]


@pytest.mark.parametrize(
    "hook", ["write", "set_header", "send_error", "write_error", "log_exception"]
)
def test_other_methods_of_an_instance(fetch, hook, caplog):
    called = []

    class Replacing(RequestHandler):
        def prepare(self):
            own = getattr(self, hook)

            def step(*args, **kwargs):
                called.append(hook)
                return own(*args, **kwargs)

            setattr(self, hook, step)

        def get(self):
            self.write("x")
            self.set_header("A", "b")
            if hook not in ("write", "set_header"):
                raise ValueError

    fetch(application(Replacing))
    assert called == [hook]


def test_a_page_goes_through_a_replaced_finish(fetch):
    class Page(RequestHandler):
        def get(self):
            own = self.finish
            self.finish = lambda chunk=None: own(b"seen:" + chunk)
            self.render_string = lambda name, **kwargs: b"page"
            self.render("none.html")

    assert fetch(application(Page)).body == b"seen:page"


def test_finish_of_another_object(fetch):
    class Delegating(RequestHandler):
        def get(self):
            other = Other(self.application, self.request)
            other._transforms = []
            other.write("by the other")
            self.finish = other.finish

    class Other(RequestHandler):
        pass

    assert fetch(application(Delegating)).body == b"by the other"


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Application, "start_request"),
        (Application, "find_handler"),
        (Application, "get_handler_delegate"),
        (Application, "log_request"),
        (web._ApplicationRouter, "find_handler"),
        (web._ApplicationRouter, "get_target_delegate"),
        (routing.RuleRouter, "find_handler"),
        (routing.PathMatches, "match"),
        (web._HandlerDelegate, "headers_received"),
        (web._HandlerDelegate, "finish"),
        (web._HandlerDelegate, "execute"),
    ],
)
class TestFinding:
    def test_replaced_on_the_released_class(self, served, owner, name):
        """Before and after it is replaced, on one connection and on another."""
        app = application()

        async def check(site):
            assert (await site.fetch("/")).body == b"hello"
            wrapper = Transparent()
            had_own = name in vars(owner)
            original = getattr(owner, name)
            wrapt.wrap_function_wrapper(owner, name, wrapper)
            try:
                for _ in range(2):
                    before = wrapper.calls
                    assert (await site.fetch("/")).body == b"hello"
                    assert wrapper.calls > before
            finally:
                if had_own:
                    setattr(owner, name, original)
                else:
                    delattr(owner, name)
            seen = wrapper.calls
            assert (await site.fetch("/")).body == b"hello"
            assert wrapper.calls == seen

        served(app, check)

    def test_replaced_on_a_connection_that_is_open(self, served, owner, name):
        app = application()
        get = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

        async def check(site):
            import asyncio

            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writer.write(get)
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
            with mock.patch.object(
                owner, name, autospec=True, side_effect=getattr(owner, name)
            ) as step:
                writer.write(get)
                assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
            writer.close()
            assert step.call_count >= 1

        served(app, check)


@pytest.mark.parametrize(
    "name", ["start_request", "find_handler", "get_handler_delegate", "log_request"]
)
def test_replaced_on_an_application(fetch, name):
    app = application()
    called = []
    own = getattr(app, name)
    setattr(app, name, lambda *args, **kwargs: called.append(name) or own(*args, **kwargs))
    assert fetch(app).body == b"hello"
    assert called == [name]


@pytest.mark.parametrize("router", ["default_router", "wildcard_router"])
def test_replaced_on_a_router_of_an_application(fetch, router):
    app = application()
    called = []
    own = getattr(app, router).find_handler
    getattr(app, router).find_handler = lambda *args, **kwargs: (
        called.append(1) or own(*args, **kwargs)
    )
    assert fetch(app).body == b"hello"
    assert called == [1]


def test_replaced_on_a_matcher(fetch):
    app = application()
    matcher = app.wildcard_router.rules[0].matcher
    matcher.match = lambda request: None
    app.wildcard_router.rules.reverse()  # compiled again
    app.wildcard_router.rules.reverse()
    answer = fetch(app)
    assert answer.body == b"hello"  # by the second rule, which matches "/" too
    app.wildcard_router.rules[1:] = []
    assert fetch(app).code == 404


def test_a_delegate_with_methods_of_its_own(fetch):
    called = []

    class App(Application):
        def get_handler_delegate(self, *args, **kwargs):
            delegate = super().get_handler_delegate(*args, **kwargs)
            own = delegate.finish
            delegate.finish = lambda: called.append("finish") or own()
            return delegate

    assert fetch(App([("/", Hello)])).body == b"hello"
    assert called == ["finish"]


def test_an_application_is_still_a_delegate():
    assert isinstance(application(), HTTPServerConnectionDelegate)
