"""Field values with parameters, such as ``form-data; name="x"``: taken apart, and put together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

# One parameter, from its semicolon to the next: a name, and perhaps a value, quoted or plain. Browsers
# do not escape a backslash (WHATWG: a quote is written %22), so that in name="dir\"; filename="a" the
# backslash belongs to the value. Other clients do escape. What fits what follows the value is right.
_PARAMETER = re.compile(
    r""";[ \t]*([^;="]*)(?:=[ \t]*(?:
        "((?:[^"\\]|\\.)*)"[ \t]*(?=;|\Z)
        | "([^"]*)"[ \t]*(?=;|\Z)
        | "((?:[^"\\]|\\.)*)"[^;]*
        | ([^;]*)
    ))?""",
    re.DOTALL | re.VERBOSE,
)
# Only these two: a browser that sends the path C:\temp means its backslashes.
_ESCAPED = re.compile(r'\\(["\\])')
_CONTINUED = re.compile(r"(.+?)\*(?:(0|[1-9][0-9]{0,2})(\*)?)?\Z", re.DOTALL)


def _parse_header(line: str) -> tuple[str, dict[str, str]]:
    r"""Return the value before the parameters of ``line``, and the parameters.

    >>> _parse_header('form-data; name="spam"; filename*=utf-8\'\'%e2%82%ac.txt')
    ('form-data', {'name': 'spam', 'filename': '€.txt'})

    Names are in lower case. Values in several parts (``name*0``, ``name*1``) are joined, extended
    ones (``name*``) decoded; both win over a plain parameter of that name. A parameter without
    ``=`` is left out, and of parameters with one name the last one counts.
    """
    key, _, _ = line.partition(";")
    parameters: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAMETER.finditer(line, len(key)):
        name, quoted, verbatim, loose, plain = match.groups()
        if quoted is None:
            quoted = loose
        if verbatim is None and plain is not None:
            verbatim = plain.strip()
        if quoted is None and verbatim is None:
            continue
        name = name.strip().lower()
        value = verbatim if quoted is None else quoted
        if quoted is not None and "\\" in quoted:
            value = _ESCAPED.sub(r"\1", quoted)
        continued = _CONTINUED.match(name) if "*" in name else None
        if continued is None:
            parameters[name] = value
        else:
            base, index, encoded = continued.groups()
            parts = extended.setdefault(base, {})
            parts[int(index or 0)] = (value, bool(encoded) or index is None)
    for base, parts in extended.items():
        parameters[base] = _joined(parts)
    return key.strip(), parameters


def _joined(parts: dict[int, tuple[str, bool]]) -> str:
    """Return the value that these numbered parts make up (RFC 2231 sections 3 and 4)."""
    first, is_encoded = parts.get(0, ("", False))
    charset = "utf-8"
    if is_encoded and first.count("'") >= 2:
        named, _, first = first.split("'", 2)
        if named.lower() in ("iso-8859-1", "latin-1", "us-ascii", "ascii"):
            charset = "latin-1"
    collected = []
    for index in range(len(parts)):
        if index not in parts:
            break
        value, encoded = parts[index]
        if index == 0:
            value = first
        collected.append(unquote_to_bytes(value) if encoded else value.encode(charset, "replace"))
    return b"".join(collected).decode(charset, "replace")


def _encode_header(key: str, pdict: Mapping[str, str | None]) -> str:
    """Return the field value of ``key`` with these parameters; one whose value is ``None`` has its name only.

    >>> _encode_header("permessage-deflate", {"max_bits": "15", "no_takeover": None})
    'permessage-deflate; max_bits=15; no_takeover'
    """
    return "; ".join(
        [key, *(name if value is None else f"{name}={value}" for name, value in pdict.items())]
    )
