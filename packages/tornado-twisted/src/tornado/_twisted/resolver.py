"""A resolver of host names over ``twisted.names``: without threads, and without blocking."""

from __future__ import annotations

import asyncio
import errno
import functools
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.names import cache, client, dns, resolve
from twisted.names import hosts as hosts_file

from tornado._iostream.seam import Addresses, loop_or_current, port_number
from tornado._loop.seam import with_callback
from tornado._twisted.deferreds import future_of
from tornado._twisted.ioloop import TwistedIOLoop
from tornado._twisted.reactor import TornadoReactor
from tornado.ioloop import IOLoop
from tornado.netutil import Resolver

__all__ = ["TwistedResolver"]

_HOSTS = r"C:\Windows\System32\drivers\etc\hosts" if sys.platform == "win32" else "/etc/hosts"
_LONGEST_ALIAS_CHAIN = 8
# Twisted leaves these untyped.
_client_resolver: Any = client.Resolver
_hosts_resolver: Any = hosts_file.Resolver
_cache_resolver: Any = cache.CacheResolver
_chain: Any = resolve.ResolverChain
_RECORDS = {socket.AF_INET: dns.A, socket.AF_INET6: dns.AAAA}


class _Stub:
    """What looks names up on one loop: a reactor, and a chain of hosts file, cache and queries."""

    def __init__(self, io_loop: Any, servers: Sequence[tuple[str, int]] | None, hosts: str) -> None:
        self.io_loop = io_loop
        self._owns_reactor = not isinstance(io_loop, TwistedIOLoop)
        self.reactor: Any = TornadoReactor(io_loop) if self._owns_reactor else io_loop.reactor
        own = _client_resolver(
            resolv="/etc/resolv.conf" if servers is None else None,
            servers=servers,
            reactor=self.reactor,
        )
        cached = _cache_resolver(reactor=self.reactor)
        self.resolver: Any = _chain([_hosts_resolver(hosts), cached, own])

    def is_over(self) -> bool:
        """Return whether the loop was closed."""
        return bool(self.io_loop.asyncio_loop.is_closed())

    def close(self) -> None:
        """Give up what is scheduled and open."""
        if self._owns_reactor and not self.is_over():
            now = self.reactor.seconds()
            for call in self.reactor.getDelayedCalls():
                # What is due closes the sockets of queries that were given up; the rest are limits.
                due = functools.partial(call.func, *call.args, **call.kw)
                is_due = call.getTime() <= now
                call.cancel()
                if is_due:
                    due()
            self.reactor.disconnectAll()


