"""Whether a path stays below a root directory, by its name and with its links followed."""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Iterable


def absolute(root: str) -> str:
    """Return a root directory as `os.path.abspath` does."""
    root = os.fspath(root)
    return _normal(root) if os.path.isabs(root) else os.path.abspath(root)


@functools.lru_cache(maxsize=256)
def _normal(root: str) -> str:
    return os.path.abspath(root)


def is_below(path: str, root: str) -> bool:
    """Return whether an absolute, normal path is ``root`` or lies in it, by its name alone."""
    if os.name == "nt" and ":" in os.path.splitdrive(path)[1]:
        return False  # an alternate data stream
    prefix = root if root.endswith(os.path.sep) else root + os.path.sep
    return (path + os.path.sep).startswith(prefix)


def status_of(path: str) -> os.stat_result | None:
    """Return what `os.stat` does, or ``None`` if there is nothing that can be reached.

    :raises ValueError: if the path has a NUL.
    """
    try:
        return os.stat(path)
    except OSError:
        return None


def links_stay(root: str, path: str, allowed: str | Iterable[str] | None) -> bool:
    """Return whether the symbolic links below ``root`` on the way to ``path`` lead nowhere else.

    :param root: the root directory, absolute; links above it are its owner's business.
    :param path: an absolute path below it.
    :param allowed: a directory, or several, into which links may lead besides.
    """
    if not _has_link(root, path):
        return True
    real = os.path.realpath(path)
    directories = [root]
    if allowed is not None:
        directories += [allowed] if isinstance(allowed, str) else list(allowed)
    return any(is_below(real, os.path.realpath(directory)) for directory in directories)


def _has_link(root: str, path: str) -> bool:
    """Return whether ``path`` or a directory between it and ``root`` is a symbolic link."""
    at = len(root.rstrip(os.path.sep)) + 1
    while at <= len(path):
        end = path.find(os.path.sep, at)
        if end < 0:
            end = len(path)
        try:
            mode = os.lstat(path[:end]).st_mode
        except OSError:
            return True  # cannot be told here: ask realpath
        if stat.S_ISLNK(mode):
            return True
        at = end + 1
    return False
