"""What other distributions may use of ``tornado-web`` beyond its public API."""

from __future__ import annotations

from tornado._web.serving import end, lifespan_of
from tornado._web.state import SERVER_NAME

__all__ = ["SERVER_NAME", "end", "lifespan_of"]
