"""Templates in packages and zip files."""

import sys
import traceback
import zipfile

import pytest

from tornado.template import PackageLoader, ZipLoader

FILES = {
    "a.html": "A{% include 'sub/b.html' %}",
    "sub/b.html": "B{% include '../c.html' %}",
    "c.html": "C{{ x }}",
    "bad.html": "\n{{ 1 / 0 }}",
}


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "app.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("template_sample/__init__.py", "")
        file.writestr("template_sample/secret.html", "secret")
        for name, text in FILES.items():
            file.writestr(f"template_sample/views/{name}", text)
    return path


@pytest.fixture(params=["directory", "zip"])
def package(request, archive, tmp_path, monkeypatch):
    if request.param == "directory":
        with zipfile.ZipFile(archive) as file:
            file.extractall(tmp_path)
        monkeypatch.syspath_prepend(str(tmp_path))
    else:
        monkeypatch.syspath_prepend(str(archive))
    yield "template_sample"
    sys.modules.pop("template_sample", None)


def test_package(package):
    loader = PackageLoader(package, "views")
    assert loader.load("a.html").generate(x="<") == b"ABC&lt;"
    assert loader.load("a.html") is loader.load("a.html")


def test_package_without_directory(package):
    assert PackageLoader(package, "").load("views/c.html").generate(x=1) == b"C1"


@pytest.mark.parametrize(
    "name", ["missing.html", "sub", "../secret.html", "/c.html", "sub/../../x"]
)
def test_package_has_nothing_else(package, name):
    with pytest.raises(FileNotFoundError):
        PackageLoader(package, "views").load(name)


def test_missing_package():
    with pytest.raises(ModuleNotFoundError):
        PackageLoader("template_sample_missing").load("a.html")


def test_package_lines_in_tracebacks(package):
    with pytest.raises(ZeroDivisionError) as info:
        PackageLoader(package, "views").load("bad.html").generate()
    last = traceback.extract_tb(info.value.__traceback__)[-1]
    assert (last.filename, last.lineno, last.line) == (
        "template_sample/views/bad.html",
        2,
        "{{ 1 / 0 }}  # bad.html:2",
    )


def test_zip(archive):
    with ZipLoader(archive, "template_sample/views", namespace={"x": 5}) as loader:
        assert loader.load("a.html").generate() == b"ABC5"
        loader.close()
        assert loader.load("a.html").generate() == b"ABC5"


def test_zip_top(archive):
    with ZipLoader(str(archive)) as loader:
        assert loader.load("template_sample/secret.html").generate() == b"secret"


def test_zip_has_nothing_else(archive):
    with ZipLoader(archive, "template_sample/views") as loader:
        with pytest.raises(KeyError):
            loader.load("missing.html")
        for name in ("../secret.html", "sub/../../secret.html", "/c.html"):
            with pytest.raises(FileNotFoundError, match="outside the root"):
                loader.load(name)


def test_zip_is_opened_anew_after_reset(archive):
    with ZipLoader(archive, "template_sample/views") as loader:
        assert loader.load("c.html").generate(x=1) == b"C1"
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("template_sample/views/c.html", "new")
        assert loader.load("c.html").generate(x=1) == b"C1"
        loader.reset()
        assert loader.load("c.html").generate(x=1) == b"new"