class TwistedResolver(Resolver):
    """Looks names up with ``twisted.names`` on the loop.

    ``Resolver.configure("tornado.platform.twisted.TwistedResolver")`` makes it the default. It
    reads the hosts file and asks the name servers itself, those of ``/etc/resolv.conf`` unless told
    otherwise; it knows no other way by which a system may find names.

    .. versionadded:: 3.0
    """

    def initialize(
        self,
        io_loop: IOLoop | None = None,
        servers: Sequence[tuple[str, int]] | None = None,
        hosts: str | None = None,
    ) -> None:
        """Take the loop; by default names are looked up on whichever loop is current then.

        :param servers: pairs of address and port of name servers; ``None`` for the system's.
        :param hosts: the path of the hosts file; ``None`` for the system's.
        """
        super().initialize(io_loop)
        self._servers = servers
        self._hosts = hosts if hosts is not None else _HOSTS
        # One for each loop that names were looked up on: a reactor belongs to a loop.
        self._stubs: list[_Stub] = []
        self._pending: set[Any] = set()
        self._closed = False

    @property
    def reactor(self) -> Any:
        """The Twisted reactor on which names are looked up in the current loop."""
        return self._stub().reactor

    @property
    def resolver(self) -> Any:
        """The resolver of ``twisted.names`` for the current loop."""
        return self._stub().resolver

    def _stub(self) -> _Stub:
        io_loop: Any = loop_or_current(self._io_loop)
        for stub in self._stubs:
            if stub.io_loop is io_loop:
                return stub
        # Those whose loop was closed are of no use any more.
        self._stubs = [stub for stub in self._stubs if not stub.is_over()]
        stub = _Stub(io_loop, self._servers, self._hosts)
        self._stubs.append(stub)
        return stub

    def resolve(
        self,
        host: str,
        port: int | str,
        family: int = socket.AF_UNSPEC,
        callback: Callable[[Addresses], Any] | None = None,
    ) -> asyncio.Future[Addresses]:
        """Look ``host`` up, see `tornado.netutil.Resolver.resolve`.

        Cancelling the future gives up the queries.
        """
        if self._closed:
            raise RuntimeError("the resolver is closed")
        io_loop = loop_or_current(self._io_loop)
        look_up = self._look_up(host, port_number(port), family)
        return with_callback(look_up, callback, io_loop)

    def close(self) -> None:
        """Free what the resolver holds; look-ups that are pending fail with an `OSError`."""
        if self._closed:
            return
        self._closed = True
        for deferred in list(self._pending):
            deferred.cancel()
        for stub in self._stubs:
            stub.close()
        self._stubs.clear()

    async def _look_up(self, host: str, port: int, family: int) -> Addresses:
        literal = _literal(host)
        if literal is not None:
            found = [literal] if family in (socket.AF_UNSPEC, literal[0]) else []
        else:
            found = await self._ask(host, family)
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, f"{host!r} has no address of this family")
        return [
            (kind, (address, port, 0, 0) if kind == socket.AF_INET6 else (address, port))
            for kind, address in found
        ]

    async def _ask(self, host: str, family: int) -> list[tuple[int, str]]:
        """Return the addresses that the name servers know; both families at once, if any will do."""
        kinds = list(_RECORDS) if family == socket.AF_UNSPEC else [family]
        results = await asyncio.gather(
            *(self._ask_for(host, kind) for kind in kinds), return_exceptions=True
        )
        found = []
        failure = None
        for result in results:
            if isinstance(result, Exception):
                failure = result
            elif isinstance(result, BaseException):
                raise result
            else:
                found += result
        if self._closed:
            raise OSError(
                errno.ECANCELED, f"{host!r} cannot be resolved: the resolver was closed"
            ) from failure
        if not found and failure is not None:
            raise socket.gaierror(
                socket.EAI_NONAME, f"{host!r} cannot be resolved: {failure!r}"
            ) from failure
        return found

    async def _ask_for(self, host: str, kind: int) -> list[tuple[int, str]]:
        """Return the addresses of one family, following aliases."""
        wanted = _RECORDS.get(socket.AddressFamily(kind))
        if wanted is None:
            raise ValueError(f"unknown address family: {kind}")
        resolver = self._stub().resolver
        ask = resolver.lookupAddress if wanted == dns.A else resolver.lookupIPV6Address
        name: Any = host
        for _ in range(_LONGEST_ALIAS_CHAIN):
            deferred = ask(name)
            self._pending.add(deferred)
            try:
                results, _, _ = await future_of(deferred)
            finally:
                self._pending.discard(deferred)
            found = [
                (kind, socket.inet_ntop(kind, record.payload.address))
                for record in results
                if record.type == wanted
            ]
            aliases = [record.payload.name.name for record in results if record.type == dns.CNAME]
            if found or not aliases:
                return found
            name = aliases[-1]
        raise OSError(f"{host!r} has more than {_LONGEST_ALIAS_CHAIN} aliases in a row")


def _literal(host: str) -> tuple[int, str] | None:
    """Return the family and address that ``host`` is, if it is one and no name."""
    if isIPAddress(host):
        return (socket.AF_INET, host)
    if isIPv6Address(host):
        return (socket.AF_INET6, host)
    return None


TwistedResolver.__module__ = "tornado.platform.twisted"
