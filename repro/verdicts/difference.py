"""The difference between two samples of runs, as the one-sided tests of an ordering need it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from repro.verdicts.noise_floor import sd_floor
from repro.verdicts.sample import Sample
from repro.verdicts.welch import standard_error


@dataclass(frozen=True)
class Difference:
    """better - worse: estimate, standard error, degrees of freedom; runs per side; the pooled standard error."""

    d: float
    se: float
    df: float
    n1: int
    n2: int
    pooled_se: float
    sd: float | None = None


def difference(better: Sample, worse: Sample, *, paired: bool) -> Difference | None:
    """The difference of two samples; ``None`` where there are too few runs for a spread.

    Two sides without any spread (constant predictors, equal counts) get the spread that the test set alone causes:
    they must not look infinitely certain.
    """
    if paired:
        return _paired(better, worse)
    if better.n < 2 or worse.n < 2:
        return None
    s1, s2 = float(better.sd or 0.0), float(worse.sd or 0.0)
    if s1 == s2 == 0:
        s1, s2 = _floor(better), _floor(worse)
    n1, n2 = better.n, worse.n
    se, df = standard_error(s1, n1, s2, n2)
    pooled = ((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2)
    return Difference(better.mean - worse.mean, float(se), float(df), n1, n2, (pooled * (1 / n1 + 1 / n2)) ** 0.5)


def _paired(better: Sample, worse: Sample) -> Difference | None:
    a, b = dict(zip(better.seeds, better.values, strict=True)), dict(zip(worse.seeds, worse.values, strict=True))
    common = sorted(a.keys() & b.keys())
    n = len(common)
    if n < 2:
        return None
    gaps = np.array([a[s] - b[s] for s in common])
    sd = float(gaps.std(ddof=1)) or (_floor(better) ** 2 + _floor(worse) ** 2) ** 0.5
    return Difference(float(gaps.mean()), sd / n**0.5, n - 1.0, n, n, sd / n**0.5, sd)


def _floor(sample: Sample) -> float:
    return sd_floor(sample.mean, sample.total[0]) if sample.total and 0 <= sample.mean <= 100 else 0.0
