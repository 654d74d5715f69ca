"""Locale codes: their usual spelling, and codes of close locales."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._locale.codes import close_codes, normalized
from tornado._locale.languages import languages


@pytest.mark.parametrize(
    ("code", "usual"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("en-us", "en_US"),
        ("pt_br", "pt_BR"),
        ("fil_ph", "fil_PH"),
        ("es-419", "es_419"),
        ("ZH-hans-cn", "zh_Hans_CN"),
        ("sr_latn", "sr_Latn"),
        ("ca_es_Valencia", "ca_ES_valencia"),
        ("de_1901", "de_1901"),
        ("es_LAT", "es_LAT"),
    ],
)
def test_normalized(code, usual):
    assert normalized(code) == usual


@pytest.mark.parametrize("code", ["", "e", "*", "en US", "en_", "_US", "en__US", "x" * 9, "en_U\n"])
def test_what_is_no_code(code):
    assert normalized(code) is None


@given(st.text())
def test_normalizing_again_changes_nothing(text):
    usual = normalized(text)
    if usual is not None:
        assert normalized(usual) == usual


@pytest.mark.parametrize(
    ("code", "close"),
    [
        ("de", ["de"]),
        ("de-at", ["de-at", "de_AT", "de"]),
        ("es_419", ["es_419", "es"]),
        ("zh_TW", ["zh_TW", "zh_Hant_TW", "zh_Hant", "zh"]),
        ("zh_Hans", ["zh_Hans", "zh_CN", "zh"]),
        ("zh_Hant_HK", ["zh_Hant_HK", "zh_HK", "zh_Hant", "zh_TW", "zh"]),
        ("sr_Latn_RS", ["sr_Latn_RS", "sr_Latn", "sr"]),
        ("he_IL", ["he_IL", "he", "iw_IL", "iw"]),
        ("ca_ES_valencia", ["ca_ES_valencia", "ca_ES", "ca"]),
        ("es_MX", ["es_MX", "es", "es_419", "es_LA"]),
        ("pt_AO", ["pt_AO", "pt", "pt_PT"]),
        ("en_NZ", ["en_NZ", "en", "en_001"]),
        ("x" * 100_000, ["x" * 100_000]),
        ("not a code", ["not a code"]),
    ],
)
def test_close_codes(code, close):
    assert list(close_codes(code)) == close


@given(st.sampled_from(sorted(languages())))
def test_the_language_is_always_close(code):
    close = list(close_codes(code))
    assert close[0] == code
    assert code.partition("_")[0] in close
    assert len(close) <= 12
