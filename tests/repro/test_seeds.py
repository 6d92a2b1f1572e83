"""What ``--seeds`` means, and what it refuses to guess."""

import pytest

from repro.planning import parse_seeds
from shared.errors import ReproError

TABLE = (42, 43, 44)


@pytest.mark.parametrize(
    ("typed", "seeds"),
    [
        (None, TABLE),
        ("2", (42, 43)),
        ("5", (42, 43, 44, 45, 46)),
        ("20", tuple(range(42, 62))),
        ("7,", (7,)),
        ("0,", (0,)),
        ("42, 7", (42, 7)),
        ("42-44", TABLE),
        ("1,5-7", (1, 5, 6, 7)),
    ],
)
def test_seeds_are_read(typed, seeds):
    assert parse_seeds(typed, TABLE) == seeds


@pytest.mark.parametrize("typed", ["21", "42"])
def test_a_large_number_is_not_guessed_at(typed):
    with pytest.raises(ReproError, match=f"write {typed},.*42-"):
        parse_seeds(typed, TABLE)


@pytest.mark.parametrize(
    "typed", ["0", "", ",", "-1", "1,1", "1-3,2", "3-1", "two", "1;2", "1.5", "1--3", "42-", "1-3,5-"]
)
def test_anything_else_is_refused(typed):
    with pytest.raises(ReproError, match="neither a number of seeds"):
        parse_seeds(typed, TABLE)
