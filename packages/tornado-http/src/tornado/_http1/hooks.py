"""Private methods of released versions that programs override and that nothing calls here.

An override is reported once, with the public way to the same end: that it is ignored must not stay
unnoticed, since what programs do there is set limits.
"""

from __future__ import annotations

import warnings

_LIMITS = (
    "call set_max_body_size or set_body_timeout of the request's connection instead, from routing, "
    "headers_received or prepare on"
)
_LOOP = "override start_request of the server, or give HTTP1ServerConnection a delegate of your own, instead"

#: Names of methods, and what to use in their place.
_UNUSED = {
    "_can_keep_alive": "set no_keep_alive of the request's connection instead",
    "_deliver_body": _LIMITS,
    "_read_body": _LIMITS,
    "_read_body_until_close": _LIMITS,
    "_read_chunked_body": _LIMITS,
    "_read_fixed_body": _LIMITS,
    "_read_message": _LOOP,
    "_read_message_inner": _LOOP,
    "_server_request_loop": _LOOP,
}

_reported: set[tuple[type, str]] = set()


def warn_of_unused_hooks(cls: type) -> None:
    """Warn of each method in ``cls`` that a released version called and this one does not.

    Called when a subclass is defined, and for the classes themselves when a connection begins, since
    programs also assign to them.
    """
    for name, replacement in _UNUSED.items():
        if name in cls.__dict__ and (cls, name) not in _reported:
            _reported.add((cls, name))
            warnings.warn(
                f"{cls.__qualname__}.{name} is never called: {replacement}",
                RuntimeWarning,
                stacklevel=3,
            )
