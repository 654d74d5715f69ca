"""Stack contexts: callbacks in; callbacks that run inside the contexts of their origin out.

The active contexts are a tuple in a `contextvars.ContextVar`, so tasks, futures and handles of
asyncio know them without help, and every task has its own. What asyncio cannot do is to *enter*
the context managers again around a callback: that is what `wrap` does.

`in_use` is false until the first context of the process was entered. Hot paths test it before
anything else, so programs without stack contexts pay one attribute load.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar, copy_context
from types import TracebackType
from typing import Any, TypeVar

__all__ = [
    "ExceptionStackContext",
    "NullContext",
    "StackContext",
    "StackContextInconsistentError",
    "active",
    "capture",
    "in_use",
    "push",
    "restore",
    "run_clean",
    "run_with_stack_context",
    "stack",
    "wrap",
]

_F = TypeVar("_F", bound="Callable[..., Any] | None")
_T = TypeVar("_T")
_Stack = tuple["StackContext", ...]
_ExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]

_MODULE = "tornado.stack_context"
_EMPTY: _Stack = ()

#: The contexts that are active here, outermost first.
stack: ContextVar[_Stack] = ContextVar("tornado_stack_contexts", default=_EMPTY)

#: Whether any stack context was ever entered in this process; never becomes false again.
in_use = False


class StackContextInconsistentError(Exception):
    """Contexts were left in another order than they were entered, or in another place.

    The usual cause is a ``yield`` inside a ``with StackContext(...)`` block of a generator-based
    coroutine; `run_with_stack_context` is the remedy.

    .. versionadded:: 2.4
    """


class StackContext:
    """Establishes a context that follows execution from callback to callback.

    :param context_factory: a callable without arguments that returns a new context manager; it is
        called, and its manager entered and left, around the ``with`` block and around each
        callback that was started from inside.

    ``with StackContext(factory) as deactivate:`` gives a callable; once it was called, nothing new
    inherits the context, while callbacks that already carry it still run in it.

    :raises StackContextInconsistentError: by leaving the block, if another context is still open.

    .. versionadded:: 1.1
    """

    __slots__ = ("__weakref__", "_blocks", "active", "context_factory", "contexts")

    def __init__(
        self,
        context_factory: Callable[[], AbstractContextManager[Any]],
        _active_cell: list[bool] | None = None,
    ) -> None:
        self.context_factory: Callable[[], AbstractContextManager[Any]] | None = context_factory
        self.contexts: list[AbstractContextManager[Any]] = []
        self.active = _active_cell is None or all(_active_cell)
        self._blocks: list[tuple[_Stack, _Stack]] = []

    def _deactivate(self) -> None:
        self.active = False

    def enter(self) -> None:
        """Make a new context manager and enter it; `exit` leaves the newest.

        .. versionadded:: 3.1
        """
        self.contexts.append(self._open())

    def exit(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        """Leave the manager entered last; true means the exception was consumed.

        .. versionadded:: 3.1
        """
        return self._close(self.contexts.pop(), (type, value, traceback))

    def _open(self) -> Any:
        """Enter one manager and return it: callbacks in several threads may each hold one."""
        assert self.context_factory is not None
        manager = self.context_factory()
        manager.__enter__()
        return manager

    def _close(self, manager: Any, exc_info: _ExcInfo) -> bool | None:
        left: bool | None = manager.__exit__(*exc_info)
        return left

    def __enter__(self) -> Callable[[], None]:
        global in_use
        in_use = True
        old = stack.get()
        new = (*old, self)
        stack.set(new)
        try:
            self.enter()
        except BaseException:
            stack.set(old)
            raise
        self._blocks.append((old, new))
        return self._deactivate

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        old, new = self._blocks.pop()
        try:
            return self.exit(type, value, traceback)
        finally:
            found = stack.get()
            if found is new:
                stack.set(old)
            else:
                # Elsewhere (another task, a generator that is finalised) nothing is ours to undo.
                if self in found:
                    stack.set(old)
                if type is None or not issubclass(type, GeneratorExit):
                    raise StackContextInconsistentError(
                        "stack contexts were left in another order than they were entered (is there"
                        ' a yield inside a "with StackContext" block?)'
                    )


class ExceptionStackContext(StackContext):
    """Calls a handler for exceptions in a block and in the callbacks that were started from it.

    :param exception_handler: called with ``(type, value, traceback)`` of an uncaught exception; a
        true result consumes the exception, otherwise the next outer handler sees it.
    :param delay_warning: accepted; stack contexts are supported here and never warn.

    .. versionadded:: 2.0
    .. versionchanged:: 5.1
       Added ``delay_warning``.
    """

    __slots__ = ("exception_handler",)

    def __init__(
        self,
        exception_handler: Callable[
            [type[BaseException], BaseException, TracebackType | None], bool | None
        ],
        delay_warning: bool | list[bool] | None = False,
        _active_cell: list[bool] | None = None,
    ) -> None:
        self.exception_handler = exception_handler
        self.context_factory = None
        self.contexts = []
        self.active = True
        self._blocks = []
        for cell in (delay_warning, _active_cell):
            if isinstance(cell, list):  # 2.3's second positional parameter
                self.active = self.active and all(cell)

    def enter(self) -> None:
        """There is nothing to enter."""

    def exit(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        """Show an exception to the handler and return its result.

        .. versionadded:: 3.1
        """
        if type is not None and value is not None:
            return self.exception_handler(type, value, traceback)
        return None

    def _open(self) -> Any:
        return None

    def _close(self, manager: Any, exc_info: _ExcInfo) -> bool | None:
        return self.exit(*exc_info)


class NullContext:
    """Clears the active contexts for a block.

    Shared resources (connection pools, listening sockets) are made inside one, so that the
    contexts of the code that happened to need them first do not stay with them.

    .. versionadded:: 1.1
    """

    __slots__ = ("_saved",)

    def __init__(self) -> None:
        self._saved: list[_Stack] = []

    def __enter__(self) -> None:
        self._saved.append(stack.get())
        if self._saved[-1]:
            stack.set(_EMPTY)

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        saved = self._saved.pop()
        if saved is not stack.get():
            stack.set(saved)


class _Wrapped:
    """A callback together with the contexts in which it is to run."""

    __slots__ = ("__weakref__", "__wrapped__", "_stack")

    def __init__(self, fn: Callable[..., Any], captured: _Stack) -> None:
        self.__wrapped__ = fn
        self._stack = captured

    def __repr__(self) -> str:
        return f"<{self.__wrapped__!r} in {len(self._stack)} stack contexts>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        outside = stack.get()
        captured = self._stack
        if not captured and not outside:
            return self._call_alone(args, kwargs)
        stack.set(captured)
        entered: list[tuple[StackContext, Any]] = []
        result = error = None
        try:
            try:
                for context in captured:
                    entered.append((context, context._open()))
                result = self.__wrapped__(*args, **kwargs)
                if stack.get() is not captured:
                    raise self._left_open()
            except BaseException as raised:
                error = raised
            while entered:
                context, manager = entered.pop()
                error = _leave(context, manager, error)
            if error is not None:
                raise error
            return result
        finally:
            stack.set(outside)
            # The traceback holds this frame: without this, a reference cycle.
            del error

    def _call_alone(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the function where no context is active or captured, the usual case."""
        try:
            result = self.__wrapped__(*args, **kwargs)
            if stack.get():
                raise self._left_open()
            return result
        finally:
            if stack.get():
                stack.set(_EMPTY)

    def _left_open(self) -> StackContextInconsistentError:
        return StackContextInconsistentError(f"{self.__wrapped__!r} left a stack context open")


