"""Templates, their namespace, UI modules and methods, and the resources they bring to a page."""

import asyncio
import pathlib
import types

import pytest

from tornado import httputil, locale, template
from tornado.web import Application, RequestHandler, UIModule, is_absolute

FILES = {
    "page.html": "<title>{{ title }}</title>",
    "names.html": "{{ handler.__class__.__name__ }} {{ request.path }} {{ current_user }} {{ locale.code }} "
    "{{ _('word') }} {{ reverse_url('named', 5) }} {{ static_url('a.txt') }} {{ pgettext('c', 'word') }} "
    "{{ escape('<') }} {{ xhtml_escape('<') }} {{ url_escape('a b') }} {{ json_encode({}) }} "
    "{{ squeeze('a  b') }} {{ datetime.date(2020, 1, 2) }} {{ linkify('http://x.org') }} {{ extra }}",
    "xsrf.html": "{% module xsrf_form_html() %}",
    "methods.html": "{{ shout('a<') }} {{ handler_name() }}",
    "modules.html": "{% module Entry(1) %}{% module Entry(2, show=True) %}{{ modules.Entry(3) }}",
    "entry.html": "<p>{{ entry }}{{ show }}{{ current_user }}</p>",
    "linkify.html": "{% module linkify('see http://x.org') %}",
    "template_module.html": "<html><head></head><body>{% module Template('part.html', n=1) %}"
    "{% module Template('part.html', n=2) %}</body></html>",
    "part.html": "{{ set_resources(embedded_css='.part {}', javascript_files=['part.js'], "
    "css_files='/part.css', embedded_javascript='part()', html_head='<meta/>', "
    "html_body='<hr/>') }}[{{ n }}]",
    "inconsistent.html": "{% module Template('odd.html', n=1) %}{% module Template('odd.html', n=2) %}",
    "odd.html": "{{ set_resources(embedded_css=str(n)) }}",
    "scope.html": "{% set x = 1 %}{% module Template('sees.html') %}",
    "sees.html": "{{ 'x' in globals() }}{{ current_user }}",
    "unknown.html": "{% module Nothing() %}",
}


class Page(RequestHandler):
    def get(self, name):
        self.render(name, title="<T>", extra="more")

    def get_current_user(self):
        return "me"

    def get_user_locale(self):
        return locale.get("en_US")


class Entry(UIModule):
    def render(self, entry, show=False):
        assert self.handler.request is self.request
        assert self.current_user == "me"
        assert self.locale.code == "en_US"
        assert self.ui is self.handler.ui
        return self.render_string("entry.html", entry=entry, show=show)


def page(memory, name, **settings):
    settings.setdefault("template_loader", template.DictLoader(FILES))
    routes = [("/named/(.*)", Page, {}, "named"), ("/(.*)", Page)]
    return memory.request(Application(routes, **settings), uri="/" + name)


def body(memory, name, **settings):
    answer = page(memory, name, **settings)
    assert answer.status == 200
    return answer.body.decode()


def test_render(memory):
    assert body(memory, "page.html") == "<title>&lt;T&gt;</title>"


def test_namespace(memory, tmp_path):
    (tmp_path / "a.txt").write_text("x")
    got = body(memory, "names.html", static_path=str(tmp_path))
    assert got.startswith("Page /names.html me en_US word /named/5 /static/a.txt?v=")
    assert got.endswith(
        " word &amp;lt; &amp;lt; a+b {} a b 2020-01-02 "
        "&lt;a href=&quot;http://x.org&quot;&gt;http://x.org&lt;/a&gt; more"
    )


def test_get_template_namespace(memory):
    class More(Page):
        def get_template_namespace(self):
            namespace = super().get_template_namespace()
            namespace["title"] = "from the hook"
            namespace["answer"] = 42
            return namespace

        def get(self):
            self.render("t.html", title="given")

    loader = template.DictLoader({"t.html": "{{ title }} {{ answer }}"})
    answer = memory.request(Application([("/", More)], template_loader=loader))
    assert answer.body == b"given 42"


def test_render_string_writes_nothing(memory):
    class Handler(Page):
        def get(self):
            text = self.render_string("page.html", title="x")
            assert text == b"<title>x</title>"
            self.write("only this")

    app = Application([("/", Handler)], template_loader=template.DictLoader(FILES))
    assert memory.request(app).body == b"only this"


