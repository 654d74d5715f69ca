"""Host names go in, lists of ``(family, address)`` come out; by different roads."""

import asyncio
import concurrent.futures
import contextlib
import os
import socket as socket_module
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from tornado import ioloop
from tornado._loop.seam import with_callback
from tornado._netutil.addresses import address_named, host_text, port_number
from tornado._netutil.loops import asyncio_loop_of, io_loop_attribute, loop_or_current
from tornado.concurrent import DummyExecutor
from tornado.util import Configurable

Addresses = list[tuple[int, Any]]
"""What a resolver returns: pairs of family and address, as ``socket.connect`` takes it."""


class Resolver(Configurable):
    """Looks host names up without blocking the loop.

    ``Resolver()`` makes the configured kind (``Resolver.configure``); the default is
    `DefaultLoopResolver`. The kinds are:

    * `DefaultLoopResolver`, `DefaultExecutorResolver`, `BlockingResolver`, `ThreadedResolver`
    * `tornado.platform.caresresolver.CaresResolver`
    * `OverrideResolver`, around any of them

    .. versionchanged:: 5.0
       The default resolves in a thread.
    """

    @classmethod
    def configurable_base(cls) -> type["Resolver"]:
        """Return the class whose configuration is used."""
        return Resolver

    @classmethod
    def configurable_default(cls) -> type["Resolver"]:
        """Return the kind that is made where none was configured."""
        return DefaultLoopResolver

    if (
        not TYPE_CHECKING
    ):  # the types are those of `Configurable`: kinds of programs take what they like

        def initialize(self, io_loop=None):
            """Take the loop of the futures; ``None`` means the current one."""
            self._io_loop = io_loop

    io_loop = io_loop_attribute
    _io_loop: "ioloop.IOLoop | None" = (
        None  # for subclasses whose initialize does not call this one
    )

    if TYPE_CHECKING:
        # What kinds that programs define have to take; those here take more.
        def resolve(
            self,
            host: str,
            port: int,
            family: socket_module.AddressFamily = socket_module.AF_UNSPEC,
        ) -> Awaitable[Addresses]: ...

    else:

        def resolve(self, host, port, family=socket_module.AF_UNSPEC, callback=None):
            """Look `host` up.

            :param host: a name or an IP address.
            :param port: a number, or its decimal text; it is put into the addresses.
            :param family: ``AF_INET`` or ``AF_INET6`` restrict to that family.
            :param callback: called with the result; then ``None`` is returned.
            :returns: an awaitable of a list of pairs ``(family, address)``; `address` is what
                ``socket.connect`` takes.
            :raises OSError: through the awaitable, if the name cannot be resolved; the text names it.

            .. versionchanged:: 4.4
               Every kind raises `OSError`.
            """
            raise NotImplementedError

    def close(self) -> None:
        """Free what the resolver holds; it cannot be used afterwards.

        .. versionadded:: 3.1
        """


def _addresses(found: list[Any]) -> Addresses:
    return [(family, address) for family, _, _, _, address in found]


def _numeric(host: str, port: int | str, family: int) -> Addresses | None:
    """Return the address that `host` itself is; ``None`` if it is to be looked up.

    Threads that wait for a name server that does not respond must not keep it waiting.
    """
    name = host_text(host)
    # None is the loopback or the wildcard address.
    if name is not None and ":" not in name and not name.replace(".", "").isdecimal():
        return None
    try:
        return _addresses(
            socket_module.getaddrinfo(
                host, port, family, socket_module.SOCK_STREAM, 0, socket_module.AI_NUMERICHOST
            )
        )
    except (OSError, ValueError):
        return None


def _known(found: Addresses, io_loop: "ioloop.IOLoop") -> "asyncio.Future[Addresses]":
    future: asyncio.Future[Addresses] = asyncio.Future(loop=asyncio_loop_of(io_loop))
    future.set_result(found)
    return future


def _look_up(host: str, port: int | str, family: int) -> Addresses:
    with address_named(host, port), _names_checked(host):
        return _addresses(socket_module.getaddrinfo(host, port, family, socket_module.SOCK_STREAM))


