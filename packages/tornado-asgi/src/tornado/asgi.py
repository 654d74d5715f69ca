"""ASGI both ways: Tornado applications on ASGI servers, ASGI applications on Tornado's server.

* `ASGIAdapter` makes an `.Application` an ASGI application, for servers such as uvicorn, hypercorn and
  Granian, and for mounting in Starlette, FastAPI or Django.
* `ASGIContainer` serves an ASGI application with `.HTTPServer`, alone or beside handlers in an
  `.Application`.

See the `ASGI specification <https://asgi.readthedocs.io/>`_, version 3.
"""

from tornado._asgi.adapter import ASGIAdapter
from tornado._asgi.container import ASGIContainer

__all__ = ["ASGIAdapter", "ASGIContainer"]
