"""CLDR's locale data, as Babel has it, goes in; the table `languages.tsv` comes out.

usage: python generate_languages.py [FILE]
"""

import os
import re
import sys

import babel
from babel import Locale, localedata
from babel.core import get_global

TABLE = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "src", "tornado", "_locale", "languages.tsv"
)

HEADER = """\
# Locales of the world, from Unicode CLDR by way of Babel {version}; see data-tools/README.md.
# code, name in English, name in the language itself, traits:
#   rtl           written from right to left
#   group=3 or 2  digits above the lowest three stand in groups of so many, separated by commas
#                 (absent: the language does not use commas for that)
#   clock=en      12-hour clock, with am and pm behind; clock=zh: in front, in Chinese
#   list=TEXT     between the items of a list, where it is not ", "
#   same=CODE     the usual code of this locale with the script in place of the region, or reverse
#   parent=CODE   the locale to fall back on where the language alone is not supported
"""

CODE = re.compile(r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_([A-Z]{2}|[0-9]{3}))?")

# Codes that are not CLDR's, from before it or from other systems, and CLDR's code for the same.
OTHER_CODES = {
    "ar_AR": "ar",
    "es_LA": "es_419",
    "in": "id",
    "in_ID": "id_ID",
    "iw": "he",
    "iw_IL": "he_IL",
    "ji": "yi",
    "tl": "fil",
    "tl_PH": "fil_PH",
}

# CLDR's short names of two countries, which Babel leaves out.
SHORT_NAMES = {"United States": "US", "United Kingdom": "UK"}

# Names as menus of languages show them, where CLDR's are longer or Spain's and Latin America's
# Spanish would need a region that people do not think of as part of the name.
NAMES = {
    "es_LA": ("Spanish", "Español"),
    "zh_CN": ("Chinese (Simplified)", "中文(简体)"),
    "zh_TW": ("Chinese (Traditional)", "中文(繁體)"),
}

# Languages with several standards: the region is named even where it is the likely one.
WITH_REGION = {"en", "es", "pt", "zh"}

# Persian lists have been joined with its "and" since the first releases.
SEPARATORS = {"fa": " \u0648 "}


def all_codes():
    """Yield every code of the table, with the Babel locale that it takes its data from."""
    likely = get_global("likely_subtags")
    for identifier in sorted(localedata.locale_identifiers()):
        if identifier == "root" or not CODE.fullmatch(identifier):
            continue
        yield identifier, Locale.parse(identifier), None
        parts = identifier.split("_")
        if len(parts) != 3:
            continue
        # Where a region has a usual script, people write the code without the script.
        language, script, region = parts
        usual = likely.get(f"{language}_{region}") or likely.get(language) or ""
        if usual in (identifier, f"{language}_{script}_{region}"):
            yield f"{language}_{region}", Locale.parse(identifier), f"{language}_{script}"
        elif f"{language}_{region}" not in likely and usual.startswith(f"{language}_{script}_"):
            yield f"{language}_{region}", Locale.parse(identifier), f"{language}_{script}"
    for code, identifier in OTHER_CODES.items():
        yield code, Locale.parse(identifier), None


def names(code, locale):
    """Return the locale's name in English and in its own language."""
    if code in NAMES:
        return NAMES[code]
    likely = get_global("likely_subtags").get(locale.language, "").split("_")
    script = locale.script if locale.script and locale.script in code else None
    territory = locale.territory if "_" in code and len(code.split("_")[-1]) < 4 else None
    if territory == likely[-1] and locale.language not in WITH_REGION:
        territory = None
    english = name_in(Locale("en"), locale.language, script, territory) or locale.language
    native = name_in(locale, locale.language, script, territory) or english
    if locale.language == "en":
        for long, short in SHORT_NAMES.items():
            english, native = english.replace(long, short), native.replace(long, short)
    return english, native[:1].upper() + native[1:]


def name_in(locale, language, script, territory):
    """Return a locale's name in the language of `locale`; `None` if CLDR does not have it."""
    name = locale.languages.get(language)
    details = [
        *([locale.scripts.get(script, script)] if script else []),
        *([locale.territories.get(territory, territory)] if territory else []),
    ]
    return f"{name} ({', '.join(details)})" if name and details else name


def traits(code, locale):
    """Yield the traits of the locale as the header of the table describes them."""
    if locale.character_order == "right-to-left":
        yield "rtl"
    if locale.number_symbols.get("latn", {}).get("group") == ",":
        yield f"group={locale.decimal_formats[None].grouping[1]}"
    if locale.language == "en" and re.search(r"h.*a", locale.time_formats["short"].pattern):
        yield "clock=en"
    if code in ("zh_CN", "zh_Hans", "zh_Hans_CN"):
        yield "clock=zh"
    separator = SEPARATORS.get(locale.language)
    if separator is None:
        separator = locale.list_patterns["standard"]["middle"]
        separator = separator.removeprefix("{0}").removesuffix("{1}").replace("\u200f", "")
    if separator != ", ":
        yield f"list={separator}"


def main():
    rows = {}
    usual = {}
    for code, locale, same in all_codes():
        if code in rows and same:
            continue
        rows[code] = (locale, same)
        if same:
            usual.setdefault(same, code)
    likely = get_global("likely_subtags")
    target = sys.argv[1] if len(sys.argv) > 1 else TABLE
    with open(target, "w", encoding="utf-8", newline="\n") as file:
        file.write(HEADER.format(version=babel.__version__))
        for code, (locale, same) in sorted(rows.items()):
            parts = [*traits(code, locale)]
            parent = get_global("parent_exceptions").get(code)
            if parent in rows and parent != code.partition("_")[0]:
                parts.append(f"parent={parent}")
            if same:
                parts.append(f"same={same}")
            elif code in usual:
                # The region that is usual for the script, rather than the first in the alphabet.
                full = likely.get(code) or likely.get(locale.language, "")
                language, script, region = full.split("_")
                if f"{language}_{script}" == code:
                    parts.append(f"same={language}_{region}")
            file.write("\t".join([code, *names(code, locale), ";".join(parts)]) + "\n")


if __name__ == "__main__":
    main()
