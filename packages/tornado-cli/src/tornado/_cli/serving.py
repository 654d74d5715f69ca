"""One process that serves an application: from its sockets to its last response."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import ipaddress
import logging
import os
import random
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tornado._cli import access, proxy_header
from tornado._cli.errors import FAILED, USAGE, CommandError
from tornado._cli.targets import Target
from tornado._http1.seam import dispatch_of
from tornado._web.seam import end, lifespan_of
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.httputil import Target as RequestTarget
from tornado.iostream import IOStream, StreamClosedError
from tornado.log import app_log, gen_log

#: Seconds between two looks at memory and certificates, which take a system call each.
_CHECK_SECONDS = 2.0
#: Seconds between two looks at the count of requests.
_COUNT_SECONDS = 0.25
#: Seconds for a proxy's header.
_PROXY_HEADER_SECONDS = 10.0


class Gate:
    """Stands before an application: counts its requests.

    :param application: what the server would serve.
    """

    def __init__(self, application: Any) -> None:
        self._application = application
        self.count = 0

    @property
    def default_headers(self) -> HTTPHeaders | None:
        """The application's header fields for every response, the server's refusals included."""
        fields: HTTPHeaders | None = getattr(self._application, "default_headers", None)
        return fields

    def dispatch(self, request: HTTPServerRequest) -> RequestTarget:
        """Return the target of a request."""
        self.count += 1
        return dispatch_of(self._application)(request)


class Server(HTTPServer):
    """An `.HTTPServer` whose connections may begin with a PROXY header."""

    #: Networks whose connections begin with one; none by default.
    proxies: list[Any] = []
    tls: ssl.SSLContext | None = None

    def handle_stream(self, stream: IOStream, address: Any) -> Any:
        """Serve a connection, after its PROXY header."""
        if not self.proxies:
            return super().handle_stream(stream, address)
        return self._behind_proxy(stream, address)

    async def _behind_proxy(self, stream: IOStream, address: Any) -> None:
        peer = address[0] if isinstance(address, tuple) else None
        if peer is not None and not any(
            ipaddress.ip_address(peer.partition("%")[0]) in network for network in self.proxies
        ):
            gen_log.warning("Connection without a PROXY header from %s refused", peer)
            stream.close()
            return
        try:
            client = await asyncio.wait_for(_read_header(stream), _PROXY_HEADER_SECONDS)
            if self.tls is not None:
                stream = await stream.start_tls(server_side=True, ssl_options=self.tls)
        except (proxy_header.ProxyHeaderError, asyncio.TimeoutError) as error:
            gen_log.info("Malformed PROXY header from %s: %s", peer, error or "timeout")
            stream.close()
            return
        except (StreamClosedError, ssl.SSLError, OSError):
            stream.close()
            return
        super().handle_stream(stream, client or address)


async def _read_header(stream: IOStream) -> proxy_header.Address | None:
    first = await stream.read_bytes(1)
    if first != proxy_header.SIGNATURE[:1]:
        rest = await stream.read_until(b"\r\n", max_bytes=proxy_header.MAX_LINE - 1)
        return proxy_header.read_line(first + rest)
    fixed = first + await stream.read_bytes(proxy_header.FIXED_SIZE - 1)
    rest = (
        await stream.read_bytes(proxy_header.size_of_rest(fixed))
        if fixed[14:16] != b"\0\0"
        else b""
    )
    return proxy_header.read_binary(fixed, rest)


def tls_context(options: argparse.Namespace) -> ssl.SSLContext | None:
    """Return the context of the server, ``None`` for plain connections.

    :raises CommandError: if a file cannot be used.
    """
    if options.certfile is None:
        for name in ("keyfile", "ca_certs"):
            if getattr(options, name) is not None:
                raise CommandError(f"--{name.replace('_', '-')} needs --certfile", USAGE)
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _load_certificate(context, options)
    if options.client_certs != "none":
        if options.ca_certs is None:
            raise CommandError("--client-certs needs --ca-certs", USAGE)
        context.verify_mode = (
            ssl.CERT_REQUIRED if options.client_certs == "required" else ssl.CERT_OPTIONAL
        )
    if options.ca_certs is not None:
        try:
            context.load_verify_locations(options.ca_certs)
        except OSError as error:
            raise CommandError(f"cannot use {options.ca_certs}: {error}", USAGE) from None
    return context


def _load_certificate(context: ssl.SSLContext, options: argparse.Namespace) -> None:
    password = options.keyfile_password
    try:
        # Without a function the library would ask the terminal for a password.
        context.load_cert_chain(options.certfile, options.keyfile, lambda: password or "")
    except OSError as error:  # ssl.SSLError is one
        raise CommandError(
            f"cannot use {options.certfile}{' with ' + options.keyfile if options.keyfile else ''}:"
            f" {error.strerror or error}",
            USAGE,
        ) from None


class Worker:
    """Serves until it is told to stop.

    :param target: the application.
    :param options: of ``tornado serve``.
    :param sockets: to listen on.
    :param when_ready: called when the server accepts connections.
    :param when_spent: called once when a limit on requests or memory is reached.
    :param sign_of_life: called several times a second.
    """

    def __init__(
        self,
        target: Target,
        options: argparse.Namespace,
        sockets: list[socket.socket],
        health: list[socket.socket],
        when_ready: Callable[[], None],
        when_spent: Callable[[], None],
        sign_of_life: Callable[[], None] = lambda: None,
    ) -> None:
        self._target = target
        self._options = options
        self._sockets = sockets
        self._health = health
        self._when_ready = when_ready
        self._when_spent = when_spent
        self._sign_of_life = sign_of_life
        self._tls = tls_context(options)
        self._is_draining = False
        self._is_spent = False
        jitter = random.randint(0, options.max_requests_jitter)
        self._max_requests = options.max_requests + jitter if options.max_requests else 0

    def run(self) -> None:
        """Serve, on a loop of its own.

        :raises CommandError: if the application fails to start.
        """
        factory = _loop_factory(self._options.loop)
        loop = factory()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._serve())
        finally:
            with contextlib.suppress(Exception):
                loop.run_until_complete(loop.shutdown_asyncgens())
                loop.run_until_complete(loop.shutdown_default_executor())
            asyncio.set_event_loop(None)
            loop.close()

    async def _serve(self) -> None:
        options = self._options
        stopped = asyncio.Event()
        with _signalled(stopped):
            gate = Gate(self._served())
            server = self._server(gate)
            try:
                async with lifespan_of(self._target.served):
                    server.add_sockets(self._sockets)
                    health = self._serve_health()
                    checking = asyncio.ensure_future(self._check(gate))
                    self._when_ready()
                    try:
                        await stopped.wait()
                    finally:
                        checking.cancel()
                        self._is_draining = True
                        await end(
                            server, self._target.application, stopped, options.graceful_timeout
                        )
                        if health is not None:
                            health.stop()
                            await health.close_all_connections()
            except (RuntimeError, OSError) as error:
                if self._is_draining:
                    raise
                app_log.debug("Startup failed", exc_info=True)
                raise CommandError(
                    f"{self._target.name} failed to start: {error}", FAILED
                ) from None

    def _served(self) -> Any:
        options, target = self._options, self._target
        served = target.served
        if target.interface == "wsgi" and options.threads:
            served.executor = ThreadPoolExecutor(options.threads, "wsgi")
        if target.interface == "asgi" and options.root_path:
            served.root_path = options.root_path
        _log_requests(target, options)
        return served

    def _server(self, gate: Gate) -> Server:
        options = self._options
        proxies = _networks(options.proxy_protocol)
        server = Server(
            gate,
            no_keep_alive=not options.keep_alive,
            xheaders=options.proxy_headers,
            trusted_downstream=options.trusted_proxy or None,
            ssl_options=None if proxies else self._tls,
            protocol="https" if proxies and self._tls else None,
            decompress_request=options.decompress_requests,
            max_header_size=options.max_header_size,
            max_body_size=options.max_body_size,
            # A stream holds a whole body, and a little more.
            max_buffer_size=max(options.max_body_size, 104857600),
            idle_connection_timeout=options.idle_timeout,
            header_timeout=options.header_timeout,
            body_timeout=options.body_timeout or None,
        )
        server.proxies = proxies
        server.tls = self._tls
        return server

    def _serve_health(self) -> HTTPServer | None:
        if not self._health:
            return None
        server = HTTPServer(self._respond_health)
        server.add_sockets(self._health)
        return server

    def _respond_health(self, request: HTTPServerRequest) -> None:
        is_ready = not self._is_draining
        status = {"/healthz": 200, "/readyz": 200 if is_ready else 503}.get(request.path, 404)
        body = b"ok\n" if status == 200 else b"draining\n" if status == 503 else b"not found\n"
        reason = {200: "OK", 503: "Service Unavailable", 404: "Not Found"}[status]
        headers = HTTPHeaders({"Content-Type": "text/plain", "Cache-Control": "no-store"})
        connection: Any = request.connection
        connection.respond(status, reason, headers, body)

    async def _check(self, gate: Gate) -> None:
        """Look after limits and certificates."""
        options = self._options
        changed = _changes(options.certfile, options.keyfile)
        checks = 0
        while True:
            await asyncio.sleep(_COUNT_SECONDS)
            self._sign_of_life()
            checks += 1
            if not self._is_spent and self._max_requests and gate.count >= self._max_requests:
                self._spend(f"after {gate.count} requests")
            if checks % round(_CHECK_SECONDS / _COUNT_SECONDS):
                continue
            if not self._is_spent and options.max_memory and memory_used() > options.max_memory:
                self._spend(f"with {memory_used() >> 20} MiB of memory")
            now = _changes(options.certfile, options.keyfile)
            if now != changed and self._tls is not None:
                changed = now
                self.reload_certificate()

    def reload_certificate(self) -> None:
        """Use the files of the certificate as they are now, for new connections."""
        if self._tls is None:
            return
        try:
            _load_certificate(self._tls, self._options)
            app_log.info("Certificate loaded again")
        except CommandError as error:
            app_log.error("The old certificate stays in use: %s", error)

    def _spend(self, why: str) -> None:
        self._is_spent = True
        app_log.info("Process %d is to be replaced %s", os.getpid(), why)
        self._when_spent()


def _log_requests(target: Target, options: argparse.Namespace) -> None:
    """Have the application log its requests in the format that was asked for."""
    write = access.FORMATS.get(options.access_log)
    if write is None and options.access_log == "tornado":
        return
    formatted = write

    def log(request: HTTPServerRequest, status: int, size: int | None) -> None:
        if formatted is not None:
            seconds = request.request_time()
            access.logger.info(
                "%s",
                formatted(access.Access(request, status, size, seconds, time.time() - seconds)),
            )

    def log_handler(handler: Any) -> None:
        length = handler._headers.get("Content-Length")
        size = int(length) if length and length.isdigit() else None
        log(handler.request, handler.get_status(), size)

    if target.interface == "tornado":
        settings = getattr(target.application, "settings", None)
        if settings is not None:
            settings.setdefault("log_function", log_handler)
    else:
        target.served.log_function = lambda request, status: log(request, status, None)


def _networks(texts: list[str]) -> list[Any]:
    networks: list[Any] = []
    for text in texts:
        if text == "*":
            networks += [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
            continue
        try:
            networks.append(ipaddress.ip_network(text, strict=False))
        except ValueError as error:
            raise CommandError(f"--proxy-protocol: {error}", USAGE) from None
    return networks


def _loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    if name != "asyncio":
        try:
            uvloop = importlib.import_module("uvloop")  # an extra of tornado-loop
        except ImportError:
            if name == "uvloop":
                raise CommandError(
                    "--loop=uvloop needs uvloop: pip install 'tornado-loop[uvloop]'", USAGE
                ) from None
        else:
            factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
            return factory
    return asyncio.new_event_loop


def _changes(*paths: str | None) -> list[int]:
    """Return what changes when one of the files does."""
    found = []
    for path in paths:
        with contextlib.suppress(OSError):
            if path is not None:
                found.append(os.stat(path).st_mtime_ns)
    return found


def memory_used() -> int:
    """Return the bytes of memory that this process occupies; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


