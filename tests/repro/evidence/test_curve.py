"""A column that is read alone is the column of the whole."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.evidence.curve import Curve, column_text
from shared.errors import ReproError

KEYS = ("epoch", "lr", "test_correct")
names = st.one_of(st.sampled_from(KEYS), st.text(alphabet='epoch,:[]{}"\\é ', max_size=5))
cells = st.one_of(st.none(), st.integers(-9, 9), st.floats(allow_nan=False, allow_infinity=False), names)
columns = st.dictionaries(names, st.lists(cells, max_size=3), max_size=5)
layouts = st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")])


@given(columns, layouts, st.booleans())
def test_each_column_is_that_of_the_whole(columns, layout, ascii_only):
    text = json.dumps(columns, separators=layout, ensure_ascii=ascii_only).encode()
    for key in (*columns, *KEYS):
        assert Curve(text).get(key) == columns.get(key)
    assert Curve(text) == columns


def test_a_column_of_numbers_is_read_without_the_others():
    curve = Curve(b'{"epoch":[1,2],"test_correct":[7,null],"lr":[0.1,0.01]}')
    assert curve["test_correct"] == [7, None]
    assert curve["epoch"] is curve["epoch"]
    assert not curve.parsed
    assert "penalty" not in curve
    assert curve.parsed


@pytest.mark.parametrize(
    "text",
    [
        b'{"note":["epoch"],"epoch":[1]}',
        b'{"epoch":["a]b"]}',
        b'{"epoch":[[1],2]}',
        b'{"x":[{"epoch":[1]}]}',
        b'{"epoch":[1],"epoch":[2]}',
        b'{"epoch": [1]}',
        b'{"a\\"b":[2],"epoch":[1]}',
        b'{"epoch":[1',
        b"{}",
    ],
)
def test_where_a_glance_cannot_tell_the_whole_is_parsed(text):
    assert column_text(text, "epoch") is None


def test_a_damaged_column_names_its_line_and_the_others_are_read():
    curve = Curve(b'{"epoch":[1,2],"lr":[0.1,,0.01]}', "runs.jsonl:7")
    assert curve["epoch"] == [1, 2]
    with pytest.raises(ReproError, match=r"The curve in runs\.jsonl:7 is damaged \(lr: "):
        curve["lr"]
    with pytest.raises(ReproError, match=r"The curve in runs\.jsonl:7 is damaged"):
        len(curve)
