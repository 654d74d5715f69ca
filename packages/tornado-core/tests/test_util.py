"""`tornado.util`: objects, configuration, decompression, and small conversions."""

import asyncio
import datetime
import gzip
import os
import re
import subprocess
import sys
import traceback
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tornado.util
from tornado.util import (
    ArgReplacer,
    Configurable,
    GzipDecompressor,
    ObjectDict,
    b,
    basestring_type,
    bytes_type,
    errno_from_exception,
    exec_in,
    import_object,
    is_finalizing,
    raise_exc_info,
    re_unescape,
    timedelta_to_seconds,
    u,
    unicode_type,
)


def test_all():
    assert all(hasattr(tornado.util, name) for name in tornado.util.__all__)


def test_names_of_types():
    assert (bytes_type, unicode_type, basestring_type) == (bytes, str, str)
    assert tornado.util.PY3 is True
    assert u("é") == "é"
    assert b("\x00é") == b"\x00\xe9"
    with pytest.raises(UnicodeEncodeError):
        b("€")


def test_timeout_error_is_asyncios():
    assert tornado.util.TimeoutError is asyncio.TimeoutError


class TestObjectDict:
    def test_attributes_are_items(self):
        row = ObjectDict(name="x")
        row.size = 3
        row["kind"] = None
        assert row == {"name": "x", "size": 3, "kind": None}
        assert (row.name, row.size, row.kind) == ("x", 3, None)

    def test_deleting(self):
        row = ObjectDict(a=1, b=2)
        del row.a
        del row["b"]
        assert row == {}
        with pytest.raises(AttributeError, match="a"):
            del row.a

    def test_a_missing_key(self):
        row = ObjectDict()
        with pytest.raises(AttributeError, match="name"):
            row.name  # noqa: B018
        with pytest.raises(KeyError):
            row["name"]
        assert getattr(row, "name", 5) == 5
        assert not hasattr(row, "name")

    def test_methods_of_dict_stay(self):
        row = ObjectDict(a=1)
        assert list(row.items()) == [("a", 1)]
        assert row.get("b") is None


