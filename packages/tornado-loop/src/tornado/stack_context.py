"""Stack contexts: context managers and callbacks in; state that follows execution out.

A context entered with `StackContext` is entered again around every callback that is started from
inside it, through the loop, futures, streams and clients, so that exception handlers and
request-local state reach code that runs long after the ``with`` block was left::

    @contextlib.contextmanager
    def log_errors():
        try:
            yield
        except Exception:
            logging.exception("in an asynchronous operation")

    with StackContext(log_errors):
        http_client.fetch(url, callback)  # errors in callback are logged too

New code has `contextvars` and ``async def``; the two compose: a task inherits the contexts that
were active where it was made. Where no context is active `wrap` returns its argument itself.
"""

from tornado._core.seam import legacy as _legacy
from tornado._loop.contexts import (
    ExceptionStackContext,
    NullContext,
    StackContext,
    StackContextInconsistentError,
    run_with_stack_context,
    wrap,
)

_legacy.provide(__name__)

__all__ = [
    "ExceptionStackContext",
    "NullContext",
    "StackContext",
    "StackContextInconsistentError",
    "run_with_stack_context",
    "wrap",
]
