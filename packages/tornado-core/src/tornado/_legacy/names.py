"""The table of names that modules of released versions had beside their interface.

Facts of releases 2.3 to 6.6, found by comparing namespaces. Typical entries are a library's loggers,
a standard module that was imported whole, and functions of other modules. Private classes of old
implementations have no entry; ``test_older_names.py`` in the `tornado` distribution lists them with
the reasons.
"""

from __future__ import annotations

__all__ = ["NAMES", "ORIGINS", "origin_of"]

#: Origins of names that several modules had, as ``module:member``; a module itself is ``module`` alone,
#: and ``module?`` is ``None`` where that is not installed.
ORIGINS: dict[str, str] = {
    "Any": "typing:Any",
    "AnyStr": "typing:AnyStr",
    "Application": "tornado.web:Application",
    "ArgReplacer": "tornado.util:ArgReplacer",
    "AsyncHTTPClient": "tornado.httpclient:AsyncHTTPClient",
    "AsyncIOMainLoop": "tornado.platform.asyncio:AsyncIOMainLoop",
    "Awaitable": "collections.abc:Awaitable",
    "BytesIO": "io:BytesIO",
    "Callable": "collections.abc:Callable",
    "CancelledError": "asyncio:CancelledError",
    "CertificateError": "ssl:CertificateError",
    "Configurable": "tornado.util:Configurable",
    "ContextManager": "typing:ContextManager",
    "Cookie": "http.cookies",
    "Coroutine": "collections.abc:Coroutine",
    "Dict": "typing:Dict",
    "ExceptionStackContext": "tornado.stack_context:ExceptionStackContext",
    "Future": "tornado.concurrent:Future",
    "Generator": "collections.abc:Generator",
    "GeneratorType": "collections.abc:Generator",
    "GzipDecompressor": "tornado.util:GzipDecompressor",
    "HTTP1Connection": "tornado.http1connection:HTTP1Connection",
    "HTTP1ConnectionParameters": "tornado.http1connection:HTTP1ConnectionParameters",
    "HTTPError": "tornado.httpclient:HTTPClientError",
    "HTTPHeaders": "tornado.httputil:HTTPHeaders",
    "HTTPRequest": "tornado.httpclient:HTTPRequest",
    "HTTPResponse": "tornado.httpclient:HTTPResponse",
    "HTTPServer": "tornado.httpserver:HTTPServer",
    "IOLoop": "tornado.ioloop:IOLoop",
    "IOStream": "tornado.iostream:IOStream",
    "Iterable": "collections.abc:Iterable",
    "Iterator": "collections.abc:Iterator",
    "List": "typing:List",
    "Mapping": "collections.abc:Mapping",
    "Match": "re:Match",
    "MySQLdb": "pymysql",
    "NullContext": "tornado.stack_context:NullContext",
    "ObjectDict": "tornado.util:ObjectDict",
    "Optional": "typing:Optional",
    "OverrideResolver": "tornado.netutil:OverrideResolver",
    "PY3": "tornado.util:PY3",
    "Pattern": "re:Pattern",
    "PeriodicCallback": "tornado.ioloop:PeriodicCallback",
    "Protocol": "typing:Protocol",
    "Queue": "tornado.queues:Queue",
    "RequestHandler": "tornado.web:RequestHandler",
    "Resolver": "tornado.netutil:Resolver",
    "SSLCertificateError": "tornado.netutil:SSLCertificateError",
    "SSLError": "ssl:SSLError",
    "SSLIOStream": "tornado.iostream:SSLIOStream",
    "Sequence": "collections.abc:Sequence",
    "SimpleAsyncHTTPClient": "tornado.simple_httpclient:SimpleAsyncHTTPClient",
    "StackContext": "tornado.stack_context:StackContext",
    "StreamClosedError": "tornado.iostream:StreamClosedError",
    "StringIO": "io:StringIO",
    "Subprocess": "tornado.process:Subprocess",
    "TCPClient": "tornado.tcpclient:TCPClient",
    "TextIO": "typing:TextIO",
    "ThreadPoolExecutor": "concurrent.futures:ThreadPoolExecutor",
    "TimeoutError": "tornado.util:TimeoutError",
    "TracebackFuture": "tornado.concurrent:TracebackFuture",
    "TracebackType": "types:TracebackType",
    "Tuple": "typing:Tuple",
    "Type": "typing:Type",
    "TypeVar": "typing:TypeVar",
    "TypedDict": "typing:TypedDict",
    "Union": "typing:Union",
    "Waker": "tornado.platform.auto:Waker",
    "_Selectable": "tornado._loop.ioloop:Selectable",
    "_non_deprecated_return_future": "tornado.concurrent:return_future",
    "_unicode": "tornado.escape:to_unicode",
    "_websocket_mask": "tornado._legacy.values:_websocket_mask_python",
    "absolute_import": "__future__:absolute_import",
    "access_log": "tornado.log:access_log",
    "annotations": "__future__:annotations",
    "app_log": "tornado.log:app_log",
    "b": "tornado.util:b",
    "basestring_type": "tornado.util:basestring_type",
    "bytes_type": "tornado.util:bytes_type",
    "cStringIO": "io",
    "cast": "typing:cast",
    "certifi": "certifi?",
    "chain_future": "tornado.concurrent:chain_future",
    "colorama": "colorama?",
    "convert_yielded": "tornado.gen:convert_yielded",
    "curses": "curses?",
    "division": "__future__:division",
    "dummy_executor": "tornado.concurrent:dummy_executor",
    "errno_from_exception": "tornado.util:errno_from_exception",
    "escape": "tornado.escape",
    "exec_in": "tornado.util:exec_in",
    "future_add_done_callback": "tornado.concurrent:future_add_done_callback",
    "future_set_exc_info": "tornado.concurrent:future_set_exc_info",
    "future_set_exception_unless_cancelled": "tornado.concurrent:future_set_exception_unless_cancelled",
    "future_set_result_unless_cancelled": "tornado.concurrent:future_set_result_unless_cancelled",
    "futures": "concurrent.futures",
    "gen": "tornado.gen",
    "gen_log": "tornado.log:gen_log",
    "getargspec": "inspect:getfullargspec",
    "getfullargspec": "inspect:getfullargspec",
    "hexlify": "binascii:hexlify",
    "htmlentitydefs": "html.entities",
    "httpclient": "tornado.httpclient",
    "httplib": "http.client",
    "httputil": "tornado.httputil",
    "import_object": "tornado.util:import_object",
    "ioloop": "tornado.ioloop",
    "iostream": "tornado.iostream",
    "is_finalizing": "tornado.util:is_finalizing",
    "is_future": "tornado.concurrent:is_future",
    "is_valid_ip": "tornado.netutil:is_valid_ip",
    "isawaitable": "inspect:isawaitable",
    "isclass": "inspect:isclass",
    "iscoroutine": "inspect:iscoroutine",
    "iscoroutinefunction": "inspect:iscoroutinefunction",
    "locale": "tornado.locale",
    "long": "builtins:int",
    "lru_cache": "functools:lru_cache",
    "main": "tornado.httpclient:main",
    "match_hostname": "tornado.netutil:ssl_match_hostname",
    "native_str": "tornado.escape:native_str",
    "netutil": "tornado.netutil",
    "overload": "typing:overload",
    "parse_qs": "urllib.parse:parse_qs",
    "parse_qs_bytes": "tornado.escape:parse_qs_bytes",
    "parse_qsl": "urllib.parse:parse_qsl",
    "partial": "functools:partial",
    "print_function": "__future__:print_function",
    "process": "tornado.process",
    "raise_exc_info": "tornado.util:raise_exc_info",
    "re_unescape": "tornado.util:re_unescape",
    "return_future": "tornado.concurrent:return_future",
    "run_on_executor": "tornado.concurrent:run_on_executor",
    "set_close_exec": "tornado.platform.auto:set_close_exec",
    "simple_httpclient": "tornado.simple_httpclient",
    "singledispatch": "functools:singledispatch",
    "ssl_match_hostname": "tornado.netutil:ssl_match_hostname",
    "ssl_wrap_socket": "tornado.netutil:ssl_wrap_socket",
    "stack_context": "tornado.stack_context",
    "template": "tornado.template",
    "thread": "_thread",
    "timedelta_to_seconds": "tornado.util:timedelta_to_seconds",
    "to_unicode": "tornado.escape:to_unicode",
    "u": "tornado.util:u",
    "unichr": "builtins:chr",
    "unicode_type": "tornado.util:unicode_type",
    "url_concat": "tornado.httputil:url_concat",
    "url_escape": "tornado.escape:url_escape",
    "url_unescape": "tornado.escape:url_unescape",
    "urlencode": "urllib.parse:urlencode",
    "urllib_parse": "urllib.parse",
    "urlparse": "urllib.parse",
    "urlunparse": "urllib.parse:urlunparse",
    "utf8": "tornado.escape:utf8",
    "version": "tornado:version",
    "web": "tornado.web",
    "with_statement": "__future__:with_statement",
    "wrap": "tornado.stack_context:wrap",
    "xrange": "builtins:range",
}