@contextlib.contextmanager
def _signalled(event: asyncio.Event) -> Iterator[None]:
    """Have SIGINT and SIGTERM set ``event``."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    if sys.platform == "win32":
        yield
        return
    for number in numbers:
        loop.add_signal_handler(number, event.set)
    loop.add_signal_handler(signal.SIGUSR1, reopen_logs)
    try:
        yield
    finally:
        for number in (*numbers, signal.SIGUSR1):
            loop.remove_signal_handler(number)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # its default would be to end the process


def reopen_logs() -> None:
    """Open the files of the access log again, after somebody moved them away."""
    for handler in access.logger.handlers:
        if isinstance(handler, access.ReopenedFile):
            handler.reopen()


def configure_logging(options: argparse.Namespace) -> None:
    """Configure the loggers, unless the application has done so."""
    level = getattr(logging, options.log_level.upper())
    root = logging.getLogger()
    root.setLevel(level)
    if not root.handlers:
        from tornado.log import enable_pretty_logging

        enable_pretty_logging()
    lines = access.logger
    lines.setLevel(logging.INFO)
    lines.propagate = False
    if options.access_log_file:
        try:
            handler: logging.Handler = access.ReopenedFile(options.access_log_file)
        except OSError as error:
            raise CommandError(
                f"cannot write {options.access_log_file}: {error.strerror}", USAGE
            ) from None
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
    lines.handlers[:] = [handler]
    if options.access_log == "none":
        logging.getLogger("tornado.access").setLevel(logging.CRITICAL)
