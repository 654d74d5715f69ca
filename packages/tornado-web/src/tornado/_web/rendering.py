"""Template names and values go in; pages come out, with the resources their modules ask for."""

from __future__ import annotations

import asyncio
import functools
import os.path
import sys
import threading
from collections.abc import Callable, Iterable
from types import MethodType
from typing import Any, ClassVar

from tornado import template as templates
from tornado._web.failure import Failure
from tornado._web.output import FINISH
from tornado._web.uimodules import UIModule, UIModuleNamespace
from tornado._web.xsrf import XSRFProtection
from tornado.escape import utf8, xhtml_escape
from tornado.util import ObjectDict

_WEB_ROOM = os.path.dirname(os.path.abspath(__file__))


def is_absolute(path: str) -> bool:
    """Tell whether a URL says where it is without a base: ``/...``, ``http:`` or ``https:``."""
    return path.startswith(("/", "http:", "https:"))


class Rendering(Failure, XSRFProtection):
    """Templates, UI modules and the URLs of static files."""

    #: Loaders by template path, shared by all handlers.
    _template_loaders: dict[Any, templates.BaseLoader] = {}
    _template_loader_lock = threading.Lock()

    #: Makes the URLs of static files unless the settings name another class. `tornado._web.static`, which
    #: is built upon this room, puts its `StaticFileHandler` here.
    _static_file_handler: ClassVar[Any]

    _active_modules: dict[str, UIModule]

    @functools.cached_property
    def ui(self) -> ObjectDict:
        """The UI methods and modules of the application, bound to this handler."""
        self._has_ui = True
        ui = ObjectDict(
            (name, self._ui_method(method)) for name, method in self.application.ui_methods.items()
        )
        # "_tt_modules" is what templates are compiled to; "modules" is for people.
        handler: Any = self
        ui["_tt_modules"] = ui["modules"] = UIModuleNamespace(handler, self.application.ui_modules)
        return ui

    def render(self, template_name: str, **kwargs: Any) -> asyncio.Future[None]:
        """Render a template, add what its modules need, and finish with the page.

        :param template_name: the template's path under that of `get_template_path`.
        :param kwargs: names for the template.
        :returns: what `finish` does.
        :raises RuntimeError: if the response is finished already.

        .. versionchanged:: 5.1
           Returns a `Future`.
        """
        if self._finished:
            raise RuntimeError("Cannot render() after finish()")
        render_string = self.render_string
        if type(render_string) is not MethodType or render_string.__func__ is not _RENDER_STRING:
            # Another template language, perhaps.
            return self._finish_page(render_string(template_name, **kwargs))
        template, namespace = self._template(template_name, kwargs)
        if getattr(template, "is_async", False):
            # The response stays open until everything that the template awaits is there.
            self._auto_finish = False
            return asyncio.ensure_future(self._render_async(template, namespace))
        return self._finish_page(template.generate(**namespace))

    async def _render_async(self, template: templates.Template, namespace: dict[str, Any]) -> None:
        try:
            html = await template.generate_async(**namespace)
            self._finish_page(html)
        except Exception as e:
            # Nobody need wait for the result of render.
            self._handle_request_exception(e)

    def _finish_page(self, html: bytes) -> asyncio.Future[None]:
        if hasattr(self, "_active_modules"):
            html = self._with_resources(utf8(html))
        finish = self.finish
        if type(finish) is not MethodType or finish.__func__ is not FINISH:
            return finish(html)
        # A page is the last thing that a handler does: it may leave with others of this turn.
        was_gone = self._is_abandoned()
        self._conclude(html)
        return self._delivery(was_gone)

    def _with_resources(self, html: bytes) -> bytes:
        embedded_js: list[bytes] = []
        js_files: list[str] = []
        embedded_css: list[bytes] = []
        css_files: list[str] = []
        heads: list[bytes] = []
        bodies: list[bytes] = []
        for module in self._active_modules.values():
            _collect(embedded_js, module.embedded_javascript())
            _collect_files(js_files, module.javascript_files())
            _collect(embedded_css, module.embedded_css())
            _collect_files(css_files, module.css_files())
            _collect(heads, module.html_head())
            _collect(bodies, module.html_body())
        before_body_end = []
        if js_files:
            before_body_end.append(utf8(self.render_linked_js(js_files)))
        if embedded_js:
            before_body_end.append(utf8(self.render_embed_js(embedded_js)))
        before_body_end.extend(bodies)
        before_head_end = []
        if css_files:
            before_head_end.append(utf8(self.render_linked_css(css_files)))
        if embedded_css:
            before_head_end.append(utf8(self.render_embed_css(embedded_css)))
        before_head_end.extend(heads)
        if before_body_end:
            html = _insert(html, html.rfind(b"</body>"), before_body_end)
        if before_head_end:
            html = _insert(html, html.find(b"</head>"), before_head_end)
        return html

    def render_linked_js(self, js_files: Iterable[str]) -> str:
        """Return the ``<script>`` elements for the modules' script files; override to change them.

        .. versionadded:: 4.3
        """
        return "".join(
            f'<script src="{xhtml_escape(path)}" type="text/javascript"></script>'
            for path in self._resource_paths(js_files)
        )

    def render_embed_js(self, js_embed: Iterable[bytes]) -> bytes:
        """Return the ``<script>`` element for the modules' own JavaScript; override to change it.

        .. versionadded:: 4.3
        """
        return (
            b'<script type="text/javascript">\n//<![CDATA[\n'
            + b"\n".join(js_embed)
            + b"\n//]]>\n</script>"
        )

    def render_linked_css(self, css_files: Iterable[str]) -> str:
        """Return the ``<link/>`` elements for the modules' style sheets; override to change them.

        .. versionadded:: 4.3
        """
        return "".join(
            f'<link href="{xhtml_escape(path)}" type="text/css" rel="stylesheet"/>'
            for path in self._resource_paths(css_files)
        )

    def render_embed_css(self, css_embed: Iterable[bytes]) -> bytes:
        """Return the ``<style>`` element for the modules' own CSS; override to change it.

        .. versionadded:: 4.3
        """
        return b'<style type="text/css">\n' + b"\n".join(css_embed) + b"\n</style>"

    def _resource_paths(self, paths: Iterable[str]) -> list[str]:
        """Each path once, as a URL."""
        urls = dict.fromkeys(path if is_absolute(path) else self.static_url(path) for path in paths)
        return list(urls)

    def render_string(self, template_name: str, **kwargs: Any) -> bytes:
        """Render a template and return it, as UTF-8, without writing it.

        The arguments are those of `render`.
        """
        template, namespace = self._template(template_name, kwargs)
        return template.generate(**namespace)

    def _template(
        self, template_name: str, kwargs: dict[str, Any]
    ) -> tuple[templates.Template, dict[str, Any]]:
        """Return a template, loaded, and its names."""
        template_path = self.get_template_path()
        if not template_path:
            if "template_loader" in self.application.settings:
                template_path = ""  # that loader knows where its templates are
            else:
                template_path = _directory_of_caller()
        loader = self._template_loader(template_path)
        namespace = self.get_template_namespace()
        namespace.update(kwargs)
        return loader.load(template_name), namespace

    def _template_loader(self, template_path: str) -> templates.BaseLoader:
        settings = self.application.settings
        key: Any = template_path
        own = type(self).create_template_loader
        if (
            own is not _CREATE_TEMPLATE_LOADER
            or "autoescape" in settings
            or "template_loader" in settings
            or "template_whitespace" in settings
            or "template_directives" in settings
        ):
            # Applications and handlers that load differently do not share a loader.
            key = (
                template_path,
                own,
                settings.get("autoescape", ""),
                settings.get("template_whitespace"),
                id(settings.get("template_directives")),
                id(settings.get("template_loader")),
            )
        loaders = self._template_loaders
        loader = loaders.get(key)
        if loader is None:
            with self._template_loader_lock:
                loader = loaders.get(key)
                if loader is None:
                    loader = loaders[key] = self.create_template_loader(template_path)
        return loader

    def get_template_namespace(self) -> dict[str, Any]:
        """Return the names that every template of this handler sees. Override it to add some.

        .. versionadded:: 2.4
        """
        chosen = self.locale
        namespace: dict[str, Any] = {
            "handler": self,
            "request": self.request,
            "current_user": self.current_user,
            "locale": chosen,
            "_": chosen.translate,
            "pgettext": chosen.pgettext,
            "static_url": self.static_url,
            "xsrf_form_html": self.xsrf_form_html,
            "reverse_url": self.reverse_url,
        }
        namespace.update(self.ui)
        return namespace

    def get_template_path(self) -> str | None:
        """Return the directory of this handler's templates: the setting ``template_path``.

        Override it to have another; ``None`` stands for the directory of the calling file.
        """
        path: str | None = self.application.settings.get("template_path")
        return path

    def create_template_loader(self, template_path: str) -> templates.BaseLoader:
        """Return a new loader for the templates in a directory. Override it to use another class.

        By default the setting ``template_loader`` is returned if there is one, else a
        `tornado.template.Loader` with the settings ``autoescape``, ``template_whitespace`` and
        ``template_directives``.
        """
        settings = self.application.settings
        if "template_loader" in settings:
            loader: templates.BaseLoader = settings["template_loader"]
            return loader
        kwargs: dict[str, Any] = {}
        if "autoescape" in settings:
            # None turns escaping off, and so is not the same as an absent setting.
            kwargs["autoescape"] = settings["autoescape"]
        if "template_whitespace" in settings:
            kwargs["whitespace"] = settings["template_whitespace"]
        if "template_directives" in settings:
            kwargs["directives"] = settings["template_directives"]
        return templates.Loader(template_path, **kwargs)

    def static_url(self, path: str, include_host: bool | None = None, **kwargs: Any) -> str:
        """Return the URL of a static file, with its version, so that browsers may keep it for good.

        The setting ``static_path`` is needed.

        :param path: the file's path under ``static_path``.
        :param include_host: return an absolute URL; ``None`` for the handler's attribute
            ``include_host``, which is false if there is none.
        :param kwargs: passed on to `.StaticFileHandler.make_static_url`; ``include_version=False``
            leaves the version out.

        .. versionchanged:: 2.2
           ``include_host``.
        """
        self.require_setting("static_path", "static_url")
        handler_class = self.settings.get("static_handler_class")
        if handler_class is None:
            handler_class = self._static_file_handler
        if include_host is None:
            include_host = getattr(self, "include_host", False)
        base = f"{self.request.protocol}://{self.request.host}" if include_host else ""
        url: str = handler_class.make_static_url(self.settings, path, **kwargs)
        return base + url

    def _ui_module(self, name: str, module: type[UIModule]) -> Callable[..., Any]:
        def render(*args: Any, **kwargs: Any) -> Any:
            if not hasattr(self, "_active_modules"):
                self._active_modules = {}
            active = self._active_modules.get(name)
            if active is None:
                handler: Any = self
                active = self._active_modules[name] = module(handler)
            return active.render(*args, **kwargs)

        return render

    def _ui_method(self, method: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: method(self, *args, **kwargs)


_RENDER_STRING = Rendering.render_string
_CREATE_TEMPLATE_LOADER = Rendering.create_template_loader


def _collect(parts: list[bytes], part: Any) -> None:
    if part:
        parts.append(utf8(part))


def _collect_files(files: list[str], part: Any) -> None:
    if isinstance(part, (str, bytes)):
        if part:
            files.append(part.decode("utf-8") if isinstance(part, bytes) else part)
    elif part:
        files.extend(part)


def _insert(html: bytes, at: int, parts: list[bytes]) -> bytes:
    """Put the parts in before position ``at``, or at the end if that is negative."""
    addition = b"\n".join(parts) + b"\n"
    if at < 0:
        return html + b"\n" + addition
    return html[:at] + addition + html[at:]


@functools.lru_cache(maxsize=1024)
def _is_source(filename: str) -> bool:
    """Tell whether code is of a file (compiled templates are not), and of none here."""
    return os.path.dirname(filename) != _WEB_ROOM and os.path.isfile(filename)


def _directory_of_caller() -> str:
    """The directory of the nearest calling file outside this package and compiled templates."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        filename = frame.f_code.co_filename
        if _is_source(filename):
            break
        frame = frame.f_back
    return os.path.dirname(frame.f_code.co_filename)
