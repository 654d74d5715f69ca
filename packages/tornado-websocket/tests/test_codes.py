"""Which close codes may travel."""

import pytest

from tornado._websocket.codes import CloseCode, check_code, is_wire_code


@pytest.mark.parametrize("code", [*range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4999])
def test_may_travel(code):
    assert is_wire_code(code)
    assert check_code(code) == code


@pytest.mark.parametrize("code", [-1, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65536])
def test_may_not_travel(code):
    assert not is_wire_code(code)
    with pytest.raises(ValueError, match=f"close code {code} must not be sent"):
        check_code(code)


def test_only_four_named_codes_stay_at_home():
    assert [code for code in CloseCode if not is_wire_code(code)] == [1005, 1006, 1015]
