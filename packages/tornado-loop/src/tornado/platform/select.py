"""The name of a polling loop of releases before 5; asyncio polls here."""

from tornado._core.seam import legacy as _legacy
from tornado.ioloop import PollIOLoop

_legacy.provide(__name__)

__all__ = ["PollIOLoop", "SelectIOLoop"]


class SelectIOLoop(PollIOLoop):
    """A `tornado.ioloop.PollIOLoop` under the name that it had in releases before 5."""
