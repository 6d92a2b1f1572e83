"""Pruning epochs and intervals (flipout sheet, 4.2 and 6.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ReproError
from shared.sparsity.schedule import interval_for, prune_epochs

INTERVALS = {
    350: (117, 70, 50, 39, 32),
    175: (59, 35, 25, 20, 16),
    110: (37, 22, 16, 13, 10),
    500: (167, 100, 72, 56, 46),
}


@pytest.mark.parametrize("epochs", INTERVALS)
def test_published_intervals(epochs):
    assert tuple(interval_for(epochs, k) for k in (2, 4, 6, 8, 10)) == INTERVALS[epochs]


@given(st.integers(1, 400), st.integers(1, 20))
def test_an_interval_gives_exactly_the_prunings_or_is_refused(epochs, prunings):
    possible = [i for i in range(1, epochs + 1) if len(prune_epochs(epochs, i)) == prunings]
    if possible:
        assert interval_for(epochs, prunings) == min(possible)
    else:
        with pytest.raises(ReproError, match="No interval"):
            interval_for(epochs, prunings)


@pytest.mark.parametrize("epochs", [70, 35])
def test_refusal_names_a_length_that_works(epochs):
    with pytest.raises(ReproError, match=r"train \d+ epochs") as caught:
        interval_for(epochs, 10)
    longer = int(str(caught.value).split("train ")[1].split()[0])
    assert len(prune_epochs(longer, interval_for(longer, 10))) == 10


def test_no_prunings_have_no_interval():
    with pytest.raises(ReproError, match="at least one"):
        interval_for(10, 0)


def test_never_after_the_last_epoch_and_only_before_the_stop():
    assert prune_epochs(12, 3) == [3, 6, 9]
    assert prune_epochs(12, 4, 8) == [4]
    assert prune_epochs(5, 5) == []
