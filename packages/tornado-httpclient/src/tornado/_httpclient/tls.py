"""A request's parameters about TLS go in; a key to pool connections by and an SSL context come out."""

from __future__ import annotations

import ssl
from collections.abc import Hashable
from typing import Any

from tornado._httpclient.settings import Settings
from tornado.netutil import ssl_options_to_context

#: Contexts that a client remembers.
_MAX_CONTEXTS = 64


def tls_key(settings: Settings) -> Hashable:
    """Return what must be equal for two requests to share a connection."""
    options: Any = settings.ssl_options
    if options is None:
        return (
            bool(settings.validate_cert),
            settings.ca_certs,
            settings.client_cert,
            settings.client_key,
        )
    if isinstance(options, dict):
        return tuple(sorted((name, repr(value)) for name, value in options.items()))
    # A context is hashed by identity, and the key keeps it alive.
    return options  # type: ignore[no-any-return]  # an ssl.SSLContext


class Contexts:
    """Makes SSL contexts and remembers them: reading the system's certificates takes milliseconds."""

    def __init__(self) -> None:
        self._made: dict[Hashable, ssl.SSLContext] = {}

    def context_for(self, settings: Settings) -> ssl.SSLContext:
        """Return the context for a request.

        :raises OSError: if a file cannot be read (`ssl.SSLError` for what is in it).
        """
        options: Any = settings.ssl_options
        if isinstance(options, ssl.SSLContext):
            return options
        key = tls_key(settings)
        context = self._made.get(key)
        if context is None:
            if len(self._made) >= _MAX_CONTEXTS:
                self._made.clear()
            context = self._made[key] = ssl_options_to_context(
                options if options is not None else _options_of(settings), server_side=False
            )
        return context


def _options_of(settings: Settings) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if not settings.validate_cert:
        options["cert_reqs"] = ssl.CERT_NONE
    if settings.ca_certs is not None:
        options["ca_certs"] = settings.ca_certs
    if settings.client_cert is not None:
        options["certfile"] = settings.client_cert
    if settings.client_key is not None:
        options["keyfile"] = settings.client_key
    return options