@contextlib.contextmanager
def _names_checked(host: str) -> Iterator[None]:
    """Report a name that cannot even be asked for (an empty or overlong label) as unknown."""
    try:
        yield
    except ValueError as error:
        raise _NotAHostName(
            socket_module.EAI_NONAME, f"not a host name: {host!r}: {error}"
        ) from error


class _NotAHostName(socket_module.gaierror, UnicodeError):
    """A name that no name server can be asked for: released versions let the `UnicodeError` out."""


_NotAHostName.__name__ = _NotAHostName.__qualname__ = "gaierror"  # what messages show
_NotAHostName.__module__ = "socket"


class DefaultLoopResolver(Resolver):
    """Looks names up by the loop's own ``getaddrinfo``.

    .. versionadded:: 6.2
    """

    def resolve(
        self,
        host: str,
        port: int | str,
        family: int = socket_module.AF_UNSPEC,
        callback: Callable[[Addresses], Any] | None = None,
    ) -> "Awaitable[Addresses]":
        """Look `host` up, see `Resolver.resolve`."""
        io_loop = loop_or_current(self._io_loop)
        port = port_number(port)
        return with_callback(_ask_loop(io_loop, host, port, family), callback, io_loop)


async def _ask_loop(io_loop: "ioloop.IOLoop", host: str, port: int | str, family: int) -> Addresses:
    found = _numeric(host, port, family)
    if found is not None:
        return found
    with address_named(host, port), _names_checked(host):
        return _addresses(
            await asyncio_loop_of(io_loop).getaddrinfo(
                host, port, family=family, type=socket_module.SOCK_STREAM
            )
        )


class DefaultExecutorResolver(Resolver):
    """Looks names up in the loop's default executor.

    .. versionadded:: 5.0
    """

    def resolve(
        self,
        host: str,
        port: int | str,
        family: int = socket_module.AF_UNSPEC,
        callback: Callable[[Addresses], Any] | None = None,
    ) -> "Awaitable[Addresses]":
        """Look `host` up, see `Resolver.resolve`."""
        io_loop = loop_or_current(self._io_loop)
        port = port_number(port)
        found = _numeric(host, port, family)
        if found is not None:
            return with_callback(_known(found, io_loop), callback, io_loop)
        future = io_loop.run_in_executor(None, _look_up, host, port, family)
        return with_callback(future, callback, io_loop)


class ExecutorResolver(Resolver):
    """Looks names up in a `concurrent.futures` executor.

    :param executor: by default names are looked up at once, blocking the loop.
    :param close_executor: whether `close` shuts the executor down; default True.

    .. versionadded:: 3.1
    """

    executor: concurrent.futures.Executor  # None after close
    close_executor: bool

    def initialize(
        self,
        io_loop: "ioloop.IOLoop | concurrent.futures.Executor | None" = None,
        executor: "concurrent.futures.Executor | bool | None" = None,
        close_executor: bool = True,
    ) -> None:
        """Take the loop and the executor; without a loop's place, as later releases have it."""
        if isinstance(io_loop, concurrent.futures.Executor):
            io_loop, executor, close_executor = (
                None,
                io_loop,
                executor if isinstance(executor, bool) else close_executor,
            )
        super().initialize(io_loop)
        assert not isinstance(executor, bool)
        if executor is not None:
            self.executor = executor
            self.close_executor = close_executor
        else:
            self.executor = DummyExecutor()
            self.close_executor = False

    def resolve(
        self,
        host: str,
        port: int | str,
        family: int = socket_module.AF_UNSPEC,
        callback: Callable[[Addresses], Any] | None = None,
    ) -> "Awaitable[Addresses]":
        """Look `host` up, see `Resolver.resolve`."""
        if self.executor is None:
            raise RuntimeError("the resolver is closed")
        io_loop = loop_or_current(self._io_loop)
        port = port_number(port)
        found = _numeric(host, port, family)
        if found is not None:
            return with_callback(_known(found, io_loop), callback, io_loop)
        future = asyncio.wrap_future(
            self.executor.submit(_look_up, host, port, family), loop=asyncio_loop_of(io_loop)
        )
        return with_callback(future, callback, io_loop)

    def close(self) -> None:
        """Shut the executor down, if that is this resolver's business."""
        if self.close_executor and self.executor is not None:
            self.executor.shutdown()
        self.executor = None  # type: ignore[assignment]


