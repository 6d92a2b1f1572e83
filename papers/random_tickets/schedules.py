"""Learning rates: steps at a half and three quarters, and what each code base makes of a later start (sheet 4.12, 7.9).

All epochs here count from 0, as the originals do; milestones of a ``Schedule`` are numbers of finished epochs.
"""

from __future__ import annotations

from typing import Literal

from papers.random_tickets.settings import GAMMA, LR
from shared.errors import ReproError
from shared.protocol import Schedule

Rule = Literal["published", "answer42", "corrected"]


def milestones_of(epochs: int) -> tuple[int, int]:
    """The two epochs from which the rate is a tenth and a hundredth."""
    return int(epochs * 0.5), int(epochs * 0.75)


def steps(milestones: tuple[int, ...], gamma: float = GAMMA) -> Schedule:
    """A step schedule, constant without milestones."""
    inside = tuple(dict.fromkeys(m for m in milestones if m > 0))
    return Schedule(kind="multistep", milestones=inside, gamma=gamma) if inside else Schedule()


def resumed(epochs: int, start: int, length: int, rule: Rule, lr: float = LR) -> tuple[float, Schedule]:
    """First rate and schedule of a training that begins at epoch ``start`` of a schedule of ``epochs``.

    ``corrected`` computes the rate from the epoch. The others look it up by the exact epoch, so that a milestone acts
    where it is met, the first epoch included, and one that lies before is forgotten: ``published`` multiplies the full
    rate by a tenth at each, ``answer42`` jumps to the value its table holds (trap 16).

    Args:
        epochs: that the milestones belong to.
        start: first epoch, from 0.
        length: epochs to run.
        rule: whose.
        lr: the full rate.

    Raises:
        ReproError: if the start lies beyond the schedule.
    """
    if start >= epochs:
        raise ReproError(f"--rewind-epoch {start} lies beyond the {epochs} epochs of training; choose an earlier one.")
    half, quarter = milestones_of(epochs)
    left = tuple(m - start for m in (half, quarter) if start < m < start + length)
    met = [m for m in (half, quarter) if 0 < m <= start]  # a milestone at 0 acts in no training, see ``steps``
    if rule == "corrected":
        return lr * GAMMA ** len(met), steps(left)
    if start not in met:
        return lr, steps(left, GAMMA**2 if rule == "answer42" and met else GAMMA)
    return lr * (GAMMA ** len(met) if rule == "answer42" else GAMMA), steps(left)
