"""Messages to systemd: that the service is ready, stops, or lives (sd_notify(3))."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import MutableMapping


class Notices:
    """Tells the service manager, where there is one.

    :param environ: the environment; what concerns only this process is removed from it.
    """

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        address = environ.pop("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        interval = environ.pop("WATCHDOG_USEC", "")
        process = environ.pop("WATCHDOG_PID", str(os.getpid()))
        self._last_sign = 0.0
        watched = interval.isdigit() and process == str(os.getpid())
        #: Seconds between two signs of life, ``None`` if none are wanted.
        self.watchdog_seconds: float | None = int(interval) / 2e6 if watched else None

    def ready(self) -> None:
        """The service serves."""
        self._send(f"READY=1\nMAINPID={os.getpid()}")

    def stopping(self) -> None:
        """The service is about to end."""
        self._send("STOPPING=1")

    def watchdog(self) -> None:
        """The service is alive; to be called at least every `watchdog_seconds`."""
        if self.watchdog_seconds is None:
            return
        now = time.monotonic()
        if now - self._last_sign >= self.watchdog_seconds / 2:
            self._last_sign = now
            self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(text.encode(), self._address)
