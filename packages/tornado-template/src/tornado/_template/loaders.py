"""Names of templates go in, :class:`Template` objects come out, each loaded once.

The base class, and the loaders that read a directory and a dictionary. Those that read packages
and archives are in :mod:`.archives`.
"""

from __future__ import annotations

import errno
import os
import posixpath
import threading
from typing import TYPE_CHECKING, Any

from tornado._template.engine import Template
from tornado._template.errors import PUBLIC_MODULE
from tornado._template.extending import registered
from tornado._template.whitespace import check_mode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tornado._template.cache import CompiledCache
    from tornado._template.extending import Directive

__all__ = ["BaseLoader", "DictLoader", "Loader"]


def join_paths(name: str, parent_path: str | None) -> str:
    """Return what *name* means inside the template *parent_path*.

    Both are paths with slashes. A name that starts with a slash, and any name in a template that
    has no place of its own (``<string>``, ``/absolute``), is returned as it is. Otherwise the name
    is relative to the parent's directory, and may not lead above the top: then ``..`` is kept, and
    no loader finds that.
    """
    if not parent_path or parent_path[0] in "</" or name.startswith("/"):
        return name
    return posixpath.normpath(posixpath.join(posixpath.dirname(parent_path), name))


def leaves_root(name: str) -> bool:
    """Say whether the path *name*, with slashes, names something outside the directory it is in."""
    normal = posixpath.normpath(name)
    return normal.startswith(("../", "/")) or normal == ".." or "\0" in name


def outside_error(name: str, root: str) -> FileNotFoundError:
    """Return the error for a name that leaves the root."""
    return FileNotFoundError(errno.ENOENT, f"template is outside the root {root!r}", name)


class BaseLoader:
    """Base class for template loaders.

    You must use a loader to use the directives ``{% extends %}`` and ``{% include %}``. It caches
    all templates after they are loaded the first time; any number of threads may load at once.

    :param autoescape: name of a function in the template namespace, such as ``"xhtml_escape"``,
        that all expressions go through unless a template says otherwise; ``None`` for none.
    :param namespace: entries of the namespace of all templates of this loader.
    :param whitespace: mode for templates that do not choose one; see :func:`filter_whitespace`.
        ``None``: it depends on the template's name.
    :param cache: a :class:`CompiledCache` that keeps compiled code between processes.
    :param directives: instances of :class:`Directive` that the templates may use, besides the
        directives of the language. They are kept by name in the attribute ``directives``.
    :raises ValueError: for an unknown whitespace mode, or a directive whose name is taken.

    To load from elsewhere, override :meth:`_create_template`, and :meth:`resolve_path` where names
    are no paths with slashes.

    .. versionchanged:: 4.3
       Added *whitespace*.
    .. versionchanged:: 6.100
       Added *cache* and *directives*.
    """

    def __init__(
        self,
        autoescape: str | None = "xhtml_escape",
        namespace: dict[str, Any] | None = None,
        whitespace: str | None = None,
        cache: CompiledCache | None = None,
        directives: Iterable[Directive] = (),
    ) -> None:
        self.autoescape = autoescape
        self.namespace: dict[str, Any] = namespace or {}
        self.whitespace = whitespace if whitespace is None else check_mode(whitespace)
        self.cache = cache
        self.directives: dict[str, Directive] = registered(directives)
        self.templates: dict[str, Template] = {}
        # A template loads its parts while it is itself being loaded.
        self.lock = threading.RLock()

    def reset(self) -> None:
        """Forget all templates, so that each is loaded again."""
        with self.lock:
            self.templates = {}

    def resolve_path(self, name: str, parent_path: str | None = None) -> str:
        """Convert a possibly relative path to the name that the template is loaded by.

        :param name: as it stands in a directive or in a call of :meth:`load`.
        :param parent_path: name of the template in which it stands.
        """
        raise NotImplementedError

    def load(self, name: str, parent_path: str | None = None) -> Template:
        """Load a template, or return the one loaded before.

        :param name: its name.
        :param parent_path: name of the template that refers to it, if one does.
        :raises ParseError: when it is found and is no template.
        :raises LookupError or OSError: when it is not found; which one is the loader's choice.
        """
        name = self.resolve_path(name, parent_path=parent_path)
        template = self.templates.get(name)
        if template is None:
            with self.lock:
                template = self.templates.get(name)
                if template is None:
                    template = self.templates[name] = self._create_template(name)
        return template._prepare()

    def source_path(self, name: str) -> str:
        """Return the path that tracebacks give for the template *name*.

        .. versionadded:: 6.100
        """
        return name

    def _create_template(self, name: str) -> Template:
        raise NotImplementedError


class Loader(BaseLoader):
    """A template loader that loads from a single root directory.

    :param root_directory: the directory, kept as an absolute path in ``root``.
    :param kwargs: as for :class:`BaseLoader`.

    Names are paths below the root. One that leads out of it, by ``..`` or as an absolute path, is
    never opened: :exc:`FileNotFoundError`. Symbolic links are followed.
    """

    def __init__(self, root_directory: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.root = os.path.abspath(root_directory)

    def resolve_path(self, name: str, parent_path: str | None = None) -> str:
        """Return the path of a template relative to the root."""
        return join_paths(name, parent_path)

    def source_path(self, name: str) -> str:
        """Return the path of the template's file."""
        return os.path.join(self.root, name)

    def _create_template(self, name: str) -> Template:
        path = os.path.normpath(os.path.join(self.root, name))
        if "\0" in name or not path.startswith(os.path.join(self.root, "")):
            raise outside_error(name, self.root)
        with open(path, "rb") as file:
            return Template(file.read(), name=name, loader=self)


class DictLoader(BaseLoader):
    """A template loader that loads from a dictionary.

    :param dict: text of the templates by name, kept in the attribute ``dict``. Names are paths
        with slashes.
    :param kwargs: as for :class:`BaseLoader`.

    A name that is not there gives a :exc:`KeyError`.
    """

    def __init__(self, dict: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dict = dict

    def resolve_path(self, name: str, parent_path: str | None = None) -> str:
        """Return the key of a template."""
        return join_paths(name, parent_path)

    def _create_template(self, name: str) -> Template:
        return Template(self.dict[name], name=name, loader=self)


for _loader in (BaseLoader, Loader, DictLoader):
    _loader.__module__ = PUBLIC_MODULE
