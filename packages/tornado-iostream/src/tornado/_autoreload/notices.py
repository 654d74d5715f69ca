"""Folders go in; whether anything in them was changed since the last question comes out.

Linux only, by inotify: one system call that finds nothing instead of one for every watched file.
Elsewhere, and where the system grants no more of it, `FolderNotices.open` and `watch` say so, and
the files have to be looked at.
"""

import ctypes
import os
import struct
import sys
import weakref

_EVENT_HEAD = struct.Struct("iIII")
_ROOM_FOR_EVENTS = 65536

_IN_MODIFY = 0x002
_IN_ATTRIB = 0x004
_IN_CLOSE_WRITE = 0x008
_IN_MOVED_FROM = 0x040
_IN_MOVED_TO = 0x080
_IN_CREATE = 0x100
_IN_DELETE = 0x200
_IN_ONLYDIR = 0x01000000
_INTERESTING = (
    _IN_MODIFY
    | _IN_ATTRIB
    | _IN_CLOSE_WRITE
    | _IN_MOVED_FROM
    | _IN_MOVED_TO
    | _IN_CREATE
    | _IN_DELETE
    | _IN_ONLYDIR
)


class FolderNotices:
    """An inotify descriptor and the folders that are watched by it."""

    def __init__(self, libc: "ctypes.CDLL", fd: int) -> None:
        self._libc = libc
        self._fd = fd
        self._finalizer = weakref.finalize(self, os.close, fd)
        self._finalizer.atexit = False
        self._folders: set[str] = set()

    @classmethod
    def open(cls) -> "FolderNotices | None":
        """Return a new one, or ``None`` where the system has or grants no inotify."""
        if not sys.platform.startswith("linux"):
            return None
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, AttributeError):
            return None
        return cls(libc, fd) if fd >= 0 else None

    def watch(self, folder: str) -> bool:
        """Watch `folder`, but not folders in it; False if the system does not grant it."""
        if folder in self._folders:
            return True
        granted: int = self._libc.inotify_add_watch(self._fd, os.fsencode(folder), _INTERESTING)
        if granted >= 0:
            self._folders.add(folder)
        return granted >= 0

    def take(self) -> bool:
        """Whether anything was changed since the last call."""
        found = False
        while True:
            try:
                events = os.read(self._fd, _ROOM_FOR_EVENTS)
            except BlockingIOError:
                return found
            found = found or len(events) >= _EVENT_HEAD.size

    def close(self) -> None:
        """Give the descriptor back; so does the collection of this object."""
        self._finalizer()