def _leave(
    context: StackContext, manager: Any, error: BaseException | None
) -> BaseException | None:
    """Leave one context and return the exception that goes on to the next outer one."""
    try:
        if error is None:
            context._close(manager, (None, None, None))
        elif context._close(manager, (type(error), error, error.__traceback__)):
            return None
    except BaseException as raised:
        if raised is not error:
            return raised
    return error


def active() -> bool:
    """Whether any stack context is active here; test the module's `in_use` first, it is cheaper."""
    return in_use and stack.get() is not _EMPTY and bool(stack.get())


def capture() -> _Stack:
    """Return the contexts that a callback stored now inherits: the active, not deactivated ones."""
    current = stack.get()
    for context in current:
        if not context.active:
            return tuple(c for c in current if c.active)
    return current


def push(context: StackContext) -> _Stack:
    """Make ``context`` the innermost active one without entering it; return the active ones."""
    global in_use
    in_use = True
    new = (*capture(), context)
    stack.set(new)
    return new


def restore(contexts: _Stack) -> None:
    """Make ``contexts`` the active ones, without entering or leaving any."""
    stack.set(contexts)


def wrap(fn: _F) -> _F:
    """Return a callable that runs ``fn`` inside the stack contexts that are active now.

    If no context was ever entered in this process, and for ``None`` or something already wrapped,
    ``fn`` itself is returned. Once one was, a function that is wrapped while none is active runs
    without any, whatever is active where it is called. Code that stores a callback for later, or
    hands it to another thread, wraps it first.
    """
    if not in_use or fn is None or type(fn) is _Wrapped:
        return fn
    return _Wrapped(fn, capture())  # type: ignore[return-value]  # a callable of the same signature


def run_clean(fn: Callable[..., _T], *args: Any) -> _T:
    """Call ``fn(*args)`` with no stack context active: for registrations that outlive a request."""
    if not in_use or not stack.get():
        return fn(*args)
    return copy_context().run(_cleared, fn, args)


def _cleared(fn: Callable[..., _T], args: tuple[Any, ...]) -> _T:
    stack.set(_EMPTY)
    return fn(*args)


def run_with_stack_context(context: StackContext, func: Callable[[], _T]) -> _T:
    """Call ``func()`` inside ``context`` and return its result.

    For coroutines, which must not yield inside ``with StackContext(...)``::

        @gen.coroutine
        def correct():
            yield run_with_stack_context(StackContext(ctx), other_coroutine)

    .. versionadded:: 3.1
    """
    with context:
        return func()


for _name in (
    StackContextInconsistentError,
    StackContext,
    ExceptionStackContext,
    NullContext,
    wrap,
    run_with_stack_context,
):
    _name.__module__ = _MODULE
del _name
