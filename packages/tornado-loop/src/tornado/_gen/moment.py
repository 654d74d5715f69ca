"""A turn of the loop, as something that generators yield."""

import asyncio
from collections.abc import Generator
from typing import cast

from tornado._loop.conversion import completed, convert_yielded

__all__ = ["Moment", "moment"]


class Moment:
    """What to yield for one turn of the loop: `moment` is the object."""

    def done(self) -> bool:
        """Always true: there is nothing to wait for but the turn."""
        return True

    def result(self) -> None:
        """Return None."""

    def cancelled(self) -> bool:
        """Always false."""
        return False

    def exception(self) -> None:
        """Return None."""

    def __repr__(self) -> str:
        return "tornado.gen.moment"

    def __await__(self) -> Generator[None, None, None]:
        yield


#: Yield it to let the loop run other callbacks once; ``yield None`` does the same. In a list or dict
#: that is yielded it counts as done.
moment = cast("asyncio.Future[None]", Moment())


@convert_yielded.register(Moment)
def _(yielded: Moment) -> "asyncio.Future[None]":
    return completed()
