"""The best epoch of a run is one of those in which its final sparsity was in force."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.training.outcome import best


def rows(correct, sparsities, remaining):
    """One row an epoch; ``sparsities`` has one value more: that before the first epoch."""
    return [
        {
            "epoch": i + 1,
            "test_correct": c,
            "test_total": 100,
            "test_loss": None,
            "sparsity_before": before,
            "sparsity_after": after,
            "remaining": left,
        }
        for i, (c, (before, after), left) in enumerate(zip(correct, pairwise(sparsities), remaining, strict=True))
    ]


def test_epochs_before_the_last_pruning_do_not_compete():
    assert best(rows([90, 60, 70, 65], [0.0, 0.5, 0.9, 0.9, 0.9], [50, 10, 10, 10]), 100)["epoch"] == 3


def test_weights_that_were_just_grown_do_not_hide_an_epoch():
    """DeepR grows zeros after every step: the masks leave as many, the zeros differ."""
    found = best(rows([70, 90, 80], [0.9, 0.93, 0.91, 0.9], [10, 10, 10]), 100)
    assert (found["epoch"], found["correct"]) == (2, 90)


def test_without_masks_zeros_are_counted():
    assert best(rows([90, 60, 70], [0.0, 0.9, 0.9, 0.9], [100, 100, 100]), 100)["epoch"] == 3


def test_a_pruning_after_the_last_epoch_leaves_the_last():
    assert best(rows([90, 60], [0.0, 0.5, 0.9], [50, 10]), 100)["epoch"] == 2


@given(st.lists(st.tuples(st.integers(0, 100), st.floats(0, 1), st.integers(0, 5)), min_size=1, max_size=8))
def test_the_best_is_never_below_the_last(epochs):
    correct, sparsities, remaining = zip(*epochs, strict=True)
    assert best(rows(correct, [0.0, *sparsities], remaining), 5)["correct"] >= correct[-1]
