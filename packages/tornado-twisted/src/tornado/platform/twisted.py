"""Tornado and Twisted in one process: loops, reactors and Deferreds in; bridges between them out."""

from tornado._twisted import deferreds
from tornado._twisted.delayed import TornadoDelayedCall
from tornado._twisted.reactor import TornadoReactor, install

assert deferreds  # imported for what it registers

__all__ = ["TornadoDelayedCall", "TornadoReactor", "install"]