def test_template_path(memory, tmp_path):
    (tmp_path / "t.html").write_text("{{ '<' }}")
    app = Application([("/(.*)", Page)], template_path=str(tmp_path))
    assert memory.request(app, uri="/t.html").body == b"&lt;"


def test_template_path_of_a_handler(memory, tmp_path):
    (tmp_path / "t.html").write_text("mine")

    class Own(Page):
        def get_template_path(self):
            return str(tmp_path)

    app = Application([("/(.*)", Own)], template_path="/nowhere")
    assert memory.request(app, uri="/t.html").body == b"mine"


def test_templates_beside_the_calling_file(memory, tmp_path):
    (tmp_path / "beside.html").write_text("beside {% module Template('beside2.html') %}")
    (tmp_path / "beside2.html").write_text("it")
    source = tmp_path / "handlers.py"
    source.write_text(
        "from tornado.web import RequestHandler\n"
        "class Beside(RequestHandler):\n"
        "    def get(self):\n"
        "        self.render('beside.html')\n"
    )
    namespace = {}
    exec(compile(source.read_text(), str(source), "exec"), namespace)
    assert memory.request(Application([("/", namespace["Beside"])])).body == b"beside it"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, b"&lt; a\nb"),
        ({"autoescape": None}, b"< a\nb"),
        ({"autoescape": "url_escape"}, b"%3C a\nb"),
        ({"template_whitespace": "oneline"}, b"&lt; a b"),
        ({"template_whitespace": "all"}, b"&lt;  a\n   b"),
    ],
)
def test_settings_of_loaders(memory, tmp_path, settings, expected):
    """Applications with other settings do not get each other's templates."""
    (tmp_path / "t.html").write_text("{{ '<' }}  a\n   b")
    app = Application([("/(.*)", Page)], template_path=str(tmp_path), **settings)
    assert memory.request(app, uri="/t.html").body == expected


class Shout(template.Directive):
    name = "shout"
    argument = "expression"

    def write(self, tag: template.Tag, out: template.CodeWriter) -> None:
        out.value(f"str({tag.argument}).upper()")


def test_directives_of_the_application(tmp_path: pathlib.Path) -> None:
    (tmp_path / "page.html").write_text("{% shout name %}")
    for directives, status in (([Shout()], 200), ([], 500)):
        application = Application(template_path=str(tmp_path), template_directives=directives)
        handler = RequestHandler(application, httputil.HTTPServerRequest("GET", "/"))
        if status == 200:
            assert handler.render_string("page.html", name="<a>") == b"&lt;A&gt;"
        else:
            with pytest.raises(template.ParseError):
                handler.render_string("page.html", name="<a>")


def test_create_template_loader(memory):
    made = []

    class Own(Page):
        def create_template_loader(self, template_path):
            made.append(template_path)
            return template.DictLoader({"t.html": "own"})

    app = Application([("/(.*)", Own)], template_path="/some/where")
    assert memory.request(app, uri="/t.html").body == b"own"
    assert memory.request(app, uri="/t.html").body == b"own"
    assert made == ["/some/where"]


def test_compiled_template_cache(memory, tmp_path):
    path = tmp_path / "t.html"

    def twice(**settings):
        path.write_text("one")
        app = Application([("/(.*)", Page)], template_path=str(tmp_path), **settings)
        first = memory.request(app, uri="/t.html").body
        path.write_text("two")
        return first, memory.request(app, uri="/t.html").body

    assert twice() == (b"one", b"one")
    RequestHandler._template_loaders.clear()
    assert twice(compiled_template_cache=False) == (b"one", b"two")
    assert twice(debug=True, autoreload=False) == (b"one", b"two")


def test_xsrf_form_html(memory):
    assert body(memory, "xsrf.html").startswith('<input type="hidden" name="_xsrf" value="2|')


def shout(handler, text):
    return text.upper() + "!"


def handler_name(handler):
    return type(handler).__name__


@pytest.mark.parametrize(
    "methods",
    [
        {"shout": shout, "handler_name": handler_name},
        [{"shout": shout}, {"handler_name": handler_name}],
        types.ModuleType("methods"),
    ],
    ids=["dict", "list", "module"],
)
def test_ui_methods(memory, methods):
    if isinstance(methods, types.ModuleType):
        methods.shout, methods.handler_name, methods.Other = shout, handler_name, object
    assert body(memory, "methods.html", ui_methods=methods) == "A&lt;! Page"


