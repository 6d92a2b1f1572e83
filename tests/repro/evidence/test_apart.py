"""A piece of text counts as one value only where it is one."""

import json

from hypothesis import given
from hypothesis import strategies as st

from repro.evidence.apart import take_apart, whole
from repro.evidence.line import to_line

texts = st.text(alphabet='ab,:[]{}"\\\\é', max_size=4)
values = st.recursive(
    st.one_of(st.none(), st.integers(), st.booleans(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=12,
)
brackets = st.one_of(st.lists(values, max_size=3), st.dictionaries(texts, values, max_size=3))


def dumps(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@given(brackets)
def test_a_value_without_brackets_and_escapes_in_its_strings_is_seen_to_be_whole(value):
    strings = json.dumps(value, ensure_ascii=False).split('"')[1::2]
    plain = not any(mark in text for text in strings for mark in "[]{}\\\\")
    assert whole(dumps(value)) or not plain


@given(brackets, values, brackets)
def test_two_values_are_never_taken_for_one(first, key, second):
    for between in (b",", b',"later":', b"," + dumps(key) + b","):
        assert not whole(dumps(first) + between + dumps(second))


@given(brackets)
def test_a_value_cut_short_is_not_whole(value):
    text = dumps(value)
    assert not any(whole(text[:end]) for end in range(1, len(text)))


def test_the_pieces_make_up_the_line(factory):
    line = to_line(factory.make_record())
    parts = take_apart(line)
    whole_again = parts.rest.replace(b'"protocol":null', b'"protocol":' + parts.protocol, 1)
    whole_again = whole_again.replace(b'"layers":null', b'"layers":' + parts.layers, 1)
    whole_again = whole_again.replace(b'"extra":null', b'"extra":' + parts.extra + b',"curve":' + parts.curve, 1)
    whole_again = whole_again.replace(b'"environment":null', b'"environment":' + parts.environment, 1)
    assert whole_again == line
