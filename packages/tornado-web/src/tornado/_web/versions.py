"""Versions of static files, for URLs that browsers may keep: computed once, until a file changes."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Generator
from typing import Any

from tornado._core.seam import printable
from tornado._web import roots
from tornado._web.errors import HTTPError
from tornado._web.handler import RequestHandler
from tornado.escape import url_escape
from tornado.log import gen_log

_CHUNK_BYTES = 64 * 1024
_NO_VERSION = "Could not open static file %r: %s"
_NO_FILE = "it is not a file"


class FileVersions(RequestHandler):
    """The class methods of `.StaticFileHandler`: where a file is, what it holds, which version that is."""

    #: Files larger than this many bytes have no version, which takes reading all of them.
    MAX_VERSION_CONTENT_SIZE = 64 * 1024 * 1024
    #: How many versions are remembered: those that were asked for last.
    MAX_CACHED_VERSIONS = 10000

    #: Versions by absolute path, the least recently used first; ``None`` for a file that has none.
    _static_hashes: dict[str, str | None] = {}
    # Size and time of the file when its version was computed.
    _static_stamps: dict[str, tuple[int, int]] = {}
    _lock = threading.Lock()

    @classmethod
    def reset(cls) -> None:
        """Forget the versions of all files."""
        with cls._lock:
            cls._static_hashes.clear()
            cls._static_stamps.clear()

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        """Return where ``path`` is in the file system.

        An override may find files elsewhere; `validate_absolute_path` then says what may be seen.

        :param root: the root directory.
        :param path: what `parse_url_path` returned.
        :raises HTTPError: 403 if the path leads out of ``root``.

        .. versionadded:: 3.1
        .. versionchanged:: 6.6
           Checks the path, also for subclasses whose `validate_absolute_path` does not.
        """
        absolute_path = os.path.abspath(os.path.join(root, path))
        if not roots.is_below(absolute_path, roots.absolute(root)):
            raise HTTPError(403, "%s is not in root static directory", printable(path))
        return absolute_path

    @classmethod
    def get_content(
        cls, abspath: str, start: int | None = None, end: int | None = None
    ) -> Generator[bytes, None, None]:
        """Return the content, or a part of it, as an iterator of bytes.

        :param abspath: what `validate_absolute_path` returned.
        :param start: the first byte; ``None`` for the beginning.
        :param end: the first byte past the part; ``None`` for all that follows.

        .. versionadded:: 3.1
        """
        with open(abspath, "rb") as file:
            if start is not None:
                file.seek(start)
            remaining = None if end is None else end - (start or 0)
            while remaining is None or remaining > 0:
                wanted = _CHUNK_BYTES if remaining is None else min(_CHUNK_BYTES, remaining)
                chunk = file.read(wanted)
                if not chunk:
                    return
                if remaining is not None:
                    remaining -= len(chunk)
                yield chunk

    @classmethod
    def get_content_version(cls, abspath: str) -> str:
        """Return the version of the content: by default the SHA-512 of all of it, in hex.

        .. versionadded:: 3.1
        """
        content: Any = cls.get_content(abspath)
        digest = hashlib.sha512()
        if isinstance(content, bytes):
            digest.update(content)  # an old form of the hook
        else:
            for chunk in content:
                digest.update(chunk)
        return digest.hexdigest()

    @classmethod
    def make_static_url(
        cls, settings: dict[str, Any], path: str, include_version: bool = True
    ) -> str:
        """Return the URL of a file, relative to the host.

        A class method, called by `RequestHandler.static_url`; may be overridden.

        :param settings: the application's settings.
        :param path: the file's path under ``static_path``.
        :param include_version: add the version as the argument ``v``.

        .. versionchanged:: 3.1
           ``include_version``.
        """
        url: str = settings.get("static_url_prefix", "/static/") + path
        if not include_version:
            return url
        version = cls.get_version(settings, path)
        return f"{url}?v={url_escape(version)}" if version else url

    @classmethod
    def get_version(cls, settings: dict[str, Any], path: str) -> str | None:
        """Return the version for the URL of a file, or ``None`` if there is none.

        A class method; may be overridden.

        :param settings: the application's settings.
        :param path: the file's path under ``static_path``.
        :raises HTTPError: 403 if the path leads out of ``static_path``.
        """
        root = settings["static_path"]
        absolute_path = cls.get_absolute_path(root, path)
        allowed = settings.get("static_handler_args", {}).get("allowed_symlink_directory")
        try:
            if found(cls, "get_absolute_path") is _GET_ABSOLUTE_PATH:
                # A subclass that finds files elsewhere has to know what may be seen.
                root = roots.absolute(root)
                if not roots.links_stay(root, absolute_path, allowed):
                    status = roots.status_of(absolute_path)
                    is_file = status is None or stat.S_ISREG(status.st_mode)
                    why = "it is not in root static directory" if is_file else _NO_FILE
                    gen_log.error(_NO_VERSION, absolute_path, why)
                    return None
            return cls._get_cached_version(absolute_path)
        except ValueError:
            return None  # a NUL in the path

    @classmethod
    def _get_cached_version(cls, abs_path: str) -> str | None:
        """Return the version of a file, computed once until the file changes."""
        return cls._version_of(abs_path, None)

    @classmethod
    def _version_of(cls, abs_path: str, status: os.stat_result | None) -> str | None:
        """Return the same, where the result of `os.stat` may be known already."""
        hashes, stamps = cls._static_hashes, cls._static_stamps
        if status is None:
            status = roots.status_of(abs_path)
        stamp = (status.st_size, status.st_mtime_ns) if status is not None else None
        if abs_path in hashes and stamps.get(abs_path) == stamp:
            version = hashes[abs_path]
            if len(hashes) > 1:
                with cls._lock:
                    if abs_path in hashes:
                        hashes[abs_path] = hashes.pop(abs_path)  # it was used last
            return version
        version = cls._computed_version(abs_path, status)
        with cls._lock:
            hashes.pop(abs_path, None)
            while len(hashes) >= cls.MAX_CACHED_VERSIONS:
                oldest = next(iter(hashes))
                del hashes[oldest]
                stamps.pop(oldest, None)
            hashes[abs_path] = version
            if stamp is not None:
                stamps[abs_path] = stamp
            else:
                stamps.pop(abs_path, None)
        return version

    @classmethod
    def _is_too_large(cls, status: os.stat_result) -> bool:
        """Return whether a file is too large for a version that is made of all its content."""
        return status.st_size > cls.MAX_VERSION_CONTENT_SIZE

    @classmethod
    def _computed_version(cls, abs_path: str, status: os.stat_result | None) -> str | None:
        """Return the version of a file as its content is now, ``None`` if it has none.

        Opening a FIFO would wait for ever, and a device may do anything: neither is opened.
        """
        why: object = None
        if status is not None and not stat.S_ISREG(status.st_mode):
            why = _NO_FILE
        elif status is not None and cls._is_too_large(status):
            why = f"it is larger than {cls.MAX_VERSION_CONTENT_SIZE} bytes"
        else:
            try:
                return cls.get_content_version(abs_path)
            except OSError as e:
                why = e.strerror or type(e).__name__
        gen_log.error(_NO_VERSION, abs_path, why)
        return None


def found(cls: type, name: str) -> object:
    """Return the function behind a class method, as it stands in the class or the base that has it.

    Class methods are bound anew at each look-up, and a wrapper imitates the one that it wraps.
    """
    for base in cls.__mro__:
        if name in base.__dict__:
            entry = base.__dict__[name]
            return entry.__func__ if type(entry) is classmethod else entry
    return None


_GET_ABSOLUTE_PATH = found(FileVersions, "get_absolute_path")
#: The steps as they were defined.
GET_CONTENT = found(FileVersions, "get_content")
