"""A request in, the environment of a WSGI application out (PEP 3333)."""

from __future__ import annotations

import io
import sys
from typing import Any
from urllib.parse import unquote_to_bytes

from tornado._wsgi.strings import to_wsgi_str
from tornado.httputil import HTTPServerRequest, split_host_and_port

Environ = dict[str, Any]

_DEFAULT_PORTS = {"http": 80, "https": 443}


def make_environ(request: HTTPServerRequest) -> Environ:
    """Return the environment for a request whose content is complete.

    Fields whose name has an underscore are left out: ``X_User`` and ``X-User`` would be one variable, and
    a proxy that guards the one does not know of the other. So is ``Proxy``, which would become
    ``HTTP_PROXY`` and redirect an application's own requests.
    """
    name, port = split_host_and_port(request.host or "")
    if port is None:
        port = _DEFAULT_PORTS.get(request.protocol, 80)
    environ: Environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": to_wsgi_str(unquote_to_bytes(request.path.encode("latin-1"))),
        "QUERY_STRING": request.query,
        "REMOTE_ADDR": request.remote_ip or "",
        "SERVER_NAME": name or "localhost",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": request.version,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.protocol,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        # Not of PEP 3333, but agreed upon: reading past the content's end gives nothing.
        "wsgi.input_terminated": True,
    }
    headers = request.headers
    for name in headers:
        if "_" in name or name == "Proxy":
            continue
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = "HTTP_" + key
        separator = "; " if name == "Cookie" else ","
        environ[key] = separator.join(headers.get_list(name))
    # Framing is the server's affair: chunks are put together, a content coding may be decoded, and
    # then their sum is known if it has arrived. An application reads no more than it is told.
    chunked = environ.pop("HTTP_TRANSFER_ENCODING", None) is not None
    if chunked or "X-Consumed-Content-Encoding" in headers:
        environ.pop("CONTENT_LENGTH", None)
        if request.body:
            environ["CONTENT_LENGTH"] = str(len(request.body))
    return environ
