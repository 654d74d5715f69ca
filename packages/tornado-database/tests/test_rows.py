import pickle

import pytest

from tornado.database import Row


def test_columns_are_attributes_and_keys():
    row = Row(id=1, title="One")
    assert (row.id, row["title"]) == (1, "One")
    assert row == {"id": 1, "title": "One"}


def test_a_missing_column_is_named():
    with pytest.raises(AttributeError, match="'author'"):
        Row(id=1).author  # noqa: B018
    with pytest.raises(KeyError):
        Row(id=1)["author"]


def test_a_column_named_like_a_method_is_a_key():
    assert Row(items=3)["items"] == 3


def test_rows_survive_pickling():
    assert pickle.loads(pickle.dumps(Row(id=1))).id == 1
