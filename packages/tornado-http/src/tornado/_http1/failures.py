"""A call of the application goes in, outside of any task; what it may raise comes out."""

from __future__ import annotations

import asyncio

#: That a future it asked was cancelled is an error like others there: no task runs that was meant to
#: end, and whoever waits for the application must not wait for ever.
APPLICATION_ERRORS = (Exception, asyncio.CancelledError)
