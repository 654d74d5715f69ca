"""Adapters between Tornado's loop and others: asyncio, Twisted, c-ares."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
