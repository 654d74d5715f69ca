"""Fixtures for the tests of `tornado.locale`: its state, and translation files."""

import struct

import pytest

import tornado.locale


@pytest.fixture
def pristine():
    """The module's state as it is after import, restored at the end."""
    names = ["_translations", "_supported_locales", "_use_gettext", "_default_locale"]
    saved = {name: getattr(tornado.locale, name) for name in names}
    cache = dict(tornado.locale.Locale._cache)
    tornado.locale.Locale._cache.clear()
    yield tornado.locale
    for name, value in saved.items():
        setattr(tornado.locale, name, value)
    tornado.locale.Locale._cache.clear()
    tornado.locale.Locale._cache.update(cache)


@pytest.fixture
def write_csv(tmp_path):
    """A function that writes a CSV file; the directory is `write_csv.directory`."""

    def write(name, text, encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return str(path)

    write.directory = str(tmp_path)
    return write


@pytest.fixture
def write_mo(tmp_path):
    """A function that writes a ``.mo`` file; the directory is `write_mo.directory`.

    It takes the locale and messages: keys are a message, or a tuple of singular and plural; with a
    context in front and ``\\x04`` between them where there is one.
    """

    def write(code, messages, domain="test", plural="nplurals=2; plural=n != 1;"):
        header = f"Content-Type: text/plain; charset=UTF-8\nPlural-Forms: {plural}\n"
        pairs = [("", header)]
        for message, translation in messages.items():
            parts = message if isinstance(message, tuple) else (message,)
            forms = translation if isinstance(translation, tuple) else (translation,)
            pairs.append(("\0".join(parts), "\0".join(forms)))
        pairs = sorted((key.encode(), value.encode()) for key, value in pairs)
        directory = tmp_path / code / "LC_MESSAGES"
        directory.mkdir(parents=True)
        path = directory / f"{domain}.mo"
        path.write_bytes(_mo(pairs))
        return path

    write.directory = str(tmp_path)
    return write


def _mo(pairs):
    count = len(pairs)
    tables, texts, at = [], b"", 28 + 16 * count
    for side in (0, 1):
        for pair in pairs:
            tables.append(struct.pack("<II", len(pair[side]), at))
            texts += pair[side] + b"\0"
            at += len(pair[side]) + 1
    head = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, at)
    return head + b"".join(tables) + texts
