""" "These runs differ less from seed to seed than those", judged over cells by exchanging the two sides of each."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from repro.verdicts.runs_behind import with_runs
from repro.verdicts.sample import Sample
from repro.verdicts.tested import Tested
from repro.verdicts.verdict import Label, Verdict
from repro.verdicts.welch import nominal_level
from repro.verdicts.wording import num, p_text
from shared.claims import Steadier

EXCHANGES = 20_000


def judge_steadier(claim: Steadier, samples: tuple[Sample, ...]) -> Tested:
    """The verdict on a claim about spreads, before the table's correction.

    Args:
        claim: the sentence.
        samples: our runs of both sides of each cell in the order of the claim, at one scale.
    """
    cells = {(a.identities, b.identities): (a, b) for a, b in zip(samples[::2], samples[1::2], strict=True)}
    alive = [(a, b) for a, b in cells.values() if not (a.collapsed or b.collapsed)]
    n = min((s.n for cell in alive for s in cell), default=0)
    level = nominal_level(max(s.looks for s in samples))
    if alive and n < 2:
        single = sum(min(a.n, b.n) < 2 for a, b in alive)
        reason = f"Of {len(alive)} cells {single} have a single run on a side; a spread takes two."
        verdict = Verdict(claim=claim, label="INCONCLUSIVE", reason=reason, n=n, needed_n=2, level=level)
        return Tested(with_runs(verdict, samples))
    label, reason, gap, p_for, p_against = compare(
        [_spreads(a, b) for a, b in alive], level, left_out(len(cells) - len(alive))
    )
    verdict = Verdict(claim=claim, label=label, reason=reason, n=n, mean=gap, p=p_for, level=level)
    return Tested(with_runs(verdict, samples), p_for, p_against)


def _spreads(a: Sample, b: Sample) -> tuple[float, float]:
    """Standard deviations of both sides over as many runs, those of the lowest seeds.

    That of fewer runs is smaller on average, so that sides of unequal numbers could not be exchanged.
    """
    n = min(a.n, b.n)
    return statistics.stdev(a.values[:n]), statistics.stdev(b.values[:n])


def left_out(dead: int, uneven: int = 0) -> str:
    """What is said of cells that cannot be compared.

    Args:
        dead: cells with a side whose runs are all at chance, which do not differ for that reason alone.
        uneven: cells whose sides have unequal numbers of runs, where single runs are not known.
    """
    said = [f"{dead} with a side at chance"] if dead else []
    said += [f"{uneven} with unequal numbers of runs"] if uneven else []
    return f", without {' and '.join(said)}" if said else ""


def compare(
    spreads: Sequence[tuple[float, float]], level: float, without: str = ""
) -> tuple[Label, str, float, float, float]:
    """Label, reason, mean difference of the spreads, p-value for the sentence and against it.

    Args:
        spreads: standard deviations of the steadier side and of the other, over equal numbers of runs, of each cell.
        level: of each one-sided test.
        without: what is said of cells that are not among them.
    """
    if not spreads:
        return "INCONCLUSIVE", f"No cell is left to compare{without}.", 0.0, 1.0, 1.0
    steadier, other = np.array(spreads).T
    gap, p_for, p_against = exchange(other - steadier)
    text = (
        f"From seed to seed the runs differ by {num(float(steadier.mean()))} against {num(float(other.mean()))} (mean "
        f"standard deviation of {len(other)} cells{without})"
    )
    if 2.0 ** -len(other) > level:
        return "INCONCLUSIVE", f"{text}; so few cells cannot show any difference.", gap, p_for, p_against
    if p_for <= level:
        return "SUPPORTED", f"{text}: less than chance explains ({p_text(p_for)}).", gap, p_for, p_against
    if p_against <= level:
        return "CONTRADICTED", f"{text}: more, not less ({p_text(p_against)}).", gap, p_for, p_against
    return "INCONCLUSIVE", f"{text}: chance could explain it ({p_text(p_for)}).", gap, p_for, p_against


def exchange(gaps: NDArray[np.float64]) -> tuple[float, float, float]:
    """The mean of the differences, and the one-sided p-values of one above and of one below 0.

    Where both sides spread alike, either order of the two is as likely in each cell: the null distribution is that of
    random signs (a fixed sequence of ``EXCHANGES``, so that a verdict never changes between calls).
    """
    observed = float(gaps.mean())
    drawn = _signs(len(gaps)) @ gaps / len(gaps)
    slack = 1e-12 * float(np.abs(gaps).max(initial=0.0))
    p_above = (1 + int((drawn >= observed - slack).sum())) / (EXCHANGES + 1)
    p_below = (1 + int((drawn <= observed + slack).sum())) / (EXCHANGES + 1)
    return observed, p_above, p_below


@lru_cache(maxsize=8)
def _signs(cells: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(20_200_611 + cells)
    return np.where(rng.random((EXCHANGES, cells)) < 0.5, -1.0, 1.0)
