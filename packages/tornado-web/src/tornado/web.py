"""A web framework: an `Application` routes requests to `RequestHandler` objects, which respond.

Here is a whole server::

    import tornado.ioloop
    import tornado.web

    class MainHandler(tornado.web.RequestHandler):
        def get(self):
            self.write("Hello, world")

    if __name__ == "__main__":
        application = tornado.web.Application([
            (r"/", MainHandler),
        ])
        application.listen(8888)
        tornado.ioloop.IOLoop.current().start()

An `Application` is a table of routes and a dict of settings. For each request it finds the first route
whose pattern matches the path, makes an object of the route's `RequestHandler` class, and calls
its method ``get``, ``post`` and so on with the groups of the pattern. Methods may be plain functions,
``async def``, or any kind of coroutine that `tornado.gen` knows.

Thread-safety
    Methods of `RequestHandler`, and of most else in this project, must be called from the
    event loop's thread. Other threads hand over with `.IOLoop.add_callback`.
"""

from typing import TYPE_CHECKING

from tornado._core.seam import legacy as _legacy
from tornado._web.application import Application, _ApplicationRouter
from tornado._web.arguments import _ARG_DEFAULT, _ArgDefaultMarker
from tornado._web.decorators import (
    _has_stream_request_body,
    addslash,
    asynchronous,
    authenticated,
    removeslash,
    stream_request_body,
)
from tornado._web.delegate import HandlerDelegate as _HandlerDelegate
from tornado._web.errors import Finish, HTTPError, MissingArgumentError
from tornado._web.event_stream import EventStream, ServerSentEvent
from tornado._web.handler import RequestHandler
from tornado._web.rendering import is_absolute
from tornado._web.serving import run, serve
from tornado._web.signing import (
    DEFAULT_SIGNED_VALUE_MIN_VERSION,
    DEFAULT_SIGNED_VALUE_VERSION,
    MAX_SUPPORTED_SIGNED_VALUE_VERSION,
    MIN_SUPPORTED_SIGNED_VALUE_VERSION,
    _create_signature_v1,
    _create_signature_v2,
    create_signed_value,
    decode_signed_value,
    get_signature_key_version,
)
from tornado._web.special import ErrorHandler, FallbackHandler, RedirectHandler
from tornado._web.static import StaticFileHandler
from tornado._web.transforms import (
    ChunkedTransferEncoding,
    ContentCompression,
    GZipContentEncoding,
    OutputTransform,
)
from tornado._web.uimodules import TemplateModule, UIModule, _linkify, _xsrf_form_html
from tornado._web.uploads import (
    MultipartHandler,
    MultipartReader,
    StreamedPart,
    UploadedFile,
    UploadHandler,
)
from tornado.httpserver import HTTPServer

# By the public module, as in every release: instrumentation waits for its import to wrap what is in it.
from tornado.routing import (
    AnyMatches,
    DefaultHostMatches,
    HostMatches,
    ReversibleRouter,
    ReversibleRuleRouter,
    Rule,
    URLSpec,
)

if TYPE_CHECKING:
    # Of the names that `_legacy` provides, those that programs use most.
    from tornado.log import access_log as access_log
    from tornado.log import app_log as app_log
    from tornado.log import gen_log as gen_log

_legacy.provide(__name__)

#: Another name of `URLSpec`.
url = URLSpec

__all__ = [
    "DEFAULT_SIGNED_VALUE_MIN_VERSION",
    "DEFAULT_SIGNED_VALUE_VERSION",
    "MAX_SUPPORTED_SIGNED_VALUE_VERSION",
    "MIN_SUPPORTED_SIGNED_VALUE_VERSION",
    "Application",
    "ChunkedTransferEncoding",
    "ContentCompression",
    "ErrorHandler",
    "EventStream",
    "FallbackHandler",
    "Finish",
    "GZipContentEncoding",
    "HTTPError",
    "MissingArgumentError",
    "MultipartHandler",
    "MultipartReader",
    "OutputTransform",
    "RedirectHandler",
    "RequestHandler",
    "ServerSentEvent",
    "StaticFileHandler",
    "StreamedPart",
    "TemplateModule",
    "UIModule",
    "URLSpec",
    "UploadHandler",
    "UploadedFile",
    "addslash",
    "asynchronous",
    "authenticated",
    "create_signed_value",
    "decode_signed_value",
    "get_signature_key_version",
    "is_absolute",
    "removeslash",
    "run",
    "serve",
    "stream_request_body",
    "url",
]
# Names that are not in the manual, but which other projects import or patch here.
_PRIVATE = (
    _ARG_DEFAULT,
    AnyMatches,
    DefaultHostMatches,
    HTTPServer,
    HostMatches,
    ReversibleRouter,
    ReversibleRuleRouter,
    Rule,
    _ApplicationRouter,
    _ArgDefaultMarker,
    _HandlerDelegate,
    _create_signature_v1,
    _create_signature_v2,
    _has_stream_request_body,
    _linkify,
    _xsrf_form_html,
)

for _name in __all__:
    # Tracebacks and tools that patch by dotted name see the public module.
    _exported = globals()[_name]
    if getattr(_exported, "__module__", "").startswith("tornado._web"):
        _exported.__module__ = __name__
del _name, _exported
