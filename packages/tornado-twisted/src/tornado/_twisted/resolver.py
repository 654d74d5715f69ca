"""Host names go in, addresses come out, by Twisted's resolver: no threads, no blocking."""

import asyncio
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.names import cache, client, dns, resolve
from twisted.names import hosts as hosts_file

from tornado._netutil.callbacks import with_callback
from tornado._netutil.loops import loop_or_current
from tornado._netutil.resolvers import Addresses
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
        """Take the loop, by default the current one.

        :param servers: pairs of address and port of name servers; ``None`` for the system's.
        :param hosts: the path of the hosts file; ``None`` for the system's.
        """
        super().initialize(io_loop)
        self._loop: Any = loop_or_current(io_loop)
        loop: Any = self._loop
        shared = isinstance(loop, TwistedIOLoop)
        self.reactor: Any = loop.reactor if shared else TornadoReactor(self._loop)
        own = _client_resolver(
            resolv="/etc/resolv.conf" if servers is None else None,
            servers=servers,
            reactor=self.reactor,
        )
        names = _hosts_resolver(hosts if hosts is not None else _HOSTS)
        self.resolver: Any = _chain([names, _cache_resolver(reactor=self.reactor), own])
        self._owns_reactor = not shared
        self._closed = False

    def resolve(
        self,
        host: str,
        port: int,
        family: int = socket.AF_UNSPEC,
        callback: Callable[[Addresses], Any] | None = None,
    ) -> "asyncio.Future[Addresses]":
        """Look ``host`` up, see `tornado.netutil.Resolver.resolve`.

        Cancelling the future gives up the queries.
        """
        if self._closed:
            raise RuntimeError("the resolver is closed")
        return with_callback(self._look_up(host, port, family), callback, self._loop)

    def close(self) -> None:
        """Free what the resolver holds; what is pending should be cancelled before."""
        if self._closed:
            return
        self._closed = True
        if self._owns_reactor:
            for call in self.reactor.getDelayedCalls():
                call.cancel()
            self.reactor.disconnectAll()

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
        answers = await asyncio.gather(
            *(self._ask_for(host, kind) for kind in kinds), return_exceptions=True
        )
        found = []
        failure = None
        for answer in answers:
            if isinstance(answer, Exception):
                failure = answer
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found += answer
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
        ask = self.resolver.lookupAddress if wanted == dns.A else self.resolver.lookupIPV6Address
        name: Any = host
        for _ in range(_LONGEST_ALIAS_CHAIN):
            answers, _, _ = await future_of(ask(name))
            found = [
                (kind, socket.inet_ntop(kind, record.payload.address))
                for record in answers
                if record.type == wanted
            ]
            aliases = [record.payload.name.name for record in answers if record.type == dns.CNAME]
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
