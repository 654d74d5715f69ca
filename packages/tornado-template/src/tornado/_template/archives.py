"""Loaders for templates that need not be files: resources of packages, members of zip files."""

from __future__ import annotations

import errno
import posixpath
from typing import TYPE_CHECKING, Any

from tornado._template.engine import Template
from tornado._template.errors import PUBLIC_MODULE
from tornado._template.loaders import BaseLoader, join_paths, leaves_root, outside_error

if TYPE_CHECKING:
    import os
    from zipfile import ZipFile

__all__ = ["PackageLoader", "ZipLoader"]


class PackageLoader(BaseLoader):
    """A template loader that loads the resources of an installed package.

    It works wherever the package is imported from: a directory, a zip file, any importer that
    provides resources.

    :param package: name of the package, such as ``"myapp"``; it is imported when the first
        template is loaded.
    :param path: directory of the templates inside the package, with slashes; ``""`` for the
        package itself.
    :param kwargs: as for :class:`BaseLoader`.

    A resource that is not there gives a :exc:`FileNotFoundError`, a package that is not there a
    :exc:`ModuleNotFoundError`.

    .. versionadded:: 6.100
    """

    def __init__(self, package: str, path: str = "templates", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.package = package
        self.path = path

    def resolve_path(self, name: str, parent_path: str | None = None) -> str:
        """Return the path of a template below the directory of the templates."""
        return join_paths(name, parent_path)

    def source_path(self, name: str) -> str:
        """Return the package's name and the path inside it."""
        return posixpath.join(self.package, self.path, name)

    def _create_template(self, name: str) -> Template:
        # Only this loader needs it, and it takes longer to import than all of this module.
        from importlib.resources import files

        if leaves_root(name):
            raise outside_error(name, posixpath.join(self.package, self.path))
        resource = files(self.package)
        for part in posixpath.join(self.path, name).split("/"):
            if part not in ("", "."):
                resource = resource / part
        if not resource.is_file():
            raise FileNotFoundError(errno.ENOENT, "no such resource", self.source_path(name))
        return Template(resource.read_bytes(), name=name, loader=self)


class ZipLoader(BaseLoader):
    """A template loader that loads the members of a zip file.

    The file is opened when the first template is loaded and stays open; :meth:`close`, or use as
    a context manager, closes it. :meth:`reset` closes it too, so that a file that was replaced is
    opened again.

    :param archive: path of the zip file.
    :param path: directory of the templates inside it, with slashes; default: its top.
    :param kwargs: as for :class:`BaseLoader`.

    A member that is not there gives a :exc:`KeyError`.

    .. versionadded:: 6.100
    """

    def __init__(self, archive: str | os.PathLike[str], path: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.archive = archive
        self.path = path
        self._file: ZipFile | None = None

    def __enter__(self) -> ZipLoader:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the zip file. Templates that are loaded stay usable."""
        with self.lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def reset(self) -> None:
        """Forget all templates and close the file."""
        with self.lock:
            super().reset()
            self.close()

    def resolve_path(self, name: str, parent_path: str | None = None) -> str:
        """Return the path of a template below the directory of the templates."""
        return join_paths(name, parent_path)

    def source_path(self, name: str) -> str:
        """Return the path of the zip file and the path inside it."""
        return posixpath.join(str(self.archive), self.path, name)

    def _create_template(self, name: str) -> Template:
        # Only this loader needs it.
        from zipfile import ZipFile

        if leaves_root(name):
            raise outside_error(name, self.source_path(""))
        if self._file is None:
            self._file = ZipFile(self.archive)
        member = posixpath.normpath(posixpath.join(self.path, name))
        return Template(self._file.read(member), name=name, loader=self)


for _loader in (PackageLoader, ZipLoader):
    _loader.__module__ = PUBLIC_MODULE
