"""A locale code in any spelling goes in; its usual spelling, and codes of close locales, come out."""

import re
from collections.abc import Iterator
from functools import lru_cache

from tornado._locale.languages import languages

__all__ = ["close_codes", "normalized"]

# Language, script, region and variants, as BCP 47 orders them; the sizes bound the work.
_CODE = re.compile(
    r"([a-z]{2,8})(?:_([a-z]{4}))?(?:_([a-z]{2,3}|[0-9]{3}))?((?:_[a-z0-9]{4,8}){0,3})",
    re.IGNORECASE,
)

# The length of the longest code of this form.
_LONGEST = 8 + 5 + 4 + 3 * 9

# Codes that ISO 639 withdrew and their successors; systems still use either.
_RENAMED = {"in": "id", "iw": "he", "ji": "yi", "mo": "ro", "no": "nb", "tl": "fil"}
_RENAMED |= {new: old for old, new in _RENAMED.items() if old != "mo"}


def normalized(code: str) -> str | None:
    """Return a code as ``pt_BR`` or ``zh_Hans_CN``; `None` if it is not formed like one.

    Dashes become underscores; the letters' case is changed as it has to be.
    """
    match = _CODE.fullmatch(code.replace("-", "_"))
    if match is None:
        return None
    language, script, region, variants = match.groups()
    return _joined(language.lower(), (script or "").title(), (region or "").upper()) + (
        variants.lower()
    )


def _joined(*parts: str) -> str:
    return "_".join(filter(None, parts))


def close_codes(code: str) -> tuple[str, ...]:
    """Return the codes of locales that suit a user who asked for ``code``, best first.

    After the code itself come those with less: without variants, script, region; a script stands
    for its usual region and the reverse. Last come larger regions that include the one asked for.
    """
    # Codes come from every request's header: the usual ones are remembered, and only those.
    return _close_codes(code) if len(code) <= _LONGEST else (code,)


@lru_cache(maxsize=500)
def _close_codes(code: str) -> tuple[str, ...]:
    match = _CODE.fullmatch(code.replace("-", "_"))
    if match is None:
        return (code,)
    close = [code]
    asked, script, region = match[1].lower(), (match[2] or "").title(), (match[3] or "").upper()
    variants = match[4].lower()
    renamed = _RENAMED.get(asked)
    for language in (asked, renamed) if renamed else (asked,):
        if variants:
            close.append(_joined(language, script, region) + variants)
        close.extend(_closest(language, script, region))
    return tuple(dict.fromkeys(close))


def _closest(language: str, script: str, region: str) -> Iterator[str]:
    if script and region:
        yield _joined(language, script, region)
    if region:
        with_region = _joined(language, region)
        known = languages().get(with_region)
        script_of_region = known.same if known is not None else ""
        if not script or script_of_region in ("", _joined(language, script)):
            yield with_region
        if not script and script_of_region:
            yield f"{script_of_region}_{region}"
            yield script_of_region
    if script:
        with_script = _joined(language, script)
        yield with_script
        known = languages().get(with_script)
        if known is not None and known.same:
            yield known.same
    # The manuals promise the language before any other region of it.
    yield language
    yield from _parents(_joined(language, script, region))


def _parents(code: str) -> Iterator[str]:
    """Yield locales of several regions that include that of ``code``, nearest first."""
    known = languages().get(code)
    while known is not None and known.parent:
        yield known.parent
        if known.parent == "es_419":
            yield "es_LA"  # its name before there were numbers for regions
        known = languages().get(known.parent)
