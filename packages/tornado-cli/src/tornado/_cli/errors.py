"""What ends a command with one line and a status."""

from __future__ import annotations

FAILED = 1
USAGE = 2
NO_APPLICATION = 3
NO_ADDRESS = 4


class CommandError(Exception):
    """A command cannot go on; its text is the one line that the user sees.

    :param message: what is wrong, and what to do.
    :param status: the exit status of the process.
    """

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status
