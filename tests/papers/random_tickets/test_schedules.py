"""Rates of a training that begins later in the schedule, against the look-ups of the code bases (sheet 4.9, 4.12)."""

from __future__ import annotations

import pytest

from papers.random_tickets.schedules import Rule, resumed
from shared.training.optim import learning_rate

EPOCHS = 160
STARTS = (0, 1, 40, 79, 80, 81, 119, 120, 121, 159)


def ours(start: int, length: int, rule: Rule) -> list[float]:
    lr, schedule = resumed(EPOCHS, start, length, rule)
    return [learning_rate(lr, schedule, epoch + 1) for epoch in range(length)]


def published(start: int, length: int) -> list[float]:
    """The scripts' loop: the rate is multiplied in an epoch that is a milestone."""
    lr, out = 0.1, []
    for epoch in range(start, start + length):
        if epoch in (80, 120):
            lr *= 0.1
        out.append(lr)
    return out


def answer42(start: int, length: int) -> list[float]:
    """The script's loop: the rate is set in an epoch that is a key of its table."""
    lr, out = 0.1, []
    for epoch in range(start, start + length):
        lr = {80: 0.01, 120: 0.001}.get(epoch, lr)
        out.append(lr)
    return out


def corrected(start: int, length: int) -> list[float]:
    """The rate of an epoch, wherever the training began."""
    return [0.1 if epoch < 80 else 0.01 if epoch < 120 else 0.001 for epoch in range(start, start + length)]


@pytest.mark.parametrize("length", [20, 160])
@pytest.mark.parametrize("start", STARTS)
def test_every_epoch_has_the_rate_of_the_original_loop(start: int, length: int) -> None:
    assert ours(start, length, "published") == pytest.approx(published(start, length))
    assert ours(start, length, "answer42") == pytest.approx(answer42(start, length))
    assert ours(start, length, "corrected") == pytest.approx(corrected(start, length))


@pytest.mark.parametrize(
    ("rule", "start", "first", "last"),
    [
        ("published", 79, 0.1, 0.001),
        ("published", 80, 0.01, 0.001),
        ("published", 81, 0.1, 0.01),
        ("published", 120, 0.01, 0.01),
        ("published", 121, 0.1, 0.1),
        ("answer42", 79, 0.1, 0.001),
        ("answer42", 80, 0.01, 0.001),
        ("answer42", 81, 0.1, 0.001),
        ("answer42", 120, 0.001, 0.001),
        ("answer42", 121, 0.1, 0.1),
    ],
)
def test_a_milestone_acts_where_it_is_met_and_is_forgotten_beyond(
    rule: Rule, start: int, first: float, last: float
) -> None:
    rates = ours(start, 160, rule)
    assert (rates[0], rates[-1]) == pytest.approx((first, last))


@pytest.mark.parametrize("rule", ["published", "answer42", "corrected"])
def test_one_epoch_from_its_start_is_the_first_training_again(rule: Rule) -> None:
    lr, schedule = resumed(1, 0, 3, rule)
    assert [learning_rate(lr, schedule, e) for e in (1, 2, 3)] == [0.1] * 3
