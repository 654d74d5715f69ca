"""The `tornado` namespace: its version, and its modules imported on first use.

Every distribution of this project installs modules below `tornado`; this one alone owns this file.
``import tornado; tornado.web.RequestHandler`` works where ``tornado-web`` is installed. Where it is
not, using ``tornado.web`` in this way or importing it in any other says which distribution to install.
"""

from importlib import import_module
from pkgutil import extend_path
from typing import TYPE_CHECKING

from tornado._missing import install, message

if TYPE_CHECKING:
    from types import ModuleType

__path__ = extend_path(__path__, __name__)

version = "6.100.0"
version_info = (6, 100, 0, 0)

# Public module -> the distribution that holds it.
_DISTRIBUTIONS = {
    "asgi": "tornado-asgi",
    "auth": "tornado-auth",
    "autoreload": "tornado-iostream",
    "broadcast": "tornado-broadcast",
    "cli": "tornado-cli",
    "concurrent": "tornado-loop",
    "curl_httpclient": "tornado-httpclient",
    "database": "tornado-database",
    "escape": "tornado-escape",
    "gen": "tornado-loop",
    "http1connection": "tornado-http",
    "http1engine": "tornado-http",
    "httpclient": "tornado-httpclient",
    "httpserver": "tornado-httpserver",
    "httputil": "tornado-http",
    "ioloop": "tornado-loop",
    "iostream": "tornado-iostream",
    "locale": "tornado-escape",
    "locks": "tornado-loop",
    "log": "tornado-core",
    "netutil": "tornado-iostream",
    "options": "tornado-core",
    "platform": "tornado-loop",
    "process": "tornado-iostream",
    "queues": "tornado-loop",
    "routing": "tornado-web",
    "simple_httpclient": "tornado-httpclient",
    "speedups": "tornado-speedups",
    "stack_context": "tornado-loop",
    "tcpclient": "tornado-iostream",
    "tcpserver": "tornado-iostream",
    "template": "tornado-template",
    "testing": "tornado-testing",
    "util": "tornado-core",
    "web": "tornado-web",
    "websocket": "tornado-websocket",
    "wsgi": "tornado-wsgi",
}

# Modules that cannot be imported without another project, which is optional.
_EXTRAS = {"curl_httpclient": "pycurl"}

# Modules of `tornado.platform`, which is a package of its own.
_PLATFORM_DISTRIBUTIONS = {
    "asyncio": "tornado-loop",
    "auto": "tornado-loop",
    "caresresolver": "tornado-iostream",
    "common": "tornado-loop",
    "epoll": "tornado-loop",
    "interface": "tornado-loop",
    "posix": "tornado-loop",
    "select": "tornado-loop",
    "twisted": "tornado-twisted",
}

install(
    {
        **{f"{__name__}.{module}": name for module, name in _DISTRIBUTIONS.items()},
        **{f"{__name__}.platform.{part}": name for part, name in _PLATFORM_DISTRIBUTIONS.items()},
    }
)


def __getattr__(name: str) -> "ModuleType | list[str]":
    if name == "__all__":
        return _installed_modules()
    distribution = _DISTRIBUTIONS.get(name)
    if distribution is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise AttributeError(message(f"{__name__}.{name}", distribution)) from error


def _installed_modules() -> list[str]:
    """Return the names of the public modules that are installed: what a star import gives.

    It is found out when asked for, since it takes a look at the disk for each module.
    """
    from importlib.util import find_spec

    return [
        name
        for name in _DISTRIBUTIONS
        if find_spec(f"{__name__}.{name}") is not None
        and (name not in _EXTRAS or find_spec(_EXTRAS[name]) is not None)
    ]


def __dir__() -> list[str]:
    return sorted({*globals(), *_DISTRIBUTIONS})