class BlockingResolver(ExecutorResolver):
    """Looks names up in the loop's thread; the loop waits. The default until 5.0."""

    def initialize(self, io_loop: "ioloop.IOLoop | None" = None) -> None:  # type: ignore[override]
        """Take the loop; there is nothing to configure."""  # fewer parameters, by design
        super().initialize(io_loop)


class ThreadedResolver(ExecutorResolver):
    """Looks names up in threads.

    :param num_threads: count of threads, shared by all resolvers of this kind in the process; the
        first one made decides.

    .. versionadded:: 3.0
    """

    _threadpool: ClassVar[concurrent.futures.ThreadPoolExecutor | None] = None
    _threadpool_pid: ClassVar[int | None] = None

    def initialize(  # type: ignore[override]  # it makes its own executor
        self, io_loop: "ioloop.IOLoop | int | None" = None, num_threads: int = 10
    ) -> None:
        """Take the loop and the count of threads; a number in the loop's place is that count."""
        if isinstance(io_loop, int):
            num_threads, io_loop = io_loop, None
        super().initialize(io_loop, self._shared_pool(num_threads), close_executor=False)

    @classmethod
    def _shared_pool(cls, num_threads: int) -> concurrent.futures.ThreadPoolExecutor:
        if ThreadedResolver._threadpool is None or ThreadedResolver._threadpool_pid != os.getpid():
            # Threads do not survive a fork.
            ThreadedResolver._threadpool = concurrent.futures.ThreadPoolExecutor(num_threads)
            ThreadedResolver._threadpool_pid = os.getpid()
        return ThreadedResolver._threadpool


class OverrideResolver(Resolver):
    """Replaces some hosts and ports before another resolver looks them up, as /etc/hosts does.

    :param resolver: asked with the replacement, or with what is not in the mapping.
    :param mapping: what is replaced by what.

    The keys of the mapping have three forms, of which the first that fits is used::

        {
            ("api.example.com", 443, socket.AF_INET6): ("::1", 1443),
            ("login.example.com", 443): ("localhost", 1443),
            "example.com": "127.0.1.1",
        }

    .. versionadded:: 3.0
    .. versionchanged:: 5.0
       Keys with a family.
    """

    resolver: Resolver
    mapping: Mapping[Any, Any]

    def initialize(  # it has no loop of its own
        self, resolver: Resolver, mapping: Mapping[Any, Any]
    ) -> None:
        """Take the resolver and the mapping."""
        self.resolver = resolver
        self.mapping = mapping

    def resolve(
        self,
        host: str,
        port: int | str,
        family: int = socket_module.AF_UNSPEC,
        callback: Callable[[Addresses], Any] | None = None,
    ) -> "Awaitable[Addresses]":
        """Look the replacement up, see `Resolver.resolve`."""
        port = port_number(port)
        if (host, port, family) in self.mapping:
            host, port = self.mapping[(host, port, family)]
        elif (host, port) in self.mapping:
            host, port = self.mapping[(host, port)]
        elif host in self.mapping:
            host = self.mapping[host]
        resolver: Any = self.resolver  # of a program's own kind, it may take less
        if callback is None:
            return resolver.resolve(host, port, family)  # type: ignore[no-any-return]
        return resolver.resolve(host, port, family, callback=callback)  # type: ignore[no-any-return]

    def close(self) -> None:
        """Close the resolver behind."""
        self.resolver.close()


for _class in (
    Resolver,
    DefaultLoopResolver,
    DefaultExecutorResolver,
    ExecutorResolver,
    BlockingResolver,
    ThreadedResolver,
    OverrideResolver,
):
    _class.__module__ = "tornado.netutil"
