"""Which evidence speaks about a claim, and the rule of the claim's kind applied to it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from repro.evidence.record import WITH_BEST
from repro.verdicts.barred import barred_runs
from repro.verdicts.catalogue import catalogue
from repro.verdicts.cells import Cell, Key, leaves, published_cells, read_epoch
from repro.verdicts.chance import at_chance, chance_interval
from repro.verdicts.collapse import judge_collapse
from repro.verdicts.exact import judge_exact
from repro.verdicts.moderated import Prior, fit_prior
from repro.verdicts.noise_floor import evaluated_images, remark
from repro.verdicts.ordering import judge_ordering
from repro.verdicts.run_index import SCALES, Runs
from repro.verdicts.runs_behind import with_runs
from repro.verdicts.sample import DataEffect, Looks, Sample, samples_of
from repro.verdicts.seeded import judge_seeded
from repro.verdicts.steadier import judge_steadier
from repro.verdicts.tested import Tested
from repro.verdicts.trend import judge_trend
from repro.verdicts.value import Context, judge_value
from repro.verdicts.verdict import Verdict
from shared.claims import Claim, Collapse, Deviation, Exact, Ordering, ReadEpoch, Steadier, Table, Trend, Value
from shared.errors import ReproError, unknown
from shared.paper import Paper, experiments_of
from shared.protocol import Protocol, Scale

AT_BEST = "Each run is read at its best epoch, as the source reports it."


class Evidence:
    """The runs and published numbers that may speak about the claims of one table, read once and kept."""

    def __init__(
        self,
        paper: Paper,
        runs: Runs,
        table: Table,
        *,
        seeds: Sequence[int] | None = None,
        scale: Scale | None = None,
        looks: Looks | None = None,
        data_effect: DataEffect | None = None,
    ) -> None:
        self.paper, self.runs, self.table, self.scale = paper, runs, table, scale
        self._select = partial(samples_of, runs, paper=paper, seeds=seeds, looks=looks, data_effect=data_effect)
        self._samples: dict[tuple[str, Scale, str, int | None, str, ReadEpoch], Sample | None] = {}
        self._priors: dict[str, tuple[Prior | None, Prior | None]] = {}

    @property
    def cells(self) -> Mapping[Key, Cell]:
        """The published numbers."""
        where = ("cells", self.paper.name)
        if where not in self.runs.cache:
            self.runs.cache[where] = published_cells(self.paper)
        return self.runs.cache[where]

    def samples(self, experiment: str, metric: str, epoch: int | None = None, unit: str = "percent") -> list[Sample]:
        """Samples of an experiment at every scale allowed, highest first."""
        found = (self.sample(experiment, s, metric, epoch, unit) for s in SCALES)
        return [s for s in found if s is not None]

    def sample(
        self,
        experiment: str,
        scale: Scale,
        metric: str,
        epoch: int | None = None,
        unit: str = "percent",
        which: ReadEpoch = "last",
    ) -> Sample | None:
        """The sample of an experiment at one scale."""
        if experiment not in self.paper.experiments:
            raise unknown(f"{self.paper.name} experiment", experiment, self.paper.experiments)
        if self.scale not in (None, scale):
            return None
        key = (experiment, scale, metric, epoch, unit, which)
        if key not in self._samples:
            found = self._select(
                experiment=experiment, metric=metric, epoch=epoch, unit=unit, which=which, scales=(scale,)
            )
            self._samples[key] = found[0] if found else None
        return self._samples[key]

    def admissible(self, claim: Value) -> Sample | None:
        """The runs that may decide about a published number."""
        sample = self.sample(claim.experiment, "paper", claim.metric, claim.epoch, claim.unit)
        return sample if sample is not None and sample.admissible else None

    def together(
        self, experiments: tuple[str, ...], metrics: tuple[str, ...], which: ReadEpoch = "last"
    ) -> tuple[Sample, ...]:
        """Samples of several experiments at the highest scale where each has two runs, else where each has one."""
        fallback: tuple[Sample, ...] = ()
        for scale in SCALES:
            found = [self.sample(e, scale, m, which=which) for e, m in zip(experiments, metrics, strict=True)]
            there = tuple(s for s in found if s is not None and (scale != "paper" or s.admissible))
            if len(there) == len(experiments):
                if all(s.n > 1 for s in there):
                    return there
                fallback = fallback or there
        return fallback

    def context(self, claim: Value) -> Context:
        """What is known about a published cell beside its claim."""
        protocol = catalogue(self.runs, self.paper).protocol(claim.experiment)
        images = evaluated_images(protocol.data)
        ours, theirs = self.priors(claim.metric)
        return Context(is_chance(claim, protocol), images, ours, theirs)

    def priors(self, metric: str) -> tuple[Prior | None, Prior | None]:
        """Common spreads of our cells and of the published ones, over the table's cells of one metric."""
        if metric not in self._priors:
            values = [c for c in leaves(self.table.claims) if isinstance(c, Value) and c.metric == metric]
            claims = {c.experiment: c for c in values if c.experiment}
            ours = [s for c in claims.values() if (s := self.admissible(c)) is not None and not any(s.chance_runs)]
            cells = [c for e, v in claims.items() if (c := self.cells.get((e, metric, read_epoch(v)))) is not None]
            theirs = [(c.sd, c.n) for c in cells if c.sd is not None and c.n is not None]
            self._priors[metric] = (
                fit_prior([s.sd or 0.0 for s in ours], [s.n for s in ours]),
                fit_prior([s for s, _ in theirs], [n for _, n in theirs]),
            )
        return self._priors[metric]

    def notes(self, seeds: Sequence[int] | None) -> list[str]:
        """What a reader of the whole table must know: planned seeds without a run."""
        if not seeds:
            return []
        present = [s for s in self._samples.values() if s is not None]
        lacking = {s.experiment for s in present if set(seeds) - set(s.seeds)}
        planned = ", ".join(map(str, seeds))
        return [f"Of the planned seeds {planned}, some have no run in {', '.join(sorted(lacking))}."] if lacking else []


