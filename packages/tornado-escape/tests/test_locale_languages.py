"""The table of languages."""

from tornado._locale.codes import normalized
from tornado._locale.languages import language, languages


def test_it_covers_the_world():
    table = languages()
    assert len(table) > 1000
    spoken = {code.partition("_")[0] for code in table}
    assert len(spoken) > 250
    regions = {code.rpartition("_")[2] for code in table if code[-2:].isupper()}
    assert len(regions) > 240


def test_it_holds_the_codes_of_all_releases():
    codes = """
        af_ZA am_ET ar_AR bg_BG bn_IN bs_BA ca_ES cs_CZ cy_GB da_DK de_DE el_GR en_GB en_US es_ES
        es_LA et_EE eu_ES fa_IR fi_FI fr_CA fr_FR ga_IE gl_ES he_IL hi_IN hr_HR hu_HU id_ID is_IS
        it_IT ja_JP ko_KR lt_LT lv_LV mk_MK ml_IN ms_MY nb_NO nl_NL nn_NO pa_IN pl_PL pt_BR pt_PT
        ro_RO ru_RU sk_SK sl_SI sq_AL sr_RS sv_SE sw_KE ta_IN te_IN th_TH tl_PH tr_TR uk_UA vi_VN
        zh_CN zh_TW
    """
    assert [code for code in codes.split() if code not in languages()] == []


def test_rows_are_sound():
    for code, row in languages().items():
        assert row.code == code
        assert normalized(code) == code
        assert row.name.strip() == row.name != ""
        assert row.english_name.isprintable()
        assert row.group in (0, 2, 3)
        assert row.clock in ("24", "en", "zh")
        assert row.separator
        assert row.same == "" or row.same in languages()
        assert row.parent == "" or row.parent in languages()


def test_larger_regions():
    table = languages()
    assert table["es_MX"].parent == "es_419"
    assert table["pt_AO"].parent == "pt_PT"
    assert table["es_ES"].parent == ""


def test_languages_with_two_scripts_are_linked():
    table = languages()
    assert table["zh_CN"].same == "zh_Hans"
    assert table["zh_Hans"].same == "zh_CN"
    assert table["zh_TW"].same == "zh_Hant"
    assert table["zh_Hant"].same == "zh_TW"
    assert table["sr_RS"].same == "sr_Cyrl"


def test_less_known_locales_are_as_their_language():
    assert language("de_XX").name == "Deutsch"
    assert language("ca_ES_valencia").name == language("ca_ES").name
    assert language("ar_XX").rtl is True
    assert language("qq").name == "Unknown"
    assert language("").name == "Unknown"
