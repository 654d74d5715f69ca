"""What other distributions may use of ``tornado-web`` beyond its public API.

For other ways to run an application than `tornado.web.run`: the command line, WSGI and ASGI.

`SERVER_NAME`
    What a response's ``Server`` field says.
`lifespan_of`
    Returns the asynchronous context manager of what an application does before and after all
    requests; one that does nothing for an application without such hooks.
`end`
    A coroutine that stops a server as `tornado.web.run` does: it accepts nothing more, closes
    WebSockets, and lets requests finish, at most for ``drain_timeout`` seconds or until the next signal.
"""

from __future__ import annotations

from tornado._web.serving import end, lifespan_of
from tornado._web.state import SERVER_NAME

__all__ = ["SERVER_NAME", "end", "lifespan_of"]
