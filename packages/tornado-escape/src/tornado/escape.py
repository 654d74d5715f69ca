"""Text goes in; text that is safe in HTML, JSON in a script, or a URL comes out, and the way back.

Also here: conversions between bytes and text, and turning URLs in plain text into links.

Functions that take text take ``bytes`` in UTF-8 too, and raise `UnicodeDecodeError` (a
`ValueError`) where they are not.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable
from typing import Any, overload
from urllib.parse import quote, quote_plus, unquote

from tornado._core.seam import legacy as _legacy
from tornado._core.seam import wrong_type
from tornado._escape.percent import form_fields, unquote_to_bytes

_legacy.provide(__name__)

__all__ = [
    "json_decode",
    "json_encode",
    "linkify",
    "native_str",
    "parse_qs_bytes",
    "recursive_unicode",
    "squeeze",
    "to_basestring",
    "to_unicode",
    "url_escape",
    "url_unescape",
    "utf8",
    "xhtml_escape",
    "xhtml_unescape",
]


# -- bytes and text ---------------------------------------------------------------------------


@overload
def utf8(value: str) -> bytes: ...
@overload
def utf8(value: bytes) -> bytes: ...
@overload
def utf8(value: None) -> None: ...


def utf8(value: str | bytes | None) -> bytes | None:
    """Return ``value`` as bytes: text encoded in UTF-8, bytes and `None` as they are.

    :raises TypeError: for any other type.
    """
    if isinstance(value, str):
        return value.encode("utf-8")
    if value is None or isinstance(value, bytes):
        return value
    raise wrong_type("utf8()", value, "str, bytes or None")


@overload
def to_unicode(value: str) -> str: ...
@overload
def to_unicode(value: bytes) -> str: ...
@overload
def to_unicode(value: None) -> None: ...


def to_unicode(value: str | bytes | None) -> str | None:
    """Return ``value`` as text: bytes decoded from UTF-8, text and `None` as they are.

    :raises TypeError: for any other type.
    :raises UnicodeDecodeError: if bytes are not UTF-8.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8")
    raise wrong_type("to_unicode()", value, "str, bytes or None")


# Different on Python 2, where `str` was bytes.
_unicode = to_unicode
native_str = to_unicode
to_basestring = to_unicode


def recursive_unicode(obj: Any) -> Any:
    """Return a data structure with its bytes decoded from UTF-8.

    Dictionaries (keys too), lists and tuples are copied, at any depth; other objects are returned
    as they are.
    """
    if isinstance(obj, bytes):
        return obj.decode("utf-8")
    if isinstance(obj, dict):
        return {recursive_unicode(key): recursive_unicode(item) for key, item in obj.items()}
    if isinstance(obj, list):
        return [recursive_unicode(item) for item in obj]
    if isinstance(obj, tuple):
        return tuple([recursive_unicode(item) for item in obj])
    return obj


_SPACES = re.compile(r"[\x00-\x20]+")


def squeeze(value: str | bytes) -> str:
    """Replace each run of white space (and ASCII control characters) with one space.

    White space at both ends is removed.
    """
    return _SPACES.sub(" ", _text(value, "squeeze")).strip()