@pytest.mark.parametrize("how", ["dict", "list", "module"])
def test_ui_modules(memory, how):
    modules = {"Entry": Entry}
    if how == "list":
        modules = [{}, modules]
    elif how == "module":
        modules = types.ModuleType("modules")
        modules.Entry, modules.os = Entry, types
    got = body(memory, "modules.html", ui_modules=modules)
    assert got == "<p>1Falseme</p><p>2Trueme</p>&lt;p&gt;3Falseme&lt;/p&gt;"


def test_linkify_module(memory):
    assert body(memory, "linkify.html") == 'see <a href="http://x.org">http://x.org</a>'


def test_unknown_module(memory, caplog):
    assert page(memory, "unknown.html").status == 500
    assert "Nothing" in caplog.text


class Resources(UIModule):
    def render(self, n):
        return f"[{n}]"

    def embedded_javascript(self):
        return "js()"

    def javascript_files(self):
        return ["/one.js", "two.js"]

    def embedded_css(self):
        return ".c {}"

    def css_files(self):
        return "/one.css"

    def html_head(self):
        return "<meta/>"

    def html_body(self):
        return "<hr/>"


class MoreResources(Resources):
    def javascript_files(self):
        return b"/one.js"

    def css_files(self):
        return ["http://x.org/a.css?b&c"]

    def embedded_css(self):
        return None


def test_resources(memory, tmp_path):
    """Each once, styles in the head, scripts before the end of the body."""
    files = {
        "r.html": "<html><head><title/></head><body>{% module A(1) %}{% module A(2) %}"
        "{% module B(3) %}</body></html>"
    }
    got = body(
        memory,
        "r.html",
        template_loader=template.DictLoader(files),
        ui_modules={"A": Resources, "B": MoreResources},
        static_path=str(tmp_path),
    )
    assert got == (
        '<html><head><title/><link href="/one.css" type="text/css" rel="stylesheet"/>'
        '<link href="http://x.org/a.css?b&amp;c" type="text/css" rel="stylesheet"/>\n'
        '<style type="text/css">\n.c {}\n</style>\n<meta/>\n<meta/>\n</head><body>[1][2][3]'
        '<script src="/one.js" type="text/javascript"></script>'
        '<script src="/static/two.js" type="text/javascript"></script>\n'
        '<script type="text/javascript">\n//<![CDATA[\njs()\njs()\n//]]>\n</script>\n'
        "<hr/>\n<hr/>\n</body></html>"
    )


def test_resources_without_a_body_to_hold_them(memory):
    got = body(
        memory,
        "f.html",
        template_loader=template.DictLoader({"f.html": "{% module A(1) %}"}),
        ui_modules={"A": MoreResources},
    )
    assert got.startswith("[1]")
    assert "js()" in got


def test_overridden_resource_elements(memory):
    class Own(Page):
        def render_linked_js(self, js_files):
            return "js:" + ",".join(js_files)

        def render_embed_js(self, js_embed):
            return b"ejs:" + b",".join(js_embed)

        def render_linked_css(self, css_files):
            return "css:" + ",".join(css_files)

        def render_embed_css(self, css_embed):
            return b"ecss:" + b",".join(css_embed)

    app = Application(
        [("/(.*)", Own)],
        template_loader=template.DictLoader({"r": "<head></head><body>{% module A(1) %}</body>"}),
        ui_modules={"A": Resources},
    )
    assert memory.request(app, uri="/r").body == (
        b"<head>css:/one.css\necss:.c {}\n<meta/>\n</head><body>[1]"
        b"js:/one.js,two.js\nejs:js()\n<hr/>\n</body>"
    )


def test_template_module(memory, tmp_path):
    got = body(memory, "template_module.html", static_path=str(tmp_path))
    assert "[1][2]" in got
    for once in (".part {}", "/static/part.js", "/part.css", "part()", "<meta/>", "<hr/>"):
        assert got.count(once) == 1
    assert got.index(".part {}") < got.index("</head>")
    assert got.index("[2]") < got.index("/static/part.js") < got.index("</body>")


def test_template_module_with_other_resources_each_time(memory, caplog):
    assert page(memory, "inconsistent.html").status == 500
    assert "set_resources called with different resources" in caplog.text


