"""Compiled templates on disk: a key goes in, a code object comes out, if the file can be trusted.

Python code that is loaded is code that runs. So the rule is: **nothing is loaded that anyone but
this process's user could have written.** On every read and write the directory and the file are
opened without following a symbolic link, and both must belong to the effective user and be
writable by nobody else. Where the system cannot tell (no POSIX users), nothing is read or written.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import stat
import sys
from types import CodeType
from typing import TYPE_CHECKING

from tornado._template.errors import PUBLIC_MODULE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["CompiledCache"]

# Part of every key: to be raised when generated code or its use changes.
ENGINE_VERSION = "tornado-template 6.100.0/1"

_DIGEST_BYTES = 32


class CompiledCache:
    """Keeps the compiled code of templates in a directory, between processes.

    Give it to a loader: ``Loader("templates", cache=CompiledCache("/var/cache/myapp"))``.

    :param directory: path of the directory; it is made, for this user alone, when it is not there.

    A file's name is a hash of all that the code depends on: the generated function (which has the
    text of the template and of all templates it extends and includes in it), the line numbers, the
    version of this engine and of Python. So nothing ever has to be invalidated, and old files may
    be deleted at any time.

    Nothing is loaded that another user could have written: the directory and the file must belong
    to the effective user, be no symbolic links, and be writable by no one else. Otherwise, and
    where the system has no such notion, the cache does nothing: templates are compiled as without.

    .. versionadded:: 6.100
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = os.fspath(directory)

    def key(self, source: str, numbers: Sequence[int], path: str) -> str:
        """Return the name of the file for a generated function."""
        parts = (
            ENGINE_VERSION,
            sys.implementation.cache_tag or sys.implementation.name,
            sys.version,
            str(sys.flags.optimize),
            path,
            source,
            ",".join(map(str, numbers)),
        )
        text = "\0".join(f"{len(part)}:{part}" for part in parts)
        return _sha256(text.encode("utf-8", "surrogatepass")).hex()

    def read(self, key: str) -> CodeType | None:
        """Return the code kept under *key*; ``None`` where there is none to be trusted."""
        with (
            contextlib.suppress(OSError, ValueError, EOFError, TypeError),
            self._opened() as folder,
        ):
            file = os.open(key, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            with open(file, "rb") as stream:
                if not _is_private(os.fstat(file), stat.S_ISREG):
                    return None
                data = stream.read()
            digest, payload = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
            # Not against an enemy, who has been kept out above: against a damaged file.
            if _sha256(payload) == digest:
                code = marshal.loads(payload)
                return code if isinstance(code, CodeType) else None
        return None

    def write(self, key: str, code: CodeType) -> None:
        """Keep *code* under *key*; without effect where it could not be read again."""
        payload = marshal.dumps(code)
        data = _sha256(payload) + payload
        with contextlib.suppress(OSError), self._opened() as folder:
            temporary = f".new-{os.getpid()}-{os.urandom(8).hex()}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(temporary, flags, 0o600, dir_fd=folder)
            try:
                with open(file, "wb") as stream:
                    stream.write(data)
                os.replace(temporary, key, src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
                raise

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        """Open the directory, making it if need be; OSError where it cannot be trusted."""
        if not hasattr(os, "geteuid") or os.open not in os.supports_dir_fd:
            raise OSError("this system cannot tell who may write a file")
        with contextlib.suppress(FileExistsError):
            os.makedirs(self.directory, mode=0o700)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        folder = os.open(self.directory, flags)
        try:
            if not _is_private(os.fstat(folder), stat.S_ISDIR):
                raise PermissionError(f"{self.directory} may be written by others")
            yield folder
        finally:
            os.close(folder)


def _sha256(data: bytes) -> bytes:
    # Importing it loads OpenSSL, which only those who use a cache should pay for.
    from hashlib import sha256

    return sha256(data).digest()


def _is_private(status: os.stat_result, is_kind: object) -> bool:
    """Say whether a file of the right kind belongs to this user and no one else may write it."""
    assert callable(is_kind)
    return bool(
        is_kind(status.st_mode)
        and status.st_uid == os.geteuid()
        and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


CompiledCache.__module__ = PUBLIC_MODULE
