"""A request's parameters and the environment go in; the proxy to connect through comes out."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from typing import NamedTuple

from tornado._httpclient.outgoing import basic_credentials
from tornado._httpclient.settings import Settings
from tornado._httpclient.urls import Target, parse_url


class Proxy(NamedTuple):
    """An HTTP proxy."""

    host: str
    port: int
    #: value of the Proxy-Authorization field
    authorization: str | None


def proxy_for(settings: Settings, target: Target) -> Proxy | None:
    """Return the proxy for a request, or ``None``.

    :raises ValueError: if only one of ``proxy_host`` and ``proxy_port`` is set, or
        ``proxy_auth_mode`` is not known.
    """
    host, port = settings.proxy_host, settings.proxy_port
    if not host and not port:
        if settings.proxy_from_environment and target.scheme != "http+unix":
            return environment_proxy(target, os.environ)
        return None
    if not host or not port:
        raise ValueError("proxy_host and proxy_port must be set together")
    if settings.proxy_auth_mode not in (None, "basic"):
        raise ValueError(f"unsupported proxy_auth_mode {settings.proxy_auth_mode!r}")
    authorization = None
    if settings.proxy_username is not None:
        authorization = basic_credentials(settings.proxy_username, settings.proxy_password or "")
    return Proxy(host.strip("[]"), int(port), authorization)


def environment_proxy(target: Target, environment: Mapping[str, str]) -> Proxy | None:
    """Return the proxy that the variables of the environment name for ``target``.

    Names in lower case come first. ``HTTP_PROXY`` in upper case does not count where a CGI server
    set ``REQUEST_METHOD``: there a client's header becomes that variable.

    :raises ValueError: if a variable holds no URL of an HTTP proxy.
    """

    def variable(name: str) -> str | None:
        value = environment.get(name)
        if value is None and not (name == "http_proxy" and "REQUEST_METHOD" in environment):
            value = environment.get(name.upper())
        return value

    url = variable(f"{target.scheme}_proxy") or variable("all_proxy")
    if not url or _is_exempt(target, variable("no_proxy") or ""):
        return None
    if "://" not in url:
        url = f"http://{url}"
    proxy = parse_url(url)
    if proxy.scheme != "http":
        raise ValueError(f"unsupported proxy {url!r}, expected one of scheme http")
    authorization = None
    if proxy.username is not None:
        authorization = basic_credentials(proxy.username, proxy.password or "")
    return Proxy(proxy.host, proxy.port, authorization)


def _is_exempt(target: Target, no_proxy: str) -> bool:
    host = target.host.rstrip(".")
    for entry in no_proxy.replace(",", " ").lower().split():
        if entry == "*":
            return True
        name, colon, port = entry.rpartition(":")
        if colon and port.isdigit() and ("]" in name or ":" not in name):
            if int(port) != target.port:
                continue
            entry = name
        entry = entry.strip("[]").removeprefix("*").strip(".")
        if entry and (host == entry or host.endswith("." + entry) or _is_within(host, entry)):
            return True
    return False


def _is_within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
