"""The table of ``tornado serve``'s options, beside those of uvicorn."""

from __future__ import annotations

from collections.abc import Iterator

from tornado._cli.options import OPTIONS

#: Our option -> uvicorn's.
UVICORN = {
    "interface": "interface",
    "factory": "factory",
    "app-dir": "app-dir",
    "root-path": "root-path",
    "loop": "loop",
    "reload": "reload",
    "reload-dir": "reload-dir, reload-include",
    "host": "host",
    "port": "port",
    "uds": "uds",
    "fd": "fd",
    "backlog": "backlog",
    "workers": "workers",
    "max-requests": "limit-max-requests",
    "max-requests-jitter": "limit-max-requests-jitter",
    "graceful-timeout": "timeout-graceful-shutdown",
    "certfile": "ssl-certfile",
    "keyfile": "ssl-keyfile",
    "keyfile-password": "ssl-keyfile-password",
    "ca-certs": "ssl-ca-certs",
    "client-certs": "ssl-cert-reqs",
    "proxy-headers": "proxy-headers",
    "trusted-proxy": "forwarded-allow-ips",
    "idle-timeout": "timeout-keep-alive",
    "log-level": "log-level",
    "access-log": "access-log",
}

#: uvicorn's options that have no counterpart, and what serves in their place.
ELSEWHERE = {
    "http, ws": "there is one engine for HTTP and one for WebSockets",
    "ws-max-size, ws-ping-interval, ws-ping-timeout, ws-per-message-deflate": (
        "settings of a Tornado application; for ASGI the ``websocket_settings`` of ``ASGIContainer``"
    ),
    "ws-max-queue": "what a client sends beyond one message waits in the kernel",
    "lifespan": "used where the application has it",
    "env-file, log-config": "``--config``; logging that the application configures is left alone",
    "header, server-header, date-header": "the application's own; see ``set_default_headers``",
    "limit-concurrency": "the proxy's",
    "reload-exclude, reload-delay": "only what was imported or named is watched",
    "ssl-version, ssl-ciphers": "Python's defaults, TLS 1.2 and later",
    "timeout-worker-healthcheck": "``WatchdogSec=`` of systemd",
}


def table() -> Iterator[str]:
    """Yield the reStructuredText of both tables."""
    yield from (".. list-table::", "   :header-rows: 1", "   :widths: 25 50 25", "")
    yield from ("   * - option", "     - meaning", "     - uvicorn's")
    for option in OPTIONS:
        theirs = UVICORN.get(option.name)
        shown = ", ".join(f"``--{each}``" for each in theirs.split(", ")) if theirs else ""
        text = option.help.replace("*", "\\*")
        yield from (f"   * - ``--{option.name}``", f"     - {text}", f"     - {shown}")
    yield from ("", "What uvicorn has and this command has not:", "")
    yield from (".. list-table::", "   :widths: 40 60", "")
    for names, text in ELSEWHERE.items():
        shown = ", ".join(f"``--{each}``" for each in names.split(", "))
        yield from (f"   * - {shown}", f"     - {text}")
    yield ""
