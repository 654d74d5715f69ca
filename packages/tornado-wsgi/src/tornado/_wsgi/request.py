"""The environment of a WSGI server in, a request for Tornado's handlers out."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tornado._wsgi.strings import from_wsgi_str
from tornado.httputil import HTTPHeaders, HTTPInputError, HTTPServerRequest

#: Bytes of content that are read from a WSGI server at most.
MAX_BODY_SIZE = 104857600

_SAFE_IN_PATH = "/~!$&'()*+,;=:@"


def read_body(environ: dict[str, Any]) -> bytes:
    """Return the content that an environment announces.

    :raises HTTPInputError: if its length is no number, too large, or more than there is.
    """
    announced = environ.get("CONTENT_LENGTH") or ""
    stream = environ.get("wsgi.input")
    if stream is None:
        return b""
    if not announced:
        if not environ.get("wsgi.input_terminated"):
            return b""
        body: bytes = stream.read(MAX_BODY_SIZE + 1)
        if len(body) > MAX_BODY_SIZE:
            raise HTTPInputError(f"the content is longer than {MAX_BODY_SIZE} bytes")
        return body
    if not (announced.isascii() and announced.isdigit()) or len(announced) > 19:
        raise HTTPInputError(f"invalid Content-Length {announced[:40]!r}")
    length = int(announced)
    if length > MAX_BODY_SIZE:
        raise HTTPInputError(f"content of {length} bytes, at most {MAX_BODY_SIZE} are allowed")
    body = stream.read(length)
    if len(body) != length:
        raise HTTPInputError(f"read {len(body)} bytes of content, expected {length}")
    return body


def _host(environ: dict[str, Any]) -> str:
    if environ.get("HTTP_HOST"):
        return str(environ["HTTP_HOST"])
    name, port = environ.get("SERVER_NAME", "localhost"), str(environ.get("SERVER_PORT", ""))
    default = {"http": "80", "https": "443"}.get(environ.get("wsgi.url_scheme", "http"))
    return name if port in ("", default) else f"{name}:{port}"


class HTTPRequest(HTTPServerRequest):
    """A request as a WSGI server describes it.

    :arg environ: the environment (PEP 3333); its content is read here.
    :raises HTTPInputError: if the content is not as announced, or a form in it is malformed.

    It has the attributes and methods of `tornado.httputil.HTTPServerRequest`; nothing can be written to
    it, since its ``connection`` is ``None``.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        path = from_wsgi_str(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
        uri = quote(path, safe=_SAFE_IN_PATH) or "/"
        if environ.get("QUERY_STRING"):
            uri += "?" + environ["QUERY_STRING"]
        headers = HTTPHeaders()
        for variable, field in (
            ("CONTENT_TYPE", "Content-Type"),
            ("CONTENT_LENGTH", "Content-Length"),
        ):
            if environ.get(variable):
                headers[field] = environ[variable]
        for key, value in environ.items():
            if key.startswith("HTTP_"):
                headers[key[5:].replace("_", "-")] = value
        super().__init__(
            environ["REQUEST_METHOD"],
            uri,
            "HTTP/1.1",
            headers,
            body=read_body(environ),
            host=_host(environ),
            remote_ip=environ.get("REMOTE_ADDR", ""),
            protocol=environ.get("wsgi.url_scheme", "http"),
        )
        self._parse_body()