def _text(value: Any, function: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8")
    raise wrong_type(f"{function}()", value, "str or bytes")


# -- HTML -------------------------------------------------------------------------------------


def xhtml_escape(value: str | bytes) -> str:
    """Escape text so that HTML and XML show it as it is, between tags and in quoted attributes.

    The characters ``<``, ``>``, ``"``, ``'`` and ``&`` are replaced. In attributes without
    quotes, in comments and in scripts text needs more than this.

    .. versionchanged:: 3.2
       Single quotes are escaped too.
    """
    if type(value) is not str:
        value = _text(value, "xhtml_escape")
    # A test is cheaper than a `replace` that finds nothing, and most text holds none of these.
    if "&" in value:
        value = value.replace("&", "&amp;")
    if "<" in value:
        value = value.replace("<", "&lt;")
    if ">" in value:
        value = value.replace(">", "&gt;")
    if '"' in value:
        value = value.replace('"', "&quot;")
    if "'" in value:
        value = value.replace("'", "&#x27;")
    return value


def xhtml_unescape(value: str | bytes) -> str:
    """Replace the character references of HTML, named and numeric, with their characters.

    A reference that HTML does not know stays as it is, and one to no character becomes U+FFFD.
    """
    text = _text(value, "xhtml_unescape")
    if "&" not in text:
        return text
    # Here, since its table of names takes long to load and few programs need it.
    from html import unescape

    if "&#" in text:
        # Numbers that are long, or begin with many zeros, are too much for `unescape`.
        text = _NO_CHARACTER.sub("\ufffd", _LEADING_ZEROS.sub(r"\g<1>0", text))
    return unescape(text)


_LEADING_ZEROS = re.compile(r"(&#[xX]?)0{2,}")
_NO_CHARACTER = re.compile(r"&#(?:0?[1-9][0-9]{7,}|[xX]0?[1-9a-fA-F][0-9a-fA-F]{6,});?")


# -- JSON -------------------------------------------------------------------------------------


def json_encode(value: Any) -> str:
    r"""Return ``value`` as JSON that may stand inside a ``<script>`` element.

    ``</`` is written as ``<\/`` and ``<!`` as ``\u003c!``, which mean the same in JSON, so that
    no text within the value ends the element. Bytes are taken as UTF-8 text.

    :raises TypeError: for an object that JSON cannot express.
    :raises ValueError: for one that contains itself.
    """
    encoded: str | None = None
    try:
        encoded = _encode(value)
    except TypeError:
        pass  # (a context manager would cost as much as encoding a small value)
    if encoded is None:
        # Keys that are bytes have to be text before. Any other cause raises again, here and not
        # above, where its traceback would show it twice.
        encoded = _encode(recursive_unicode(value))
    if "<" in encoded:
        encoded = encoded.replace("</", "<\\/").replace("<!", "\\u003c!")
    return encoded


def _bytes_as_text(obj: object) -> str:
    if isinstance(obj, bytes):
        return obj.decode("utf-8")
    hint = ": did you forget await?" if hasattr(obj, "__await__") else ""
    raise TypeError(f"Object of type {type(obj).__name__} is not JSON serializable{hint}")


_encode_carefully = json.JSONEncoder(default=_bytes_as_text).encode


def _compiled_encoder() -> Callable[[Any, int], Iterable[str]] | None:
    """Return the standard library's compiled encoder, made once; ``None`` where there is none.

    `json.JSONEncoder.encode` makes one for each value. This one does not look for values that
    contain themselves: they end in a `RecursionError`.
    """
    try:
        make: Any = json.encoder.c_make_encoder  # type: ignore[attr-defined]
        quoted: Any = json.encoder.encode_basestring_ascii
        encoder: Callable[[Any, int], Iterable[str]] = make(
            None, _bytes_as_text, quoted, None, ": ", ", ", False, False, True
        )
        return encoder if "".join(encoder({"a": [1]}, 0)) == '{"a": [1]}' else None
    except Exception:  # another Python has another encoder
        return None


_compiled = _compiled_encoder()


def _encode(value: Any) -> str:
    if _compiled is not None:
        try:
            return "".join(_compiled(value, 0))
        except RecursionError:
            pass  # too deep, or it contains itself: the careful one tells which
    return _encode_carefully(value)


def json_decode(value: str | bytes) -> Any:
    """Return the Python value of a JSON text.

    :raises ValueError: if it is not JSON.
    """
    return json.loads(value)


# -- URLs -------------------------------------------------------------------------------------


def url_escape(value: str | bytes, plus: bool = True) -> str:
    """Return ``value`` percent-encoded for use in a URL; text is encoded in UTF-8 first.

    :param plus: write spaces as ``+``, as forms and queries do, and encode slashes. With `False`,
        which suits paths, spaces are ``%20`` and slashes stay.

    .. versionadded:: 3.1
       The ``plus`` argument.
    """
    if not isinstance(value, (str, bytes)):
        raise wrong_type("url_escape()", value, "str or bytes")
    return quote_plus(value) if plus else quote(value)


@overload
def url_unescape(value: str | bytes, encoding: None, plus: bool = True) -> bytes: ...
@overload
def url_unescape(value: str | bytes, encoding: str = "utf-8", plus: bool = True) -> str: ...


def url_unescape(
    value: str | bytes, encoding: str | None = "utf-8", plus: bool = True
) -> str | bytes:
    """Return what percent-encoded text stands for.

    :param encoding: of the text that comes out, with U+FFFD where it does not fit; `None` for
        bytes as they are.
    :param plus: read ``+`` as a space, as in forms and queries; `False` for paths.

    .. versionadded:: 3.1
       The ``plus`` argument.
    """
    if encoding is None:
        raw = value if isinstance(value, bytes) else _text(value, "url_unescape").encode("utf-8")
        return unquote_to_bytes(raw.replace(b"+", b" ") if plus else raw)
    text = _text(value, "url_unescape")
    if plus:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    if text.isascii() or encoding.lower() in ("utf-8", "utf8"):
        try:
            raw = text.encode("utf-8")
        except UnicodeEncodeError:
            pass  # a lone surrogate, which stays as it is
        else:
            return unquote_to_bytes(raw).decode(encoding, "replace")
    # What is not ASCII stays as it is, whatever the encoding of the escapes.
    return unquote(text, encoding)


def parse_qs_bytes(
    qs: str | bytes,
    keep_blank_values: bool = False,
    strict_parsing: bool = False,
    *,
    max_num_fields: int | None = None,
) -> dict[str, list[bytes]]:
    """Return the fields of a query string or URL-encoded form, each name with all its values.

    Values are bytes, since their encoding is not known yet. Names are text with one character for
    each byte (Latin-1).

    :param keep_blank_values: keep fields with an empty value, or none.
    :param strict_parsing: refuse fields without ``=``, which otherwise count as blank.
    :param max_num_fields: the largest number of fields; `None` for no bound.
    :raises ValueError: as these arguments say.

    .. versionchanged:: 6.5.3
       Added ``max_num_fields``.
    """
    if not qs:
        return {}
    data = qs if isinstance(qs, bytes) else _raw(qs)
    if max_num_fields is not None and data.count(b"&") >= max_num_fields:
        raise ValueError(f"got {data.count(b'&') + 1} fields, expected at most {max_num_fields}")
    if strict_parsing:
        for field in data.replace(b"+", b" ").split(b"&"):
            if b"=" not in field:
                raise ValueError(f"bad query field: {field!r}")
    result: dict[str, list[bytes]] = {}
    for name, _, value in form_fields(data):
        if not value and not keep_blank_values:
            continue
        key = name.decode("latin-1")
        if key in result:
            result[key].append(value)
        else:
            result[key] = [value]
    return result


def _raw(qs: str) -> bytes:
    if not isinstance(qs, str):
        raise wrong_type("parse_qs_bytes()", qs, "str or bytes")
    try:
        return qs.encode("latin-1")
    except UnicodeEncodeError:
        return qs.encode("utf-8")


# -- links ------------------------------------------------------------------------------------


def linkify(
    text: str | bytes,
    shorten: bool = False,
    extra_params: str | Callable[[str], str] = "",
    require_protocol: bool = False,
    permitted_protocols: Collection[str] = ("http", "https"),
) -> str:
    """Return plain text as HTML in which its URLs are links.

    ``linkify("Hello http://tornadoweb.org!")`` is
    ``Hello <a href="http://tornadoweb.org">http://tornadoweb.org</a>!``. All else is escaped.

    :param shorten: show long URLs in a shorter form, and whole as the link's ``title``.
    :param extra_params: attributes to add to each link, such as ``rel="nofollow"``, as HTML; or
        a function that returns them for a link, whose target it is given, HTML-escaped::

            def extra_params(url):
                if url.startswith("http://example.com"):
                    return 'class="internal"'
                return 'class="external" rel="nofollow"'

    :param require_protocol: make no links of URLs without a protocol, such as ``www.example.com``.
    :param permitted_protocols: the protocols of which to make links; with ``"mailto"`` among them,
        ``mailto:a@example.com`` becomes one. Never permit ``javascript``.
    """
    # Here, since few programs make links, and none needs this to import templates.
    from tornado._escape.links import find_links, shortened

    text = _text(text, "linkify")
    permitted = {to_unicode(protocol).lower() for protocol in permitted_protocols}
    parts: list[str] = []
    done = 0
    attributes = "" if callable(extra_params) else extra_params.strip()
    for start, end, prefix in find_links(text, permitted, require_protocol):
        url = text[start:end]
        escaped = xhtml_escape(url)
        href = escaped if prefix else f"http://{escaped}"
        if callable(extra_params):
            attributes = extra_params(href).strip()
        tag = f'<a href="{href}" {attributes}' if attributes else f'<a href="{href}"'
        if shorten:
            shown = shortened(url, prefix)
            if shown != url:
                tag = f'{tag} title="{href}"'
                escaped = xhtml_escape(shown)
        parts.append(f"{xhtml_escape(text[done:start])}{tag}>{escaped}</a>")
        done = end
    parts.append(xhtml_escape(text[done:]))
    return "".join(parts)
