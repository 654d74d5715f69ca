"""What can be said of an application without a request: its routes, and likely mistakes."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tornado.routing import AnyMatches, HostMatches, PathMatches
from tornado.template import Loader, ParseError

#: The settings that the framework reads.
SETTINGS = frozenset(
    """
    autoescape autoreload compiled_template_cache compress_response cookie_secret
    cross_origin_protection debug default_handler_args default_handler_class google_oauth
    facebook_api_key facebook_secret friendfeed_consumer_key friendfeed_consumer_secret gzip
    key_version log_function login_url serve_traceback static_handler_args static_handler_class
    static_hash_cache static_path static_url_prefix template_loader template_path
    template_whitespace trusted_origins twitter_consumer_key twitter_consumer_secret ui_methods
    ui_modules websocket_max_message_size websocket_ping_interval websocket_ping_timeout
    xsrf_cookie_kwargs xsrf_cookie_name xsrf_cookie_version xsrf_cookies
    """.split()
)
#: Bytes below which a cookie secret can be guessed.
_MIN_SECRET = 16


def routes(application: Any) -> list[tuple[str, str, str]]:
    """Return pattern, target and name of every route, in the order in which they are tried."""
    rows: list[tuple[str, str, str]] = []

    def walk(router: Any, prefix: str) -> None:
        for rule in router.rules:
            pattern = prefix + _pattern(rule.matcher)
            if hasattr(rule.target, "rules"):
                walk(rule.target, pattern)
            else:
                rows.append((pattern or "(any)", _target(rule.target), rule.name or ""))

    walk(application.default_router, "")
    return rows


def _pattern(matcher: Any) -> str:
    if isinstance(matcher, AnyMatches):
        return ""
    if isinstance(matcher, HostMatches):
        return f"//{matcher.host_pattern.pattern.rstrip('$')}"
    if isinstance(matcher, PathMatches):
        return str(matcher.regex.pattern).rstrip("$")
    return f"<{type(matcher).__name__}>"


def _target(target: Any) -> str:
    named = target if hasattr(target, "__qualname__") else type(target)
    return f"{named.__module__}.{named.__qualname__}"


def problems(application: Any) -> Iterator[str]:
    """Yield a line for each likely mistake."""
    settings = application.settings
    for key in settings:
        if key not in SETTINGS:
            close = difflib.get_close_matches(key, SETTINGS, 1, 0.85)
            if close:
                yield f"setting {key!r} is not known; did you mean {close[0]!r}?"
    secret = settings.get("cookie_secret")
    if isinstance(secret, (str, bytes)) and len(secret) < _MIN_SECRET:
        yield f"setting 'cookie_secret' is {len(secret)} characters long, expected {_MIN_SECRET} or more"
    if settings.get("debug") or settings.get("serve_traceback"):
        yield "debug mode is on: error pages show tracebacks to everybody"
    for key in ("static_path", "template_path"):
        path = settings.get(key)
        if path is not None and not Path(path).is_dir():
            yield f"setting {key!r}: {path} is no directory"
    if settings.get("xsrf_cookies") and settings.get("xsrf_cookie_kwargs", {}).get("httponly"):
        yield "setting 'xsrf_cookie_kwargs' makes the token unreadable for scripts of the page"
    yield from _template_problems(settings)


def _template_problems(settings: dict[str, Any]) -> Iterator[str]:
    path = settings.get("template_path")
    if path is None or not Path(path).is_dir() or settings.get("template_loader") is not None:
        return
    loader = Loader(str(path))
    for file in sorted(Path(path).rglob("*.html")):
        name = file.relative_to(path).as_posix()
        try:
            loader.load(name)
        except ParseError as error:
            yield f"template {name}: {error}"
        except (OSError, UnicodeDecodeError, KeyError) as error:
            yield f"template {name}: {error}"
