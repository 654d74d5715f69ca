"""What calls of the application may raise; see `tornado._loop.seam`."""

from __future__ import annotations

from tornado._loop.seam import CALLBACK_ERRORS as APPLICATION_ERRORS

__all__ = ["APPLICATION_ERRORS"]
