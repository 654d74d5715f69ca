"""Names of released versions' `tornado.web` that programs import; see `tornado._legacy`."""

from __future__ import annotations

import datetime
import re
from typing import Any, TypeVar

from tornado._web.targets import as_browsers_read, destination

_HeaderTypes = bytes | str | int | datetime.datetime
_CookieSecretTypes = str | bytes | dict[int, str] | dict[int, bytes]
_RequestHandlerType = TypeVar("_RequestHandlerType", bound=Any)

#: A version in front of a signed value, and the rest.
_signed_value_version_re = re.compile(rb"^([1-9][0-9]*)\|(.*)$")


def _is_protocol_relative(url: str) -> bool:
    """Return whether ``url`` names a host and leaves the scheme to the page it stands on."""
    return as_browsers_read(url).startswith("//") and destination(url)[0] == ""