def judge_leaf(claim: Claim, evidence: Evidence) -> Tested:
    """The verdict on one claim that is not a compound, before the table's correction."""
    if isinstance(claim, Exact):
        return Tested(judge_exact(claim))
    if isinstance(claim, Value):
        return _value(claim, evidence)
    assert isinstance(claim, Ordering | Trend | Collapse | Steadier)
    tested = _comparison(claim, evidence)
    if isinstance(claim, Ordering | Trend) and not claim.gating:
        return replace(tested, verdict=replace(tested.verdict, gating=False))
    return tested


def _comparison(claim: Ordering | Trend | Collapse | Steadier, evidence: Evidence) -> Tested:
    """The verdict on a sentence about one or more experiments."""
    experiments = experiments_of(claim)
    metrics = claim.metrics if isinstance(claim, Ordering) else (claim.metric,) * len(experiments)
    which: ReadEpoch = "last" if isinstance(claim, Collapse) else claim.which
    if which == "best" and (without := [m for m in metrics if m not in WITH_BEST]):
        raise ReproError(
            f"Claim {claim.id} reads {without[0]} at the best epoch; only {' and '.join(WITH_BEST)} have one."
        )
    samples = evidence.together(experiments, metrics, which)
    if not samples:
        return Tested(_no_runs(claim, evidence, experiments, metrics))
    tested = _compared(claim, samples, evidence)
    flags = (*[AT_BEST] * (which == "best"), *tested.verdict.flags)
    return replace(tested, verdict=replace(tested.verdict, flags=flags))


def _compared(claim: Ordering | Trend | Collapse | Steadier, samples: tuple[Sample, ...], evidence: Evidence) -> Tested:
    if isinstance(claim, Trend):
        return judge_trend(claim, samples)
    if isinstance(claim, Steadier):
        return judge_steadier(claim, samples)
    if isinstance(claim, Ordering):
        if unfair := _unequal_budgets(claim, samples[0], samples[1]):
            return unfair
        return judge_ordering(claim, samples[0], samples[1], _original_n(claim, evidence.cells))
    rate = _published_rate(claim, evidence)
    return judge_collapse(claim, samples[0], rate, _own_chance(claim, samples[0], evidence))


def _own_chance(claim: Collapse, sample: Sample, evidence: Evidence) -> float:
    """Chance of runs that have as many classes as the published network is the sentence's; of others 1 / classes."""
    published = catalogue(evidence.runs, evidence.paper).protocol(claim.experiment).model.classes
    return claim.chance if sample.classes in (None, published) else 1 / sample.classes


def _unequal_budgets(claim: Ordering, better: Sample, worse: Sample) -> Tested | None:
    """INCONCLUSIVE where a side's runs do not keep as many weights as the sentence is about."""
    if claim.budget is None:
        return None
    for sample in (better, worse):
        kept = statistics.fmean(sample.kept)
        if not claim.budget / 2 <= kept <= claim.budget * 2:
            reason = (
                f"The runs of {sample.experiment} keep {100 * kept:.2f} % of the weights and the sentence is about "
                f"{100 * claim.budget:.2f} %, so that the two sides cannot be compared at this scale."
            )
            verdict = Verdict(claim=claim, label="INCONCLUSIVE", reason=reason, n=min(better.n, worse.n))
            return Tested(with_runs(replace(verdict, mean=better.mean - worse.mean), (better, worse)))
    return None


def _value(claim: Value, evidence: Evidence) -> Tested:
    if not claim.experiment:
        reason = "No experiment here runs what this number was measured on; it is shown for comparison."
        return Tested(Verdict(claim=claim, label="NOT TESTED", reason=reason, gating=claim.gating))
    sample = evidence.admissible(claim)
    if sample is None:
        return Tested(_no_admissible(claim, evidence))
    if claim.seed is not None:
        cell = evidence.cells.get((claim.experiment, claim.metric, read_epoch(claim)))
        return judge_seeded(claim, sample, cell.runs if cell else ())
    context = evidence.context(claim)
    tested = judge_value(claim, sample, context)
    flag = _suspicion(claim, context)
    return replace(tested, verdict=replace(tested.verdict, flags=(*tested.verdict.flags, flag))) if flag else tested


