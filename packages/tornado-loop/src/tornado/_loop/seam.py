"""What other distributions may use of ``tornado-loop`` beyond its public API.

Stack contexts
    `contexts`, the module: ``in_use`` is false until the first stack context of the process was
    entered, and hot paths test it before they call ``active``, ``wrap``, ``capture`` or ``restore``.
    It changes, so it is read from the module each time. `run_clean` calls a function outside of all
    contexts, for registrations that outlive the request that caused them.

Coroutines
    `eager`, the module: ``eager.start(coroutine, context)`` runs it as a task, at once where Python
    can, and returns None if it finished without an error; ``eager.start_later`` from the next turn on.
    `convert_yielded` is `tornado.gen.convert_yielded`, for modules that should not import all of
    ``gen``. `Starter` starts coroutines that may never wait, without making a task for each.

Descriptors
    `Selectable` is the type of an object with a file descriptor, which an `IOLoop` can watch.
    `repeats_errors` returns whether an asyncio loop reports a descriptor's error more than once.

Futures and callbacks
    `done_future` returns a finished future of a loop, shared by all who have nothing to wait for:
    nobody may change it. `deliver` calls a callback with an awaitable's result, through the loop and
    inside the caller's stack contexts. `with_callback` returns a future, or, for a caller that gave
    ``callback=``, calls that with the result and returns None. `schedule` calls one that was wrapped
    before, without adding the contexts of the code that completes the operation. `CALLBACK_ERRORS` are the
    exceptions that a callback of the application may raise when it is called outside a task,
    `asyncio.CancelledError` among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tornado._gen import eager
from tornado._loop import contexts
from tornado._loop.asyncio_loop import repeats_errors
from tornado._loop.callbacks import CALLBACK_ERRORS, deliver, schedule, with_callback
from tornado._loop.contexts import run_clean
from tornado._loop.conversion import convert_yielded
from tornado._loop.futures import done_future
from tornado._loop.ioloop import Selectable

if TYPE_CHECKING:
    from tornado._gen.parked import Starter

__all__ = [
    "CALLBACK_ERRORS",
    "Selectable",
    "Starter",
    "contexts",
    "convert_yielded",
    "deliver",
    "done_future",
    "eager",
    "repeats_errors",
    "run_clean",
    "schedule",
    "with_callback",
]


def _find(name: str) -> Any:
    """Return `Starter`, which only a transport that starts many coroutines loads."""
    if name != "Starter":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tornado._gen.parked import Starter

    globals()[name] = Starter
    return Starter


# Not by a definition: for type checkers, a module with `__getattr__` has every name.
globals()["__getattr__"] = _find
