"""The table of languages that ships with this package goes in; facts on a locale come out."""

import pkgutil
from functools import cache
from typing import NamedTuple

__all__ = ["Language", "language", "languages"]


class Language(NamedTuple):
    """What the table knows of one locale."""

    code: str
    #: Its name in English and in the language itself.
    english_name: str
    name: str
    #: Whether it is written from right to left.
    rtl: bool = False
    #: How many digits stand between two commas above the lowest three; 0: commas are not used so.
    group: int = 0
    #: How hours are counted: "24", "en" (6:35 pm) or "zh" (下午6:35).
    clock: str = "24"
    #: What stands between the items of a list, but for the last two.
    separator: str = ", "
    #: The usual code of the same locale with the script in place of the region or the reverse.
    same: str = ""
    #: The locale to fall back on where the language alone is not supported.
    parent: str = ""


@cache
def languages() -> dict[str, Language]:
    """Return the whole table, by code."""
    data = pkgutil.get_data("tornado._locale", "languages.tsv") or b""
    table: dict[str, Language] = {}
    for line in data.decode("utf-8").split("\n"):
        if not line or line.startswith("#"):
            continue
        code, english_name, name, traits = line.split("\t")
        known = dict(trait.partition("=")[::2] for trait in traits.split(";"))
        table[code] = Language(
            code,
            english_name,
            name,
            rtl="rtl" in known,
            group=int(known.get("group", "0")),
            clock=known.get("clock", "24"),
            separator=known.get("list", ", "),
            same=known.get("same", ""),
            parent=known.get("parent", ""),
        )
    return table


def language(code: str) -> Language:
    """Return what is known of a locale, or else of its language, or else that nothing is."""
    table = languages()
    wanted = code
    while wanted:
        found = table.get(wanted)
        if found is not None:
            return found
        wanted = wanted.rpartition("_")[0]
    return Language(code, "Unknown", "Unknown")
