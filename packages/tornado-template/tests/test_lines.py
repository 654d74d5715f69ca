"""Line numbers of code objects."""

import dis
import traceback

import pytest

from tornado._template.lines import renumber

SOURCE = """\
def function(a):
    x = [
        b + 1
        for b in a
    ]
    for y in x:
        try:
            z = (lambda: 1 / y)()
        finally:
            del y
    return x, z
"""


def function_code():
    names = {}
    exec(compile(SOURCE, "source", "exec"), names)
    return names["function"].__code__


def lines_of(code):
    """Return the line of each instruction of *code* and of the code inside it."""
    lines = {}
    for start, end, line in code.co_lines():
        for offset in range(start, end, 2):
            lines[offset] = line
    found = [lines.get(instruction.offset) for instruction in dis.get_instructions(code)]
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            found += lines_of(constant)
    return found


@pytest.mark.parametrize(
    "numbers",
    [
        list(range(1, 12)),
        [1] * 11,
        list(range(100, 89, -1)),
        [1, 500, 2, 100_000, 3, 99, 1, 1_000_000, 31, 32, 33],
        [70, 5, 5, 5, 5, 5, 5, 5, 5, 5, 1],
    ],
)
def test_every_instruction_gets_the_number_of_its_line(numbers):
    code = function_code()
    changed = renumber(code, numbers)
    expected = [None if line is None else numbers[line - 1] for line in lines_of(code)]
    assert lines_of(changed) == expected
    assert changed.co_firstlineno == numbers[0]
    assert changed.co_code == code.co_code


def test_lines_beyond_the_last_get_its_number():
    assert set(lines_of(renumber(function_code(), [5, 6]))) <= {None, 5, 6}


def test_tracebacks_use_the_numbers():
    numbers = [10 * line for line in range(1, 12)]
    function = type(renumber)(renumber(function_code(), numbers), {})
    with pytest.raises(ZeroDivisionError) as info:
        function([-1])
    entries = traceback.extract_tb(info.value.__traceback__)
    assert [entry.lineno for entry in entries[1:]] == [80, 80]


def test_there_are_no_columns():
    code = renumber(function_code(), list(range(1, 12)))
    if hasattr(code, "co_positions"):
        assert {position[2:] for position in code.co_positions()} == {(None, None)}


def test_long_code_on_one_line():
    body = "; ".join(f"x{i} = a.b.c[{i}]" for i in range(400))
    names = {}
    exec(f"def function(a):\n    {body}\n    return a\n", names)
    code = renumber(names["function"].__code__, [7, 9, 3])
    assert set(lines_of(code)) <= {None, 7, 9, 3}
    assert lines_of(code).count(9) > 1000
