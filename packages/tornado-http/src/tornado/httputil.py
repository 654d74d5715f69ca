"""Headers, requests, forms, cookies, dates and URLs: what clients and servers of HTTP both handle.

`HTTPHeaders` and `HTTPServerRequest` are what applications meet most. `HTTPServerConnectionDelegate`,
`HTTPMessageDelegate` and `HTTPConnection` are the interfaces by which a connection and what it
serves talk to each other. The rest takes apart and puts together the texts that HTTP is made of.
"""

from typing import TYPE_CHECKING

from tornado._core.seam import legacy as _legacy
from tornado._httputil.contract import Dispatcher, Exchange, Peer, Target
from tornado._httputil.cookies import _unquote_cookie, parse_cookie
from tornado._httputil.dates import format_timestamp
from tornado._httputil.delegates import (
    HTTPConnection,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
)
from tornado._httputil.errors import HTTPInputError, HTTPOutputError
from tornado._httputil.forms import (
    HTTPFile,
    ParseBodyConfig,
    ParseUrlEncodedConfig,
    parse_body_arguments,
    parse_body_config,
    parse_multipart_form_data,
    set_parse_body_config,
)
from tornado._httputil.headers import HTTPHeaders
from tornado._httputil.multipart import (
    MultipartParser,
    MultipartPart,
    ParseMultipartConfig,
    PartEnd,
)
from tornado._httputil.names import normal_form as _normalize_header
from tornado._httputil.parameters import _encode_header, _parse_header
from tornado._httputil.ranges import _get_content_range, _parse_request_range
from tornado._httputil.recorded import RecordedExchange
from tornado._httputil.request import HTTPServerRequest
from tornado._httputil.startlines import (
    RequestStartLine,
    ResponseStartLine,
    parse_request_start_line,
    parse_response_start_line,
)
from tornado._httputil.urls import (
    encode_username_password,
    qs_to_qsl,
    split_host_and_port,
    url_concat,
)

if TYPE_CHECKING:
    # Names that `_legacy` provides when they are used: `http.client` is slow to import.
    from http.client import responses as responses
    from urllib.parse import urlencode as urlencode

_legacy.provide(__name__)

__all__ = [
    "Dispatcher",
    "Exchange",
    "HTTPConnection",
    "HTTPFile",
    "HTTPHeaders",
    "HTTPInputError",
    "HTTPMessageDelegate",
    "HTTPOutputError",
    "HTTPServerConnectionDelegate",
    "HTTPServerRequest",
    "MultipartParser",
    "MultipartPart",
    "ParseBodyConfig",
    "ParseMultipartConfig",
    "ParseUrlEncodedConfig",
    "PartEnd",
    "Peer",
    "RecordedExchange",
    "RequestStartLine",
    "ResponseStartLine",
    "Target",
    "_encode_header",
    "_get_content_range",
    "_normalize_header",
    "_parse_header",
    "_parse_request_range",
    "_unquote_cookie",
    "encode_username_password",
    "format_timestamp",
    "parse_body_arguments",
    "parse_body_config",
    "parse_cookie",
    "parse_multipart_form_data",
    "parse_request_start_line",
    "parse_response_start_line",
    "qs_to_qsl",
    "responses",
    "set_parse_body_config",
    "split_host_and_port",
    "url_concat",
]