class TestImportObject:
    def test_module(self):
        assert import_object("os") is os

    def test_member(self):
        assert import_object("os.getpid") is os.getpid

    def test_submodule(self):
        assert import_object("os.path") is os.path
        assert import_object("xml.sax.handler").__name__ == "xml.sax.handler"

    def test_own_package(self):
        assert import_object("tornado.util.ObjectDict") is ObjectDict
        assert import_object("tornado.util") is tornado.util

    def test_no_such_member(self):
        with pytest.raises(ImportError, match="module 'os' has no member 'nonesuch'"):
            import_object("os.nonesuch")

    def test_no_such_module(self):
        for name in ("nonesuch", "nonesuch.member", "os.nonesuch.member"):
            with pytest.raises(ImportError):
                import_object(name)

    def test_a_submodule_that_fails_to_import_says_why(self, tmp_path, monkeypatch):
        package = tmp_path / "package_that_fails"
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "module.py").write_text("import nonesuch_needed\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        with pytest.raises(ImportError, match="nonesuch_needed"):
            import_object("package_that_fails.module")


class TestExecIn:
    def test_source(self):
        names = {}
        exec_in("x = 1\ny = x + 1", names)
        assert (names["x"], names["y"]) == (1, 2)

    def test_locals(self):
        outer, inner = {"x": 1}, {}
        exec_in("y = x", outer, inner)
        assert inner == {"y": 1}
        assert "y" not in outer

    def test_code(self):
        names = {}
        exec_in(compile("x = 1", "<test>", "exec"), names)
        assert names["x"] == 1

    def test_future_features_are_not_inherited(self):
        names = {}
        exec_in("def f(x: 1 + 1): pass", names)
        assert names["f"].__annotations__ == {"x": 2}


class TestRaiseExcInfo:
    def test_the_traceback_is_kept(self):
        def original_place():
            raise ValueError("x")

        try:
            original_place()
        except ValueError:
            info = sys.exc_info()
        with pytest.raises(ValueError, match="x") as caught:
            raise_exc_info(info)
        assert caught.value is info[1]
        functions = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert "original_place" in functions

    def test_without_an_exception(self):
        with pytest.raises(TypeError, match="no exception"):
            raise_exc_info((None, None, None))


def test_errno_from_exception():
    class Numbered(Exception):
        errno = 9

    assert errno_from_exception(OSError(2, "gone")) == 2
    assert errno_from_exception(Numbered()) == 9
    assert errno_from_exception(Exception(11)) == 11
    assert errno_from_exception(OSError()) is None
    assert errno_from_exception(Exception()) is None


class TestReUnescape:
    @given(st.text())
    def test_undoes_escape(self, text):
        assert re_unescape(re.escape(text)) == text

    def test_plain(self):
        assert re_unescape(r"/hello\.html\\") == "/hello.html\\"

    @pytest.mark.parametrize("pattern", [r"\d", r"a\b", r"\1", "trailing\\", r"\Z"])
    def test_what_escape_never_writes(self, pattern):
        with pytest.raises(ValueError, match="cannot unescape"):
            re_unescape(pattern)

    def test_line_ends(self):
        assert re_unescape("a\\\nb") == "a\nb"


def test_timedelta_to_seconds():
    assert timedelta_to_seconds(datetime.timedelta(minutes=1, milliseconds=500)) == 60.5


def test_is_finalizing():
    assert is_finalizing() is False
    code = """
from tornado.util import is_finalizing
class Late:
    def __del__(self):
        print("finalizing", is_finalizing())
keep = Late()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "finalizing True\n"


class TestArgReplacer:
    @pytest.fixture
    def replacer(self):
        def function(x, y, callback=None, z=None):
            pass

        return ArgReplacer(function, "callback")

    def test_omitted(self, replacer):
        args, kwargs = (1, 2), {}
        assert replacer.get_old_value(args, kwargs) is None
        assert replacer.get_old_value(args, kwargs, "other") == "other"
        assert replacer.replace("new", args, kwargs) == (None, (1, 2), {"callback": "new"})

    def test_positional(self, replacer):
        args, kwargs = (1, 2, "old", 3), {}
        assert replacer.get_old_value(args, kwargs) == "old"
        old, args, kwargs = replacer.replace("new", args, kwargs)
        assert (old, list(args), kwargs) == ("old", [1, 2, "new", 3], {})

    def test_keyword(self, replacer):
        args, kwargs = (1,), {"y": 2, "callback": "old", "z": 3}
        assert replacer.get_old_value(args, kwargs) == "old"
        old, args, kwargs = replacer.replace("new", args, kwargs)
        assert (old, args, kwargs) == ("old", (1,), {"y": 2, "callback": "new", "z": 3})

    def test_only_by_keyword(self):
        def function(x, *rest, callback=None, **others):
            pass

        replacer = ArgReplacer(function, "callback")
        assert replacer.replace("new", (1, 2, 3), {})[1:] == ((1, 2, 3), {"callback": "new"})

    def test_of_a_method(self):
        class Client:
            def fetch(self, url, callback=None):
                pass

        assert (
            ArgReplacer(Client.fetch, "callback").get_old_value(("self", "url", "cb"), {}) == "cb"
        )
        assert ArgReplacer(Client().fetch, "callback").get_old_value(("url", "cb"), {}) == "cb"

    def test_of_a_function_without_a_signature(self):
        replacer = ArgReplacer(dict.update, "callback")
        assert replacer.get_old_value(({}, {}), {"callback": "old"}) == "old"

    def test_of_a_name_that_the_function_does_not_have(self):
        replacer = ArgReplacer(lambda x: None, "callback")
        assert replacer.get_old_value((1,), {}) is None
        assert replacer.replace("new", (1,), {})[2] == {"callback": "new"}


class TestGzipDecompressor:
    @given(st.binary(max_size=2000), st.integers(1, 300))
    def test_any_division_into_chunks(self, data, size):
        packed = gzip.compress(data)
        decompressor = GzipDecompressor()
        out = b""
        for start in range(0, len(packed), size):
            out += decompressor.decompress(packed[start : start + size])
        out += decompressor.flush()
        assert out == data

    @given(st.binary(max_size=5000), st.integers(1, 700))
    def test_bounded(self, data, bound):
        decompressor = GzipDecompressor()
        out, rest = b"", gzip.compress(data)
        while rest:
            piece = decompressor.decompress(rest, bound)
            assert len(piece) <= bound
            out += piece
            rest = decompressor.unconsumed_tail
        assert out + decompressor.flush() == data

    def test_a_bomb_gives_no_more_than_is_asked_for(self):
        bomb = gzip.compress(b"\0" * 50_000_000)
        decompressor = GzipDecompressor()
        assert decompressor.decompress(bomb, 1000) == b"\0" * 1000
        assert len(decompressor.unconsumed_tail) > len(bomb) // 2

    def test_truncated(self):
        packed = gzip.compress(b"x" * 1000)
        for end in (1, 5, len(packed) // 2, len(packed) - 1):
            decompressor = GzipDecompressor()
            decompressor.decompress(packed[:end])
            with pytest.raises(zlib.error, match="ended before"):
                decompressor.flush()

    def test_nothing(self):
        decompressor = GzipDecompressor()
        assert decompressor.decompress(b"") == b""
        assert decompressor.flush() == b""

    @given(
        st.lists(st.binary(max_size=600) | st.just(b"\0" * 5000), max_size=5),
        st.integers(0, 700),
        st.integers(1, 900),
    )
    def test_several_members(self, contents, bound, size):
        packed = b"".join(map(gzip.compress, contents))
        decompressor = GzipDecompressor()
        out = b""
        for start in range(0, len(packed), size):
            rest = packed[start : start + size]
            while rest:
                piece = decompressor.decompress(rest, bound)
                assert not bound or len(piece) <= bound
                assert piece or len(decompressor.unconsumed_tail) < len(rest)
                out += piece
                rest = decompressor.unconsumed_tail
        assert out == b"".join(contents)
        assert decompressor.flush() == b""

    def test_a_member_whose_output_ends_at_the_bound(self):
        first, second = gzip.compress(b"a" * 1000), gzip.compress(b"bb")
        decompressor = GzipDecompressor()
        assert decompressor.decompress(first + second, 1000) == b"a" * 1000
        assert len(decompressor.unconsumed_tail) >= len(second)
        out, rest = b"", decompressor.unconsumed_tail
        while rest:
            out += decompressor.decompress(rest, 1000)
            rest = decompressor.unconsumed_tail
        assert out == b"bb"
        assert decompressor.flush() == b""

    def test_output_that_the_last_byte_gives_is_not_lost(self):
        # A run compresses so well that one byte of input stands for more than a small bound.
        packed = gzip.compress(b"\0" * 100_000)
        for end in range(1, len(packed) + 1):
            decompressor = GzipDecompressor()
            expected = zlib.decompressobj(31).decompress(packed[:end])
            out, rest = b"", packed[:end]
            while rest:
                out += decompressor.decompress(rest, 7000)
                rest = decompressor.unconsumed_tail
            assert out == expected

    def test_without_a_bound_all_members_come_at_once(self):
        packed = b"".join(map(gzip.compress, [b"a", b"", b"b" * 50_000, b"", b"c"]))
        decompressor = GzipDecompressor()
        assert decompressor.decompress(packed) == b"a" + b"b" * 50_000 + b"c"
        assert decompressor.unconsumed_tail == b""

    def test_many_members_take_linear_time(self):
        # Copying what follows each member would move 40 GB here.
        packed = gzip.compress(b"") * 20_000
        assert GzipDecompressor().decompress(packed * 10) == b""

    @pytest.mark.parametrize("bound", [0, 3, 1000])
    @pytest.mark.parametrize("rest", [b"\0", b"\0\0\0", b"\r\n", b"\x1f", b"trailing", b"\x1f\x8b"])
    def test_only_members_may_follow(self, rest, bound):
        decompressor = GzipDecompressor()
        with pytest.raises(zlib.error):
            data = gzip.compress(b"data") + rest
            while data:
                decompressor.decompress(data, bound)
                data = decompressor.unconsumed_tail
            decompressor.flush()

    def test_flush_decompresses_nothing(self):
        decompressor = GzipDecompressor()
        decompressor.decompress(gzip.compress(b"\0" * 50_000_000), 1000)
        tail = decompressor.unconsumed_tail
        with pytest.raises(ValueError, match=f"unconsumed_tail holds {len(tail)} bytes"):
            decompressor.flush()
        assert decompressor.unconsumed_tail == tail

    @pytest.mark.parametrize("data", [b"not gzip at all", zlib.compress(b"x"), b"\x1f\x8b\xff\xff"])
    def test_not_gzip(self, data):
        with pytest.raises(zlib.error):
            GzipDecompressor().decompress(data)

    def test_a_wrong_checksum(self):
        packed = bytearray(gzip.compress(b"data"))
        packed[-5] ^= 1
        with pytest.raises(zlib.error):
            GzipDecompressor().decompress(bytes(packed))


class Store(Configurable):
    @classmethod
    def configurable_base(cls):
        return Store

    @classmethod
    def configurable_default(cls):
        return MemoryStore


class MemoryStore(Store):
    def initialize(self, size=100):
        self.size = size


class DiskStore(Store):
    def initialize(self, path=None, *, cached=False):
        self.path = path
        self.cached = cached


class Named(Configurable):
    @classmethod
    def configurable_base(cls):
        return Named

    @classmethod
    def configurable_default(cls):
        return "tornado.util.ObjectDict"


class InnerStore(Store):
    """An implementation that is an interface in its own right."""

    @classmethod
    def configurable_base(cls):
        return InnerStore

    @classmethod
    def configurable_default(cls):
        return RealInnerStore


class RealInnerStore(InnerStore):
    def initialize(self, depth=1):
        self.depth = depth


class TestConfigurable:
    @pytest.fixture(autouse=True)
    def saved(self):
        saved = Store._save_configuration()
        inner = InnerStore._save_configuration()
        yield
        Store._restore_configuration(saved)
        InnerStore._restore_configuration(inner)

    def test_default(self):
        store = Store()
        assert type(store) is MemoryStore
        assert store.size == 100
        assert Store.configured_class() is MemoryStore
        assert Store(5).size == 5
        assert Store(size=6).size == 6

    def test_default_by_name(self):
        assert Named.configured_class() is ObjectDict

    def test_configured(self):
        Store.configure(DiskStore)
        assert type(Store()) is DiskStore
        assert Store.configured_class() is DiskStore

    def test_configured_by_name(self):
        Named.configure(None)
        saved = Named._save_configuration()

        class Implementation(Named):
            pass

        tornado.util.Implementation = Implementation
        try:
            Named.configure("tornado.util.Implementation")
            assert type(Named()) is Implementation
        finally:
            del tornado.util.Implementation
            Named._restore_configuration(saved)

    def test_keyword_arguments_are_defaults(self):
        Store.configure(DiskStore, path="/a", cached=True)
        store = Store(path="/b")
        assert (store.path, store.cached) == ("/b", True)
        assert Store().path == "/a"
        # ... of the interface, not of the implementation.
        assert DiskStore().path is None

    def test_keyword_arguments_for_the_default(self):
        Store.configure(None, size=7)
        assert Store().size == 7
        assert Store(size=8).size == 8

    def test_an_implementation_is_made_as_it_is(self):
        Store.configure(DiskStore, path="/a")
        assert type(MemoryStore(5)) is MemoryStore

    def test_through_a_subclass(self):
        DiskStore.configure(DiskStore)
        assert Store.configured_class() is DiskStore

    @pytest.mark.parametrize("other", [int, ObjectDict, 5, print])
    def test_not_a_subclass(self, other):
        with pytest.raises(ValueError, match="is not a subclass of Store"):
            Store.configure(other)

    def test_a_name_that_leads_nowhere(self):
        with pytest.raises(ImportError):
            Store.configure("tornado.util.nonesuch")

    def test_save_and_restore(self):
        Store.configure(DiskStore, path="/a")
        saved = Store._save_configuration()
        Store.configure(MemoryStore, size=1)
        assert Store().size == 1
        Store._restore_configuration(saved)
        assert Store().path == "/a"

    def test_an_implementation_that_chooses_again(self):
        Store.configure(InnerStore, depth=4)
        store = Store()
        assert type(store) is RealInnerStore
        assert store.depth == 4
        assert type(InnerStore()) is RealInnerStore
        assert InnerStore().depth == 1

    def test_configuration_is_not_inherited(self):
        Store.configure(DiskStore)
        assert InnerStore.configured_class() is RealInnerStore

    def test_wrong_arguments(self):
        with pytest.raises(TypeError):
            Store(nonesuch=1)

    def test_initialize_takes_nothing_by_default(self):
        class Bare(Named):
            pass

        Bare()
        with pytest.raises(TypeError, match="Bare takes no arguments, got 1, x"):
            Bare(1, x=2)

    def test_an_interface_must_say_what_it_is(self):
        class Incomplete(Configurable):
            pass

        with pytest.raises(NotImplementedError, match="Incomplete must define configurable_base"):
            Incomplete()

        class Half(Configurable):
            @classmethod
            def configurable_base(cls):
                return Half

        with pytest.raises(NotImplementedError, match="Half must define configurable_default"):
            Half()
