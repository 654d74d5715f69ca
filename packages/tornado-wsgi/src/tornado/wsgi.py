"""WSGI both ways: other frameworks on Tornado's server, and Tornado's handlers on other servers.

* `WSGIContainer` serves a WSGI application (PEP 3333) with `tornado.httpserver.HTTPServer`, alone or
  beside handlers with `tornado.web.FallbackHandler`.
* `WSGIApplication` and `WSGIAdapter` turn Tornado's applications into WSGI applications, for servers
  that know nothing else. Handlers must then respond before they return.
"""

from tornado._core.seam import legacy as _legacy
from tornado._wsgi.application import WSGIAdapter, WSGIApplication
from tornado._wsgi.container import WSGIContainer
from tornado._wsgi.request import HTTPRequest
from tornado._wsgi.strings import from_wsgi_str, to_wsgi_str

_legacy.provide(__name__)

__all__ = [
    "HTTPRequest",
    "WSGIAdapter",
    "WSGIApplication",
    "WSGIContainer",
    "from_wsgi_str",
    "to_wsgi_str",
]

for _name in __all__:
    globals()[_name].__module__ = __name__