def test_template_module_has_a_namespace_of_its_own(memory):
    assert body(memory, "scope.html") == "Falseme"


def test_ui_may_be_used_by_handlers(memory):
    class Handler(RequestHandler):
        def get(self):
            assert self.ui.shout("x") == "X!"
            assert self.ui["shout"]("y") == "Y!"
            self.write(self.ui.modules.Entry())

    class Plain(UIModule):
        def render(self):
            return "plain"

    app = Application([("/", Handler)], ui_methods={"shout": shout}, ui_modules={"Entry": Plain})
    assert memory.request(app).body == b"plain"


def test_render_is_awaitable(served):
    class Handler(RequestHandler):
        async def get(self):
            assert await self.render("page.html", title="x") is None

    app = Application([("/", Handler)], template_loader=template.DictLoader(FILES))

    async def check(site):
        assert (await site.fetch()).body == b"<title>x</title>"

    served(app, check)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a", True),
        ("http://x", True),
        ("https://x", True),
        ("a", False),
        ("", False),
        ("ftp://x", False),
    ],
)
def test_is_absolute(path, expected):
    assert is_absolute(path) is expected


class TestStaticUrl:
    def urls(self, memory, action, tmp_path, **settings):
        (tmp_path / "f.txt").write_text("x")

        class Handler(RequestHandler):
            def get(self):
                self.write(action(self))

        app = Application([("/", Handler)], static_path=str(tmp_path), **settings)
        answer = memory.request(app)
        assert answer.status == 200
        return answer.body.decode()

    def test_version(self, memory, tmp_path):
        got = self.urls(memory, lambda h: h.static_url("f.txt"), tmp_path)
        assert got.startswith(
            "/static/f.txt?v=a4abd4448c49562d828115d13a1fccea927f52b4d5459297f8b43e42da89238b"
        )
        plain = self.urls(memory, lambda h: h.static_url("f.txt", include_version=False), tmp_path)
        assert plain == "/static/f.txt"

    def test_host(self, memory, tmp_path):
        def action(h):
            return h.static_url("f.txt", include_host=True, include_version=False)

        assert self.urls(memory, action, tmp_path) == "http://localhost/static/f.txt"

        def attribute(h):
            h.include_host = True
            return h.static_url("f.txt", include_version=False) + h.static_url(
                "f.txt", include_host=False
            )

        got = self.urls(memory, attribute, tmp_path)
        assert got.startswith("http://localhost/static/f.txt/static/f.txt?v=")

    def test_prefix(self, memory, tmp_path):
        def action(h):
            return h.static_url("f.txt", include_version=False)

        assert self.urls(memory, action, tmp_path, static_url_prefix="/s/") == "/s/f.txt"

    def test_needs_a_path(self, memory):
        class Handler(RequestHandler):
            def get(self):
                with pytest.raises(Exception, match="You must define the 'static_path' setting"):
                    self.static_url("x")

        assert memory.request(Application([("/", Handler)])).status == 200


def test_render_string_override(memory):
    """As integrations of other template languages do."""

    class Other(RequestHandler):
        def get(self):
            self.render("name", x=1)

        def render_string(self, template_name, **kwargs):
            return f"{template_name} {kwargs}"

    assert memory.request(Application([("/", Other)])).body == b"name {'x': 1}"


class TestAwait:
    """Templates may wait, whether or not the handler does."""

    APP = {"t.html": "<p>{{ await slow(2) }}</p>", "bad.html": "{{ await slow(0) }}"}

    @pytest.mark.parametrize("kind", ["sync", "returned", "async"])
    @pytest.mark.parametrize("page", ["t.html", "bad.html"])
    def test_await(self, fetch, kind, page):
        async def slow(n):
            await asyncio.sleep(0)
            return 4 / n

        class Sync(RequestHandler):
            def get(self):
                self.render(page, slow=slow)

        class Returned(RequestHandler):
            def get(self):
                return self.render(page, slow=slow)

        class Async(RequestHandler):
            async def get(self):
                await self.render(page, slow=slow)

        handler = {"sync": Sync, "returned": Returned, "async": Async}[kind]
        app = Application([("/", handler)], template_loader=template.DictLoader(self.APP))
        answer = fetch(app)
        if page == "t.html":
            assert (answer.code, answer.body) == (200, b"<p>2.0</p>")
        else:
            assert answer.code == 500