#: Module -> the names that released versions had. A name is one of `ORIGINS`, or a standard module;
#: ``name=origin`` says otherwise, and ``name=origin:`` if it has the same name there.
NAMES: dict[str, str] = {
    "auth": """
        Any ArgReplacer ExceptionStackContext Future Iterable PY3 RequestHandler TracebackFuture
        _auth_future_to_callback=tornado._auth.legacy: _auth_return_future=tornado._auth.legacy:
        _non_deprecated_return_future _oauth10a_signature=tornado._auth.legacy:
        _oauth_escape=tornado._auth.legacy: _oauth_parse_response=tornado._auth.legacy:
        _oauth_signature=tornado._auth.legacy: absolute_import b base64 binascii bytes_type cast
        chain_future division escape functools future_set_exc_info
        future_set_result_unless_cancelled gen gen_log hashlib hmac httpclient logging long
        print_function re return_future time u unicode_type url_concat urllib urllib_parse urlparse
        uuid warnings with_statement wrap
    """,
    "autoreload": """
        _autoreload_is_main=tornado._autoreload.legacy: _check_file=tornado._autoreload.legacy:
        _has_execv=tornado._autoreload.legacy: _original_argv=tornado._autoreload.legacy:
        _original_spec=tornado._autoreload.legacy: _reload_on_update=tornado._autoreload.legacy:
        absolute_import division exec_in pkgutil print_function process types with_statement
    """,
    "concurrent": """
        Any ArgReplacer Callable ExceptionStackContext Union
        _GC_CYCLE_FINALIZERS=tornado._loop.legacy: _NO_RESULT=tornado._loop.legacy:
        _non_deprecated_return_future absolute_import app_log asyncio division functools futures
        is_finalizing platform print_function raise_exc_info sys textwrap traceback types typing
        warnings with_statement wrap
    """,
    "curl_httpclient": """
        Any AsyncHTTPClient BytesIO CR_OR_LF_RE=tornado._http1.legacy: Callable HTTPError
        _CurlStreamingBuffer=tornado._httpclient.content:Streamed
        HTTPRequest HTTPResponse absolute_import app_log bytes_type cStringIO collections
        curl_log=tornado._httpclient.legacy: division functools gen gen_log httputil inspect ioloop
        logging main native_str print_function pycurl re stack_context threading time utf8
        with_statement
    """,
    "database": """
        MySQLdb absolute_import copy division itertools logging time with_statement
    """,
    "escape": """
        PY3 _BASESTRING_TYPES=tornado._escape.legacy: _HTML_UNICODE_MAP=tornado._escape.legacy:
        _PERCENT_EQUALS_SWAP=tornado._escape.legacy: _TO_UNICODE_TYPES=tornado._escape.legacy:
        _URL_RE=tornado._escape.legacy: _UTF8_TYPES=tornado._escape.legacy:
        _XHTML_ESCAPE_DICT=tornado._escape.legacy: _XHTML_ESCAPE_RE=tornado._escape.legacy:
        _build_unicode_map=tornado._escape.legacy: _convert_entity=tornado._escape.legacy:
        _json_decode=json:loads _json_encode=json:dumps _parse_qs=urllib.parse:parse_qs
        _unquote_to_bytes=tornado._escape.legacy: absolute_import basestring_type binascii
        bytes_type division html htmlentitydefs parse_qs print_function sys typing u unichr
        unicode_type urllib urllib_parse with_statement
    """,
    "gen": """
        Any Awaitable Callable Dict ExceptionStackContext Future Generator GeneratorType IOLoop
        Iterable List Mapping PY3 Sequence TracebackFuture Tuple Type Union
        _NullFuture=tornado._gen.legacy: _NullYieldPoint=tornado._gen.legacy:
        _Yieldable=tornado._gen.legacy: _argument_adapter=tornado._gen.points:argument_adapter
        _contains_yieldpoint=tornado._gen.legacy: _create_future=tornado._gen.legacy:
        _fake_ctx_run=tornado._gen.legacy: _make_coroutine_wrapper=tornado._gen.legacy:
        _null_future=tornado._gen.legacy: _null_yield_point=tornado._gen.legacy:
        _value_from_stopiteration=tornado._gen.legacy: _wrap_awaitable=tornado._gen.legacy:
        absolute_import app_log asyncio builtins chain_future collections concurrent contextvars
        datetime division functools future_add_done_callback future_set_exc_info
        future_set_result_unless_cancelled is_future isawaitable itertools operator os overload
        print_function raise_exc_info singledispatch stack_context sys textwrap tornado types typing
        warnings weakref with_statement wrap
    """,
    "http1connection": """
        Awaitable CR_OR_LF_RE=tornado._http1.legacy: Callable DIGITS=tornado._http1.legacy: Future
        GzipDecompressor HEXDIGITS=tornado._http1.legacy: Optional PY3 Type
        _CHUNK_YIELD_COST=tornado._http1.legacy: _ExceptionLoggingContext=tornado._http1.legacy:
        _MAX_1XX_RESPONSES=tornado._http1.legacy: _QuietException=tornado._http1.legacy:
        _YIELD_THRESHOLD=tornado._http1.legacy: _is_done=tornado._http1.legacy: absolute_import
        app_log asyncio cast division future_add_done_callback future_set_result_unless_cancelled
        gen gen_log httputil iostream is_transfer_encoding_chunked=tornado._http1.legacy: logging
        native_str parse_hex_int=tornado._http1.legacy: parse_int=tornado._http1.legacy:
        print_function re stack_context types utf8 warnings zlib
    """,
    "httpclient": """
        Any Awaitable BytesIO Callable Configurable Future IOLoop Optional TracebackFuture Type
        Union absolute_import bytes_type calendar cast datetime division email functools
        future_set_exception_unless_cancelled future_set_result_unless_cancelled gen httplib
        httputil import_object native_str print_function ssl stack_context time utf8 warnings
        weakref with_statement
    """,
    "httpserver": """
        Awaitable Cookie _CallableAdapter=tornado._http1.adapter:CallableAdapter absolute_import b
        bytes_type copy division gen gen_log httputil iostream logging native_str netutil
        parse_qs_bytes print_function socket ssl stack_context time typing utf8 with_statement
    """,
    "httputil": """
        AnyStr Awaitable Cookie Generator HTTP_WHITESPACE=tornado._httputil.legacy: Iterable
        Iterator Mapping ObjectDict PY3 SSLError _ABNF=tornado._httputil.legacy:
        _CRLF_RE=tornado._httputil.legacy:
        _DEFAULT_PARSE_BODY_CONFIG=tornado._httputil.forms:_default_config
        _FORBIDDEN_HEADER_CHARS_RE=tornado._httputil.legacy:
        _NormalizedHeaderCache=tornado._httputil.legacy: _OctalPatt=tornado._httputil.legacy:
        _QuotePatt=tornado._httputil.legacy: _int_or_none=tornado._httputil.legacy:
        _netloc_re=tornado._httputil.legacy: _normalized_headers=tornado._httputil.legacy:
        _nulljoin=tornado._httputil.legacy: _parseparam=tornado._httputil.legacy:
        _unquote_replace=tornado._httputil.legacy: _unquote_sub=tornado._httputil.legacy:
        responses=http.client:
        absolute_import annotations b calendar collections copy dataclasses datetime division email
        gen_log http logging lru_cache native_str numbers parse_qs_bytes parse_qsl print_function re
        time to_unicode typing unicode_type unicodedata urlencode urllib urlparse=urllib.parse:
        urlunparse utf8 warnings with_statement
    """,
    "ioloop": """
        Any Awaitable Callable Configurable Future PY3 Protocol ThreadPoolExecutor TracebackFuture
        TypeVar TypedDict Waker _POLL_TIMEOUT=tornado._loop.legacy: _Selectable _poll=select:epoll
        absolute_import annotations app_log asyncio chain_future collections concurrent datetime
        division errno errno_from_exception functools future_add_done_callback future_set_exc_info
        gen_log heapq import_object is_future isawaitable itertools logging math numbers os
        print_function random select set_close_exec signal stack_context sys thread threading time
        timedelta_to_seconds traceback typing unicode_type warnings with_statement
    """,
    "iostream": """
        Any Awaitable Callable Future Pattern SSLCertificateError TracebackFuture TracebackType
        TypeVar _ERRNO_CONNRESET=tornado._iostream.legacy:
        _ERRNO_INPROGRESS=tornado._iostream.legacy: _ERRNO_WOULDBLOCK=tornado._iostream.legacy:
        _IOStreamType=tornado._iostream.legacy: _StreamBuffer=tornado._iostream.legacy:
        _WINDOWS=tornado._iostream.legacy: doctests=tornado._iostream.legacy:
        _client_ssl_defaults=tornado._iostream.legacy: _double_prefix=tornado._iostream.legacy:
        _merge_prefix=tornado._iostream.legacy: _server_ssl_defaults=tornado._iostream.legacy:
        _set_nonblocking=tornado.platform.posix: absolute_import app_log asyncio b bytes_type
        collections division errno errno_from_exception future_set_result_unless_cancelled gen_log
        io ioloop logging numbers os print_function re socket ssl ssl_match_hostname ssl_wrap_socket
        stack_context sys typing warnings with_statement
    """,
    "locale": """
        BytesIO PY3 absolute_import annotations codecs csv division escape gettext glob logging
        numbers print_function re u with_statement
    """,
    "locks": """
        Awaitable CancelledError Future Optional Type _ReleasingContextManager=tornado._loop.legacy:
        absolute_import collections datetime division future_set_result_unless_cancelled gen ioloop
        print_function types
    """,
    "log": """
        _safe_unicode=tornado._legacy.values: _stderr_supports_color=tornado.log:_stderr_has_colors
        _unicode absolute_import basestring_type cast colorama curses division print_function
        unicode_type with_statement
    """,
    "netutil": """
        Awaitable Callable Configurable IOLoop IOStream PY3 SSLIOStream
        _DEFAULT_BACKLOG=tornado._netutil.sockets:DEFAULT_BACKLOG
        _ERRNO_WOULDBLOCK=tornado._iostream.legacy:
        _SSL_CONTEXT_KEYWORDS=tornado._netutil.tls:_KEYWORDS
        _client_ssl_defaults=tornado._iostream.legacy:
        _resolve_addr=tornado._netutil.resolvers:_look_up
        _server_ssl_defaults=tornado._iostream.legacy: absolute_import asyncio certifi concurrent
        division dummy_executor errno errno_from_exception functools gen logging os print_function
        process run_on_executor set_close_exec socket ssl stat sys u with_statement xrange
    """,
    "options": """
        Iterable Iterator _LogFormatter=tornado.log:LogFormatter
        _Mockable=tornado._options.parser:Mockable _Option=tornado._options.option:Option
        _Options=tornado._options.parser:OptionParser _unicode absolute_import basestring_type
        curses datetime division exec_in logging native_str numbers print_function re stack_context
        sys textwrap time with_statement
    """,
    "platform.asyncio": """
        Any Callable IOLoop Protocol TypeVar Union
        AnyThreadEventLoopPolicy=tornado._loop.policy:
        _AnyThreadEventLoopPolicy=tornado._loop.policy:AnyThreadEventLoopPolicy
        _atexit_callback=tornado._loop.selector_thread: _selector_loops=tornado._loop.selector_thread:
        _FileDescriptorLike=tornado._loop.legacy: _HasFileno=tornado._loop.legacy: _Selectable
        _Yieldable=tornado._gen.legacy: absolute_import asyncio atexit concurrent contextvars
        convert_yielded division errno functools print_function select socket stack_context sys
        threading tornado typing warnings
    """,
    "platform.auto": "absolute_import division print_function with_statement",
    "platform.caresresolver": "Future IOLoop gen is_valid_ip socket typing",
    "platform.common": """
        absolute_import b division errno errno_from_exception interface=tornado.platform.interface
        print_function socket time with_statement
    """,
    "platform.epoll": "absolute_import division print_function select with_statement",
    "platform.interface": "absolute_import division print_function with_statement",
    "platform.posix": """
        absolute_import b common=tornado.platform.common division fcntl
        interface=tornado.platform.interface os print_function with_statement
    """,
    "platform.select": "IOLoop absolute_import division print_function select with_statement",
    "platform.twisted": """
        Deferred=twisted.internet.defer: Future failure=twisted.python.failure future_set_exc_info
        gen sys
    """,
    "process": """
        Future PY3 _pipe_cloexec=tornado._iostream.legacy: absolute_import division errno
        errno_from_exception future_set_exception_unless_cancelled
        future_set_result_unless_cancelled hexlify logging long multiprocessing print_function
        set_close_exec with_statement
    """,
    "queues": """
        Awaitable Future _set_timeout=tornado._loop.legacy: absolute_import annotations collections
        datetime division future_set_result_unless_cancelled gen ioloop print_function
    """,
    "routing": """
        Any Awaitable Pattern Sequence Union absolute_import app_log basestring_type division
        httputil import_object overload partial print_function re re_unescape typing unicode_type
        url_escape url_unescape utf8
    """,
    "simple_httpclient": """
        Any AsyncHTTPClient Awaitable BytesIO Callable CertificateError Future GzipDecompressor
        HTTP1Connection HTTP1ConnectionParameters HTTPError HTTPHeaders HTTPRequest HTTPResponse
        IOLoop IOStream Optional OverrideResolver PY3 Resolver SSLIOStream StreamClosedError
        TCPClient TracebackType Type _DEFAULT_CA_CERTS=tornado._httpclient.legacy:
        _HTTPConnection=tornado._httpclient.fetching:Fetch
        _RequestProxy=tornado.httpclient: _client_ssl_defaults=tornado._iostream.legacy:
        _default_ca_certs=tornado._httpclient.legacy: _unicode absolute_import b base64 certifi
        collections contextlib copy division functools gen gen_log httputil is_valid_ip logging main
        match_hostname native_str os print_function re socket ssl stack_context sys time urllib
        urlparse utf8 version with_statement zlib
    """,
    "stack_context": """
        _State=tornado._loop.legacy: _state=tornado._loop.legacy: absolute_import contextlib
        division functools itertools operator print_function raise_exc_info sys threading
        warnings with_statement
    """,
    "tcpclient": """
        Future IOLoop Iterator Tuple _format_addr=tornado._iostream.legacy: absolute_import division
        future_add_done_callback gen numbers print_function set_close_exec socket
        timedelta_to_seconds
    """,
    "tcpserver": """
        Awaitable IOLoop absolute_import division errno_from_exception gen print_function socket
        with_statement
    """,
    "template": """
        Any Callable ContextManager Iterable ObjectDict Optional PY3 StringIO TextIO
        _DEFAULT_AUTOESCAPE=tornado._template.legacy: _UNSET=tornado._template.legacy:
        _UnsetMarker=tornado._template.legacy: _format_code=tornado._template.legacy:
        absolute_import app_log bytes_type cStringIO datetime division escape exec_in linecache
        logging os posixpath print_function re threading typing unicode_type with_statement
    """,
    "testing": """
        Any Application AsyncHTTPClient AsyncIOMainLoop Callable Coroutine ExceptionStackContext
        Generator GeneratorType HTTPResponse HTTPServer IOLoop NullContext Optional PY3
        SimpleAsyncHTTPClient StackContext StringIO Subprocess TimeoutError TracebackType Type Union
        _ExcInfoTuple=builtins:tuple absolute_import app_log asyncio basestring_type contextlib
        division functools gen gen_log inspect iscoroutine iscoroutinefunction logging netutil os
        print_function raise_exc_info re signal socket sys time tornado typing unittest warnings
        with_statement
    """,
    "util": """
        AnyStr Dict Match Optional Tuple Union _BaseString=builtins:str
        _ObjectDictBase=builtins:dict _alphanum=tornado._legacy.values:
        _re_unescape_pattern=tornado._legacy.values:
        _re_unescape_replacement=tornado._legacy.values: _websocket_mask
        _websocket_mask_python=tornado._legacy.values: absolute_import annotations array asyncio
        cast datetime division getargspec getfullargspec inspect os print_function types typing
        warnings with_statement xrange
    """,
    "web": """
        Any Awaitable BytesIO Callable Cookie Future Generator Iterable ObjectDict Optional PY3
        TracebackType Type TypeVar Union _CookieSecretTypes=tornado._web.legacy:
        _HeaderTypes=tornado._web.legacy: _RequestHandlerType=tornado._web.legacy:
        _RuleList=tornado.routing: _UIModuleNamespace=tornado._web.uimodules:UIModuleNamespace
        _create_signature=tornado.web:_create_signature_v1 _decode_fields_v2=tornado._web.signing:
        _decode_signed_value_v1=tornado._web.signing: _decode_signed_value_v2=tornado._web.signing:
        _get_version=tornado._web.signing: _is_protocol_relative=tornado._web.legacy:
        _normalize_url_like_browser=tornado._web.targets:as_browsers_read
        _scheme_and_netloc=tornado._web.targets:destination
        _signed_value_version_re=tornado._web.legacy: _time_independent_equals=hmac:compare_digest
        _unicode _websocket_mask absolute_import access_log app_log asyncio b base64 binascii
        bytes_type calendar cast datetime division email escape functools
        future_set_result_unless_cancelled gen gen_log gzip hashlib hmac http httplib httputil
        import_object iostream isclass itertools locale logging mimetypes numbers os overload
        print_function raise_exc_info re socket stack_context stat string sys template threading
        time tornado traceback types typing unicode_type urlencode urllib urlparse utf8 uuid
        warnings with_statement
    """,
    "websocket": """
        Any Awaitable Callable Future IOLoop IOStream Optional PY3 PeriodicCallback Protocol Queue
        Resolver StreamClosedError TCPClient TracebackFuture TracebackType Type Union
        _DecompressTooLargeError=tornado._websocket.legacy:
        _PerMessageDeflateCompressor=tornado._websocket.legacy:
        _PerMessageDeflateDecompressor=tornado._websocket.legacy:
        _FRAME_YIELD_COST=tornado._websocket.legacy: _YIELD_THRESHOLD=tornado._websocket.legacy:
        _raise_not_supported_for_websockets=tornado._websocket.legacy: _websocket_mask abc
        absolute_import app_log array asyncio b base64 bytes_type cast collections
        de_dupe_gen_log=tornado._websocket.legacy: division functools future_add_done_callback
        future_set_result_unless_cancelled gen gen_log hashlib httpclient httputil logging
        native_str os print_function simple_httpclient struct sys time to_unicode tornado
        unicode_type urlparse=urllib.parse: utf8 warnings with_statement xrange zlib
    """,
    "wsgi": """
        Any BytesIO Callable Cookie Future IOLoop PY3 TracebackType
        _dummy_future=tornado._wsgi.legacy: absolute_import access_log b bytes_type concurrent copy
        division dummy_executor escape httplib httputil logging native_str parse_qs_bytes
        print_function sys time tornado typing unicode_type urllib urllib_parse utf8 warnings web
        with_statement
    """,
}

_known: dict[str, dict[str, str]] = {}


def origin_of(module: str, name: str) -> str | None:
    """Return where ``name`` comes from in released versions of ``module``; ``None`` if it was not there.

    :param module: without ``tornado.`` in front.
    """
    names = _known.get(module)
    if names is None:
        names = _known[module] = dict(map(_entry, NAMES.get(module, "").split()))
    return names.get(name)


def _entry(text: str) -> tuple[str, str]:
    name, equals, origin = text.partition("=")
    if not equals:
        return name, ORIGINS.get(name, name)
    return name, origin + name if origin.endswith(":") else origin
