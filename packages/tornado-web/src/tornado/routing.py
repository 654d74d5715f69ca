"""Finding the handler, router or function that serves an HTTP request.

.. versionadded:: 4.5

A *rule* binds a *matcher* to a *target*. A router holds rules in order, and the first whose matcher
accepts the request serves it. A target may be a handler class (in an `.Application`), a function, a
delegate, or another router, so that tables nest::

    from tornado.routing import HostMatches, PathMatches, Rule, RuleRouter
    from tornado.web import Application

    site = Application([("/", HomeHandler)])
    api = Application([("/api/users", UsersHandler)])
    router = RuleRouter([
        Rule(PathMatches("/api/.*"), api),
        Rule(HostMatches("www.example.com"), site),
    ])
    server = HTTPServer(router)

A matcher or a router of your own is a subclass with one method::

    class MethodMatches(Matcher):
        def __init__(self, method):
            self.method = method

        def match(self, request):
            return {} if request.method == self.method else None
"""

from tornado._core.seam import legacy as _legacy
from tornado._routing.matchers import (
    AnyMatches,
    DefaultHostMatches,
    HostMatches,
    Matcher,
    PathMatches,
    _unquote_or_none,
)
from tornado._routing.routers import (
    ReversibleRouter,
    ReversibleRuleRouter,
    Router,
    RuleRouter,
    _CallableAdapter,
    _RoutingDelegate,
)
from tornado._routing.rules import Rule, URLSpec, _RuleList

_legacy.provide(__name__)

__all__ = [
    "AnyMatches",
    "DefaultHostMatches",
    "HostMatches",
    "Matcher",
    "PathMatches",
    "ReversibleRouter",
    "ReversibleRuleRouter",
    "Router",
    "Rule",
    "RuleRouter",
    "URLSpec",
]
# Names without a place in the manual, which other projects import all the same.
_PRIVATE = (_CallableAdapter, _RoutingDelegate, _RuleList, _unquote_or_none)

for _name in __all__:
    # Tracebacks and tools that patch by dotted name see the public module.
    _exported = globals()[_name]
    if getattr(_exported, "__module__", "").startswith("tornado._routing"):
        _exported.__module__ = __name__
del _name, _exported
