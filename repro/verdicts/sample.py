"""The runs that may speak about a claim: selection by protocol, once per record, never pairwise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from repro.evidence.record import WITH_BEST, Record
from repro.evidence.store import precedence
from repro.verdicts.catalogue import Catalogue, catalogue
from repro.verdicts.chance import at_chance
from repro.verdicts.run_index import Runs, index
from shared.claims import Deviation, ReadEpoch
from shared.paper import Paper
from shared.protocol import Scale


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The runs of one experiment at one scale, read in one metric, one run per seed.

    ``values`` are in the unit of the metric (accuracy: percent) at the epoch that was asked for, the last by default;
    ``best_values`` at the best; ``correct``/``total`` are the integers of the former, and ``chance_runs`` marks what
    was at chance level there, among the ``classes`` of the network that ran on ``data``; ``kept`` is the fraction of
    the prunable weights that each run kept.
    ``records`` are the runs themselves. ``looks`` is 1 for seeds fixed up front and grows each time seeds were added.
    ``data_effect`` is the worst-case effect, in the unit of the metric, of images known to differ from the original's;
    ``left_out`` counts runs whose data bar them, where others remain.
    """

    experiment: str
    scale: Scale
    values: tuple[float, ...]
    best_values: tuple[float, ...] = ()
    seeds: tuple[int, ...] = ()
    identities: tuple[str, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    correct: tuple[int, ...] = ()
    total: tuple[int, ...] = ()
    chance_runs: tuple[bool, ...] = ()
    classes: int | None = None
    data: str = ""
    kept: tuple[float, ...] = ()
    diverged: int = 0
    looks: int = 1
    cost_seconds: float = 0.0
    repeats: int = 0
    left_out: int = 0
    data_effect: float = 0.0
    records: tuple[Record, ...] = field(default=(), repr=False, compare=False)

    @property
    def n(self) -> int:
        """Number of runs, one per seed."""
        return len(self.values)

    @property
    def mean(self) -> float:
        """Mean over runs; collapsed and diverged runs included."""
        return math.fsum(self.values) / self.n

    @property
    def sd(self) -> float | None:
        """Sample standard deviation (ddof 1); ``None`` for a single run."""
        if self.n < 2:
            return None
        mean = self.mean
        return math.sqrt(math.fsum((v - mean) ** 2 for v in self.values) / (self.n - 1))

    @property
    def admissible(self) -> bool:
        """Whether these runs may decide about a published number: paper scale, no material deviation."""
        return self.scale == "paper" and not any(d.material for d in self.deviations)

    @property
    def collapsed(self) -> bool:
        """Whether every run is at chance level."""
        return bool(self.chance_runs) and all(self.chance_runs)


DataEffect = Callable[[Record], "float | Deviation"]
"""The worst-case effect of a record's data in points, or the deviation that bars it."""

Looks = Callable[[str], int]
"""Number of times seeds were added to a study."""


def samples_of(
    records: Sequence[Record] | Runs,
    experiment: str,
    paper: Paper,
    *,
    metric: str = "top1_accuracy",
    epoch: int | None = None,
    unit: str = "percent",
    which: ReadEpoch = "last",
    scales: Sequence[Scale] | None = None,
    seeds: Sequence[int] | None = None,
    looks: Looks | None = None,
    data_effect: DataEffect | None = None,
) -> list[Sample]:
    """The samples of an experiment, one per scale at which it was run, highest scale first.

    A record belongs to an experiment at a scale when its protocol differs from that of the paper at that scale only
    in immaterial settings. One run per seed speaks: the published precision first, then the earliest. At paper scale a
    run whose data bar it speaks only where no other does, and then the sample is not admissible.

    Args:
        records: records, or an index of them (``index``) to share between calls.
        experiment: id in ``paper.experiments``.
        paper: the paper.
        metric, epoch: what to read from each run; runs that cannot tell are left out.
        unit: ``fraction`` divides percentages by 100.
        which: the epoch that ``values`` belong to; metrics other than ``WITH_BEST`` have one value for both.
        scales: only these scales.
        seeds: only these seeds, where they were fixed up front.
        looks: number of times seeds were added to a study (1: once, up front).
        data_effect: tells how far a record's data are from the original's.
    """
    runs = index(records)
    planned = None if seeds is None else tuple(sorted(set(seeds)))
    known = catalogue(runs, paper)
    out = []
    for scale in runs.scales_of(paper):
        if scales is not None and scale not in scales:
            continue
        found = runs.by_key.get(known.key(experiment, scale), ())
        effect = data_effect if scale == "paper" else None
        where = ("sample", paper.name, experiment, scale, metric, epoch, unit, which, planned, effect)
        if where not in runs.cache:
            chosen = [r for r in found if planned is None or r.protocol.seed in planned]
            sound = [r for r in chosen if not isinstance(effect(r), Deviation)] if effect else chosen
            sample = _sample(runs, sound, experiment, scale, known, metric, epoch, unit, which)
            if len(sound) < len(chosen):
                sample = (
                    replace(sample, left_out=len(chosen) - len(sound))
                    if sample
                    else _sample(runs, chosen, experiment, scale, known, metric, epoch, unit, which)
                )
            runs.cache[where] = sample
        sample = runs.cache[where]
        if sample is not None:
            out.append(_in_context(sample, looks, effect, unit))
    return out


def _sample(
    runs: Runs,
    records: Sequence[Record],
    experiment: str,
    scale: Scale,
    known: Catalogue,
    metric: str,
    epoch: int | None,
    unit: str,
    which: ReadEpoch,
) -> Sample | None:
    published = known.protocol(experiment)
    factor = 0.01 if unit == "fraction" else 1.0
    by_seed: dict[int, tuple[Record, float, float]] = {}
    repeats = 0
    for record in sorted(records, key=lambda r: (r.protocol.precision != published.precision, precedence(r))):
        last = record.metric(metric, epoch=epoch)
        if last is None:
            continue
        if record.protocol.seed in by_seed:
            repeats += 1
            continue
        best = record.metric(metric, which="best") if metric in WITH_BEST else last
        by_seed[record.protocol.seed] = (record, last * factor, (last if best is None else best) * factor)
    if not by_seed:
        return None
    rows = [by_seed[seed] for seed in sorted(by_seed)]
    last_values, best_values = tuple(row[1] for row in rows), tuple(row[2] for row in rows)
    kept = [row[0] for row in rows]
    outcomes = [r.outcome for r in kept]
    scores = [o.best if which == "best" else o.last for o in outcomes]
    of_all = kept[0].protocol  # runs of an experiment at a scale share one study
    data, classes = of_all.data.name, of_all.model.classes
    return Sample(
        experiment=experiment,
        scale=scale,
        values=best_values if which == "best" else last_values,
        best_values=best_values,
        seeds=tuple(r.protocol.seed for r in kept),
        identities=tuple(r.identity for r in kept),
        deviations=tuple(dict.fromkeys(d for r in kept for d in known.deviations(experiment, r.protocol))),
        correct=tuple(s.correct for s in scores),
        total=tuple(s.total for s in scores),
        chance_runs=tuple(at_chance(s.correct, s.total, 1 / classes, data) for s in scores),
        classes=classes,
        data=data,
        kept=tuple(o.remaining / o.prunable for o in outcomes),
        diverged=sum(o.status == "diverged" for o in outcomes),
        cost_seconds=sum(r.cost.seconds for r in kept),
        repeats=repeats + sum(runs.copies.get(r.identity, 0) for r in kept),
        records=tuple(kept),
    )


def _in_context(sample: Sample, looks: Looks | None, data_effect: DataEffect | None, unit: str) -> Sample:
    """Add the looks taken and how far the data of the chosen runs are from the original's."""
    effects = [data_effect(r) for r in sample.records] if data_effect else []
    barred = tuple(dict.fromkeys(e for e in effects if isinstance(e, Deviation)))
    points = max((e for e in effects if not isinstance(e, Deviation)), default=0.0)
    count = max((looks(study) for study in {r.protocol.study for r in sample.records}), default=1) if looks else 1
    if not barred and not points and count <= 1:
        return sample
    return replace(
        sample,
        looks=max(count, 1),
        data_effect=points / 100 if unit == "fraction" else points,
        deviations=(*sample.deviations, *barred),
    )
