"""A request's parameters go in; a libcurl handle that will send it, and nothing else, comes out.

libcurl's own cleverness is switched off where this project decides itself, the same way for both
clients: redirects, authentication, cookies, decompression, environment variables.
"""

from __future__ import annotations

import errno
import ssl
from collections.abc import Callable
from typing import Any

import pycurl

from tornado._httpclient.fetch import IDEMPOTENT
from tornado._httpclient.outgoing import headers_for
from tornado._httpclient.proxies import Proxy, proxy_for
from tornado._httpclient.settings import Settings
from tornado._httpclient.urls import Target
from tornado.http1engine import MessageWriter
from tornado.httputil import HTTPHeaders

# pycurl has no name for this option: CURLOPT_SUPPRESS_CONNECT_HEADERS.
_SUPPRESS_CONNECT_HEADERS = 265

#: As in every release.
USER_AGENT = "Mozilla/5.0 (compatible; pycurl)"

#: Added by libcurl unless told otherwise.
_UNWANTED = ("Accept", "Expect", "Content-Type", "User-Agent", "Accept-Encoding")


def set_up(
    curl: Any,
    settings: Settings,
    target: Target,
    headers: HTTPHeaders,
    run: Callable[..., Any],
) -> None:
    """Set all options of ``curl`` but the callbacks and the content.

    :param headers: as `request_fields` returns them.
    :param run: calls a function of the application's with arguments.
    :raises ValueError: for a parameter that is of no use.
    """
    curl.reset()
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.HTTP09_ALLOWED, 0)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.FOLLOWLOCATION, 0)
    curl.setopt(pycurl.PATH_AS_IS, 1)
    curl.setopt(pycurl.NETRC, 0)
    curl.setopt(pycurl.HTTP_CONTENT_DECODING, 0)
    scheme = "http" if target.scheme == "http+unix" else target.scheme
    curl.setopt(pycurl.URL, f"{scheme}://{_authority(target)}{target.path}")
    # libcurl would spell some of it anew, and a digest is over the very target that is sent.
    if scheme == "https" or _proxy_of(settings, target) is None:
        curl.setopt(pycurl.REQUEST_TARGET, target.path)
    if target.scheme == "http+unix":
        curl.setopt(pycurl.UNIX_SOCKET_PATH, target.host)
    if settings.method == "HEAD":
        curl.setopt(pycurl.NOBODY, 1)
    elif settings.method != "GET" or settings._body is not None:
        curl.setopt(pycurl.CUSTOMREQUEST, settings.method)
    curl.setopt(pycurl.HTTPHEADER, _header_lines(headers))
    if settings.allow_ipv6 is False:
        if ":" in target.host and target.scheme != "http+unix":
            # libcurl would take an address that is written out.
            raise OSError(errno.EAFNOSUPPORT, f"IPv6 is not allowed for {target.host}")
        curl.setopt(pycurl.IPRESOLVE, pycurl.IPRESOLVE_V4)
    if settings.network_interface is not None:
        curl.setopt(pycurl.INTERFACE, settings.network_interface)
    _set_up_proxy(curl, settings, target)
    if scheme == "https":
        _set_up_tls(curl, settings)
    if settings.method not in IDEMPOTENT or settings._body_producer is not None:
        # The server may be closing a connection that is idle for longer; libcurl cannot send again
        # what a producer has made, and must not send again the others.
        curl.setopt(pycurl.MAXAGE_CONN, 1)
    if settings._prepare_curl_callback is not None:
        run(settings._prepare_curl_callback, curl)


def request_fields(settings: Settings, target: Target) -> HTTPHeaders:
    """Return the headers of the request.

    :raises ValueError: if the method, the target or a header cannot be sent.
    """
    headers = headers_for(settings, target, USER_AGENT)
    if "Accept" not in headers:
        headers["Accept"] = "*/*"
    # libcurl sends what it is given, line breaks too. The engine's serialiser refuses them.
    MessageWriter().start_request(settings.method, target.path, headers)
    return headers


def _authority(target: Target) -> str:
    if target.scheme == "http+unix":
        return "localhost"
    host = f"[{target.host}]" if ":" in target.host else target.host
    return f"{host}:{target.port}"


def _header_lines(headers: HTTPHeaders) -> list[bytes]:
    lines = []
    for name, value in headers.get_all():
        if name == "Content-Length":
            continue  # libcurl counts for itself
        if name == "Expect" and not value:
            continue  # a common way to say that there shall be none
        # With a semicolon the field is sent without a value; with a colon it would be left out.
        line = f"{name}: {value}" if value else f"{name};"
        lines.append(line.encode("latin-1"))
    lines.extend(f"{name}:".encode() for name in _UNWANTED if not headers.get(name))
    return lines


def _set_up_proxy(curl: Any, settings: Settings, target: Target) -> None:
    # Both empty: libcurl looks at no environment variable.
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.NOPROXY, "")
    curl.setopt(_SUPPRESS_CONNECT_HEADERS, 1)
    if settings.proxy_auth_mode not in (None, "basic", "digest"):
        raise ValueError(f"unsupported proxy_auth_mode {settings.proxy_auth_mode!r}")
    proxy = _proxy_of(settings, target)
    if proxy is None:
        return
    host = f"[{proxy.host}]" if ":" in proxy.host else proxy.host
    curl.setopt(pycurl.PROXY, f"http://{host}:{proxy.port}")
    if settings.proxy_host and settings.proxy_username is not None:
        is_digest = settings.proxy_auth_mode == "digest"
        curl.setopt(
            pycurl.PROXYAUTH, pycurl.HTTPAUTH_DIGEST if is_digest else pycurl.HTTPAUTH_BASIC
        )
        curl.setopt(pycurl.PROXYUSERNAME, settings.proxy_username)
        curl.setopt(pycurl.PROXYPASSWORD, settings.proxy_password or "")
    elif proxy.authorization is not None:
        curl.setopt(pycurl.PROXYHEADER, [f"Proxy-Authorization: {proxy.authorization}".encode()])


def _proxy_of(settings: Settings, target: Target) -> Proxy | None:
    if settings.proxy_host and settings.proxy_port:
        return Proxy(settings.proxy_host.strip("[]"), int(settings.proxy_port), None)
    return proxy_for(settings, target)


def _set_up_tls(curl: Any, settings: Settings) -> None:
    options: Any = settings.ssl_options
    if isinstance(options, ssl.SSLContext):
        raise ValueError("libcurl takes no SSLContext: give ssl_options as a dictionary")
    if options is None:
        verify = bool(settings.validate_cert)
        ca_certs, cert, key = settings.ca_certs, settings.client_cert, settings.client_key
    else:
        verify = options.get("cert_reqs", ssl.CERT_REQUIRED) != ssl.CERT_NONE
        ca_certs, cert = options.get("ca_certs"), options.get("certfile")
        key = options.get("keyfile")
    curl.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
    curl.setopt(pycurl.SSL_VERIFYPEER, 1 if verify else 0)
    curl.setopt(pycurl.SSL_VERIFYHOST, 2 if verify else 0)
    if ca_certs is not None:
        curl.setopt(pycurl.CAINFO, ca_certs)
    else:
        # The authorities that the ssl module knows; libcurl may be built with other paths.
        paths = ssl.get_default_verify_paths()
        if paths.cafile is not None:
            curl.setopt(pycurl.CAINFO, paths.cafile)
        if paths.capath is not None:
            curl.setopt(pycurl.CAPATH, paths.capath)
    if cert is not None:
        curl.setopt(pycurl.SSLCERT, cert)
    if key is not None:
        curl.setopt(pycurl.SSLKEY, key)