def _suspicion(claim: Value, context: Context) -> str:
    """A remark on a published spread that the size of the test set makes implausible."""
    known = claim.sd is not None and claim.n is not None and claim.spread == "sd" and claim.unit == "percent"
    if not known or context.images is None or context.chance or not claim.metric.startswith("top1_accuracy"):
        return ""
    return remark(claim.value, claim.sd or 0.0, claim.n or 0, context.images)


def _no_admissible(claim: Value, evidence: Evidence) -> Verdict:
    """NOT TESTED, with what is missing and which runs were barred."""
    samples = evidence.samples(claim.experiment, claim.metric, claim.epoch, claim.unit)
    barred = barred_runs(evidence.runs, evidence.paper).get(claim.experiment, [])
    lower = ", ".join(s.scale for s in samples if s.scale != "paper")
    deviating = _deviating(samples)
    if deviating:
        reason = _deviate("The runs", deviating)
    elif lower:
        reason = f"There are runs only at {lower} scale, and a published number is judged only at paper scale."
    else:
        reason = f"There is no run of {claim.experiment} at paper scale that holds {claim.metric}."
    shown = next((s for s in samples if s.scale != "paper"), None) if evidence.scale else None
    flags = tuple(f"Listed but barred: runs at paper scale, {b}." for b in barred)
    found = tuple(dict.fromkeys([*deviating, *(d for b in barred for d in b.deviations)]))
    verdict = Verdict(
        claim=claim, label="NOT TESTED", reason=reason, flags=flags, deviations=found, gating=claim.gating
    )
    if shown is None:
        return verdict
    # Shown for orientation beside the published number; the label says that they decide nothing.
    return replace(
        verdict,
        scale=shown.scale,
        n=shown.n,
        mean=shown.mean,
        sd=shown.sd,
        identities=shown.identities,
        deviations=shown.deviations,
        cost_seconds=shown.cost_seconds,
    )


def _no_runs(claim: Claim, evidence: Evidence, experiments: tuple[str, ...], metrics: tuple[str, ...]) -> Verdict:
    found = {e: evidence.samples(e, m) for e, m in zip(experiments, metrics, strict=True)}
    where = f" at {evidence.scale} scale" if evidence.scale else ""
    if lacking := [e for e, samples in found.items() if not samples]:
        reason = f"There is no run of {', '.join(lacking)}{where}."
        return Verdict(claim=claim, label="NOT TESTED", reason=reason)
    barred = {e: d for e, samples in found.items() if (d := _deviating(samples))}
    if barred:
        deviations = tuple(dict.fromkeys(d for there in barred.values() for d in there))
        reason = _deviate(f"The runs of {', '.join(barred)}", deviations)
        return Verdict(claim=claim, label="NOT TESTED", reason=reason, deviations=deviations)
    return Verdict(claim=claim, label="NOT TESTED", reason="The runs of the sides are at different scales.")


def _deviating(samples: Sequence[Sample]) -> list[Deviation]:
    """What bars runs at paper scale."""
    return [d for s in samples if s.scale == "paper" for d in s.deviations if d.material]


def _deviate(whose: str, deviations: Sequence[Deviation]) -> str:
    what = "; ".join(map(str, deviations[:3]))
    return f"{whose} at paper scale deviate materially ({what}), so they may not decide."


def _original_n(claim: Ordering, cells: Mapping[Key, Cell]) -> int | None:
    sides = [cells.get((*side, claim.which)) for side in zip((claim.better, claim.worse), claim.metrics, strict=True)]
    ns = [c.n for c in sides if c is not None and c.n is not None]
    return min(ns) if len(ns) == 2 else None


def _published_rate(claim: Collapse, evidence: Evidence) -> tuple[int, int] | None:
    cell = evidence.cells.get((claim.experiment, claim.metric, "last"))
    data = catalogue(evidence.runs, evidence.paper).protocol(claim.experiment).data
    images = evaluated_images(data)
    if cell is None or images is None or cell.n is None:
        return None
    low, high = (100 * k / images for k in chance_interval(images, claim.chance, data.name))
    if cell.runs:
        return sum(low <= r <= high for r in cell.runs), cell.n
    if low <= cell.mean <= high and cell.sd == 0:
        return cell.n, cell.n
    return (0, cell.n) if cell.sd is not None and cell.sd < (cell.mean - high) / cell.n**0.5 else None


def is_chance(claim: Value, protocol: Protocol) -> bool:
    """Whether a published accuracy is at chance level, so that the cell is a collapse."""
    percent = {"percent": claim.value, "fraction": 100 * claim.value}.get(claim.unit)
    images = evaluated_images(protocol.data)
    if percent is None or images is None or not claim.metric.startswith("top1_accuracy"):
        return False
    return at_chance(round(percent * images / 100), images, 1 / protocol.model.classes, protocol.data.name)
