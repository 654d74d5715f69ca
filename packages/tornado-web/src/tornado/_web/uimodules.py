"""Arguments from a template go in; a piece of a page with its styles and scripts comes out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tornado import escape

if TYPE_CHECKING:
    from tornado._web.handler import RequestHandler

__all__ = ["TemplateModule", "UIModule"]


class UIModule:
    """A re-usable part of pages, used in templates as ``{% module Name(arguments) %}``.

    Override `render`, and as many of the other methods as it needs: what they return goes into
    the page once, however often the module is used on it.

    .. attribute:: handler

       The handler that renders the page.

    .. attribute:: request

       Its request.
    """

    __module__ = "tornado.web"

    def __init__(self, handler: RequestHandler) -> None:
        self.handler = handler
        self.request = handler.request
        self.ui = handler.ui
        self.locale = handler.locale

    @property
    def current_user(self) -> Any:
        """The handler's current user."""
        return self.handler.current_user

    def render(self, *args: Any, **kwargs: Any) -> str | bytes:
        """Return the module's HTML. To be overridden."""
        raise NotImplementedError

    def embedded_javascript(self) -> str | None:
        """Return JavaScript for a ``<script>`` before the end of the body."""
        return None

    def javascript_files(self) -> Iterable[str] | None:
        """Return the URL, or a list of URLs, of scripts; relative ones go through ``static_url``."""
        return None

    def embedded_css(self) -> str | None:
        """Return CSS for a ``<style>`` in the head."""
        return None

    def css_files(self) -> Iterable[str] | None:
        """Return the URL, or a list of URLs, of style sheets; relative ones go through ``static_url``."""
        return None

    def html_head(self) -> str | None:
        """Return HTML for the end of the ``<head>``."""
        return None

    def html_body(self) -> str | None:
        """Return HTML for the end of the ``<body>``."""
        return None

    def render_string(self, path: str, **kwargs: Any) -> bytes:
        """Render a template and return it."""
        return self.handler.render_string(path, **kwargs)


class _linkify(UIModule):
    def render(self, text: str, **kwargs: Any) -> str:
        return escape.linkify(text, **kwargs)


class _xsrf_form_html(UIModule):
    def render(self) -> str:
        return self.handler.xsrf_form_html()


class TemplateModule(UIModule):
    """The module called ``Template``: a template file that serves as a module.

    ``{% module Template("entry.html", show_comments=True) %}`` renders the file with nothing but
    those arguments and the global names. In it, the function ``set_resources`` takes what a
    `UIModule`'s methods return, as keyword arguments of the methods' names::

        {{ set_resources(embedded_css=".entry { margin-bottom: 1em; }") }}

    .. versionadded:: 2.0
    """

    __module__ = "tornado.web"

    def __init__(self, handler: RequestHandler) -> None:
        super().__init__(handler)
        # One object serves all templates of a page.
        self._resource_list: list[dict[str, Any]] = []
        self._resource_dict: dict[str, dict[str, Any]] = {}

    def render(self, path: str, **kwargs: Any) -> bytes:
        def set_resources(**resources: Any) -> str:
            if path not in self._resource_dict:
                self._resource_list.append(resources)
                self._resource_dict[path] = resources
            elif self._resource_dict[path] != resources:
                raise ValueError(
                    f"set_resources called with different resources for the same template {path!r}"
                )
            return ""

        return self.render_string(path, set_resources=set_resources, **kwargs)

    def _get_resources(self, key: str) -> Iterable[Any]:
        return (resources[key] for resources in self._resource_list if key in resources)

    def _joined(self, key: str) -> str:
        return "\n".join(escape.to_unicode(part) for part in self._get_resources(key))

    def _listed(self, key: str) -> list[str]:
        files: list[str] = []
        for value in self._get_resources(key):
            if isinstance(value, (str, bytes)):
                files.append(escape.to_unicode(value))
            else:
                files.extend(value)
        return files

    def embedded_javascript(self) -> str:
        return self._joined("embedded_javascript")

    def javascript_files(self) -> list[str]:
        return self._listed("javascript_files")

    def embedded_css(self) -> str:
        return self._joined("embedded_css")

    def css_files(self) -> list[str]:
        return self._listed("css_files")

    def html_head(self) -> str:
        return self._joined("html_head")

    def html_body(self) -> str:
        return self._joined("html_body")


class UIModuleNamespace:
    """The names under ``modules`` in a template: each module becomes callable when it is asked for."""

    def __init__(self, handler: RequestHandler, ui_modules: dict[str, type[UIModule]]) -> None:
        self.handler = handler
        self.ui_modules = ui_modules

    def __getitem__(self, key: str) -> Any:
        return self.handler._ui_module(key, self.ui_modules[key])

    def __getattr__(self, key: str) -> Any:
        try:
            return self[key]
        except KeyError as e:
            raise AttributeError(str(e)) from None
