"""Directory and dictionary loaders."""

import os
import threading

import pytest

from tornado.template import (
    BaseLoader,
    DictLoader,
    Loader,
    ParseError,
    Template,
    WhitespaceModeError,
)

PATHS = [
    ("x.html", None, "x.html"),
    ("x.html", "a/b.html", "a/x.html"),
    ("./x.html", "a/b.html", "a/x.html"),
    ("../x.html", "a/b.html", "x.html"),
    ("../c/x.html", "a/b/d.html", "a/c/x.html"),
    ("/x.html", "a/b.html", "/x.html"),
    ("x.html", "/a/b.html", "x.html"),
    ("x.html", "<string>", "x.html"),
]


@pytest.mark.parametrize(("name", "parent", "expected"), PATHS)
@pytest.mark.parametrize("make", [lambda: DictLoader({}), lambda: Loader("/root")])
def test_resolve_path(make, name, parent, expected):
    loader = make()
    assert loader.resolve_path(name, parent) == expected
    assert loader.resolve_path(name, parent_path=parent) == expected


@pytest.fixture
def root(tmp_path):
    (tmp_path / "secret.html").write_text("secret")
    (tmp_path / "root-sibling").mkdir()
    (tmp_path / "root-sibling" / "secret.html").write_text("secret")
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "a.html").write_text("A{% include 'sub/b.html' %}")
    (root / "sub" / "b.html").write_text("B{% include '../c.html' %}")
    (root / "c.html").write_text("Cé", encoding="utf-8")
    return root


def test_loader(root):
    loader = Loader(str(root))
    assert loader.root == str(root)
    assert loader.load("a.html").generate() == "ABCé".encode()
    assert loader.load("sub/b.html").name == "sub/b.html"
    assert loader.load("c.html", parent_path="a.html").generate() == "Cé".encode()


def test_the_root_is_kept_as_an_absolute_path(root, monkeypatch):
    monkeypatch.chdir(root)
    loader = Loader(".")
    os.chdir("/")
    assert loader.root == str(root)
    assert loader.load("c.html").generate() == "Cé".encode()


def test_absolute_paths_below_the_root(root):
    assert Loader(str(root)).load(str(root / "c.html")).generate() == "Cé".encode()


@pytest.mark.parametrize(
    "name",
    [
        "../secret.html",
        "sub/../../secret.html",
        "sub/../../root-sibling/secret.html",
        "../root-sibling/secret.html",
        "..",
        "{tmp}/secret.html",
        "{tmp}/root/../secret.html",
        "/etc/passwd",
        "c.html\0",
    ],
)
def test_nothing_outside_the_root_is_opened(root, name):
    name = name.replace("{tmp}", str(root.parent))
    loader = Loader(str(root))
    with pytest.raises(FileNotFoundError, match="outside the root"):
        loader.load(name)
    (root / "evil.html").write_text("{% include '" + name + "' %}")
    with pytest.raises(FileNotFoundError, match="outside the root"):
        loader.load("evil.html")
    (root / "sub" / "evil.html").write_text("{% extends '../" + name + "' %}")
    with pytest.raises(FileNotFoundError):
        loader.load("sub/evil.html")


def test_missing_templates(root):
    with pytest.raises(FileNotFoundError):
        Loader(str(root)).load("missing.html")
    with pytest.raises(KeyError):
        DictLoader({}).load("missing.html")
    with pytest.raises(KeyError):
        DictLoader({"a": "{% include '../../a' %}"}).load("a")


def test_a_template_that_failed_is_tried_again():
    texts = {"a": "{{ 1 + }}", "b": "{% end %}"}
    loader = DictLoader(texts)
    for name in texts:
        with pytest.raises(ParseError):
            loader.load(name)
        texts[name] = "fine"
        loader.reset()
        assert loader.load(name).generate() == b"fine"


def test_parts_are_compiled_by_themselves_when_they_are_loaded():
    loader = DictLoader(
        {"a": "{% extends 'b' %}{% block x %}{% end %}", "b": "{% block x %}{{ 1 + }}{% end %}"}
    )
    assert loader.load("a").generate() == b""
    with pytest.raises(ParseError):
        loader.load("b")


def test_settings_reach_templates():
    loader = DictLoader(
        {"a.html": "{{ x }}  {{ y }}"},
        autoescape="f",
        whitespace="all",
        namespace={"y": 1, "f": repr},
    )
    assert loader.load("a.html").generate(x=2) == b"b'2'  b'1'"
    with pytest.raises(WhitespaceModeError):
        DictLoader({}, whitespace="some")


def test_base_loader_leaves_the_rest_to_its_subclasses():
    loader = BaseLoader()
    assert (loader.autoescape, loader.namespace, loader.whitespace) == ("xhtml_escape", {}, None)
    with pytest.raises(NotImplementedError):
        loader.resolve_path("a")
    with pytest.raises(NotImplementedError):
        loader.load("a")


def test_own_loaders():
    class Upper(BaseLoader):
        def resolve_path(self, name, parent_path=None):
            return name.upper()

        def _create_template(self, name):
            if name == "A":
                return Template("a{% include 'b' %}", name=name, loader=self)
            return Template(name, name=name, loader=self)

    loader = Upper(None)
    assert loader.autoescape is None
    assert loader.load("a").generate() == b"aB"
    assert set(loader.templates) == {"A", "B"}


def test_an_own_load_method_is_used_for_parts():
    class Counting(DictLoader):
        loads = 0

        def load(self, name, parent_path=None):
            self.loads += 1
            return super().load(name, parent_path)

    loader = Counting({"a": "{% include 'b' %}{% include 'b' %}", "b": "B"})
    assert loader.load("a").generate() == b"BB"
    assert loader.loads == 3


def test_each_template_is_loaded_once_by_any_number_of_threads():
    created = []
    start = threading.Barrier(8)

    class Slow(DictLoader):
        def _create_template(self, name):
            created.append(name)
            return super()._create_template(name)

    loader = Slow(
        {
            "a": "{% extends 'b' %}{% block x %}{% include 'c' %}{% end %}",
            "b": "[{% block x %}{% end %}]",
            "c": "C",
        }
    )
    outputs = []

    def load():
        start.wait()
        outputs.append(loader.load("a").generate())

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outputs == [b"[C]"] * 8
    assert sorted(created) == ["a", "b", "c"]
