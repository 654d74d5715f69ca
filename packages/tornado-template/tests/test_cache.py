"""Compiled templates on disk, and who may have written them."""

import hashlib
import marshal
import os
import stat

import pytest

import tornado._template.compiler
from tornado.template import CompiledCache, DictLoader, Loader

pytestmark = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX users")

TEXTS = {"a": "{% extends 'b' %}{% block x %}{{ x }}{% end %}", "b": "<{% block x %}{% end %}>"}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def compiled(monkeypatch):
    """Count how often Python compiles."""
    calls = []
    original = tornado._template.compiler._function_code

    def counting(*arguments):
        calls.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(tornado._template.compiler, "_function_code", counting)
    return calls


def render(folder, texts=TEXTS, **kwargs):
    loader = DictLoader(texts, cache=CompiledCache(folder), **kwargs)
    return loader.load("a").generate(x="&")


def test_compiled_once(folder, compiled):
    assert [render(folder) for _ in range(3)] == [b"<&amp;>"] * 3
    assert len(compiled) == 1
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_any_change_is_another_file(folder, compiled):
    assert render(folder) == b"<&amp;>"
    assert render(folder, {**TEXTS, "b": "[{% block x %}{% end %}]"}) == b"[&amp;]"
    assert render(folder, {**TEXTS, "b": "\n<{% block x %}{% end %}>"}) == b"\n<&amp;>"
    assert render(folder, autoescape=None) == b"<&>"
    assert len(compiled) == 4
    assert render(folder) == b"<&amp;>"
    assert len(compiled) == 4


def test_lines_survive(tmp_path, folder):
    (tmp_path / "a.html").write_text("\n\n{{ 1 / 0 }}")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError) as info:
            Loader(str(tmp_path), cache=CompiledCache(folder)).load("a.html").generate()
        entry = info.value.__traceback__
        while entry.tb_next is not None:
            entry = entry.tb_next
        assert entry.tb_lineno == 3


def evil_code():
    payload = marshal.dumps(compile("raise SystemExit('evil code ran')", "evil", "exec"))
    return hashlib.sha256(payload).digest() + payload


def test_code_of_others_is_never_loaded(folder, compiled):
    render(folder)
    (file,) = folder.iterdir()
    good = file.read_bytes()

    # The control: what stands in a private file of a private directory does run.
    file.write_bytes(evil_code())
    with pytest.raises((SystemExit, TypeError)):
        render(folder)
    for mode in (0o620, 0o602, 0o666):
        file.chmod(mode)
        assert render(folder) == b"<&amp;>"
        # It is replaced by a private one.
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        file.write_bytes(evil_code())
    file.write_bytes(good)
    assert render(folder) == b"<&amp;>"


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_directory_that_others_may_write_is_not_used(folder, compiled, mode):
    render(folder)
    (file,) = folder.iterdir()
    file.write_bytes(evil_code())
    folder.chmod(mode)
    assert [render(folder) for _ in range(2)] == [b"<&amp;>"] * 2
    assert file.read_bytes() == evil_code()
    assert list(folder.iterdir()) == [file]


def test_symbolic_links_are_not_followed(folder, tmp_path):
    render(folder)
    (file,) = folder.iterdir()
    target = tmp_path / "target"
    target.write_bytes(evil_code())
    target.chmod(0o600)
    file.unlink()
    file.symlink_to(target)
    assert render(folder) == b"<&amp;>"
    assert not file.is_symlink()
    # Nor is a link in the directory's place.
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert render(link) == b"<&amp;>"


def test_files_of_another_user(folder, monkeypatch, compiled):
    render(folder)
    (file,) = folder.iterdir()
    file.write_bytes(evil_code())
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    assert render(folder) == b"<&amp;>"
    assert file.read_bytes() == evil_code()


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 100, hashlib.sha256(b"").digest()])
def test_damaged_files_are_replaced(folder, compiled, content):
    render(folder)
    (file,) = folder.iterdir()
    file.write_bytes(content)
    assert render(folder) == b"<&amp;>"
    assert len(compiled) == 2
    assert render(folder) == b"<&amp;>"
    assert len(compiled) == 2


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    assert render(tmp_path / "file" / "cache") == b"<&amp;>"
    assert render(tmp_path / "file") == b"<&amp;>"


def test_awaiting_templates(folder, compiled):
    for _ in range(2):
        loader = DictLoader({"a": "{{ await x }}"}, cache=CompiledCache(folder))
        assert loader.load("a").is_async is True
    assert len(list(folder.iterdir())) == 1


def test_where_the_system_knows_no_users_nothing_is_kept(folder, monkeypatch):
    monkeypatch.delattr(os, "geteuid")
    assert render(folder) == b"<&amp;>"
    assert not folder.exists()


def test_a_write_that_fails_leaves_nothing_behind(folder, monkeypatch):
    def full(*arguments, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    assert render(folder) == b"<&amp;>"
    assert list(folder.iterdir()) == []
