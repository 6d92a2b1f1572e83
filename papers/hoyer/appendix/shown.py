"""The runs of one experiment with the settings that figures group by."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from papers.hoyer import zoo
from papers.hoyer.cells import Cell, cells, scientific
from papers.hoyer.settings import NETWORK_TITLES, TITLES
from shared.appendix import Evidence, Run
from shared.protocol import Scale

STARTS = {"scratch": "from scratch", "dense": "from the dense network"}


@dataclass(frozen=True)
class Shown:
    """An experiment and its runs.

    Attributes:
        id: of the experiment.
        place, short: network and data set, for people and for the title of a figure.
        slug: the same in a file name.
        method, strength: regulariser and lambda as written.
        end: how the run ends, as in ``papers.hoyer.cells``; ``T0.0001`` on CIFAR.
        start: ``scratch`` or ``dense``.
        structure: whether channels and filters are what is pruned.
        scale, runs: the evidence.
    """

    id: str
    place: str
    short: str
    slug: str
    method: str
    strength: str
    end: str
    start: str
    structure: bool
    scale: Scale
    runs: Sequence[Run]

    @property
    def training(self) -> str:
        """The training for people: ``Hoyer-Square 2e-4 from scratch``."""
        decay = (
            " with weight decay" if self.structure and self.method == "none" and self.slug.startswith("lenet") else ""
        )
        name = f"{TITLES[self.method]} {scientific(self.strength)}".strip() + decay
        return name if self.method == "none" and self.start == "scratch" else f"{name} {STARTS[self.start]}"

    @property
    def starts(self) -> tuple[str, ...]:
        """The starts it is compared with: the unregularised network is what dense starts begin with.

        Not so the structure script's, whose decay changes it: that has runs of its own from the dense network.
        """
        return ("scratch", "dense") if self.method == "none" and not self.structure else (self.start,)

    @property
    def after(self) -> str:
        """The same within a sentence: ``after Hoyer-Square 2e-4 from scratch``."""
        if self.method != "none":
            return f"after {self.training}"
        begun = f" {STARTS['dense']}" * (self.start == "dense")
        return ("with weight decay alone" if self.structure else "without a regulariser") + begun

    @property
    def rule(self) -> str:
        """What decides the cut: ``T``, ``V`` or ``S``."""
        return self.end[:1]

    @property
    def accuracy_metric(self) -> tuple[str, str]:
        """Metric and epoch that the original script of this pruning reports (sheet 4.7, 4.8)."""
        if self.slug.startswith("cifar"):
            return "top1_accuracy", "best"
        return ("top1_accuracy_best_before_epoch" if self.rule == "V" else "top1_accuracy"), "last"

    def accuracies(self) -> list[float]:
        """What each run reports, in percent."""
        name, which = self.accuracy_metric
        return self.metrics(name, which)

    def metrics(self, name: str, which: str = "last") -> list[float]:
        """A metric of each run that has it."""
        return [v for r in self.runs if (v := r.metric(name, which=which)) is not None]

    def left(self) -> float:
        """Weights left, in percent of the prunable ones: the mean over runs."""
        return statistics.fmean(100 * r.outcome.remaining / r.outcome.prunable for r in self.runs)

    def mean(self, of: Callable[[dict[str, Any]], float | None]) -> float | None:
        """The mean over runs of a number in their extra results; ``None`` if no run has it."""
        values = [v for r in self.runs if (v := of(r.outcome.extra)) is not None]
        return statistics.fmean(values) if values else None


def shown(evidence: Evidence) -> list[Shown]:
    """The pruned runs that figures are made of, in the order of the experiments; other variants are left out."""
    found = [_of_cell(c, evidence) for c in cells() if c.id in evidence and not c.corrected and c.end != "trained"]
    for name in zoo.STRUCTURAL:
        for reg in zoo.GROUP_REGS:
            for strength in zoo.GROUP_STRENGTHS:
                id = f"cifar10/{name}/{reg}-{strength}"
                if id in evidence:
                    cell = evidence[id]
                    found.append(
                        Shown(
                            id=id,
                            place=f"{zoo.NETWORKS[name].title} on CIFAR-10",
                            short=zoo.NETWORKS[name].title,
                            slug=f"cifar10-{name}",
                            method=reg,
                            strength=strength,
                            end=f"T{zoo.CUT}",
                            start="dense",
                            structure=True,
                            scale=cell.scale,
                            runs=cell.runs,
                        )
                    )
    return _distinct([s for s in found if s.runs])


def _distinct(found: Sequence[Shown]) -> list[Shown]:
    """Each set of runs once: the demo cuts ResNets of every depth to the same network."""
    first: dict[tuple[int, ...], Shown] = {}
    for s in found:
        first.setdefault(tuple(id(r) for r in s.runs), s)
    return list(first.values())


def _of_cell(cell: Cell, evidence: Evidence) -> Shown:
    there = evidence[cell.id]
    return Shown(
        id=cell.id,
        place=f"{NETWORK_TITLES[cell.network]} on {'Fashion-MNIST' if cell.fashion else 'MNIST'}",
        short=NETWORK_TITLES[cell.network] + (", Fashion" if cell.fashion else ""),
        slug=f"{cell.network}-fashion" if cell.fashion else cell.network,
        method=cell.reg,
        strength=cell.strength,
        end=cell.end,
        start="dense" if cell.pretrained else "scratch",
        structure=cell.structure,
        scale=there.scale,
        runs=there.runs,
    )


def trainings(found: Sequence[Shown]) -> list[Shown]:
    """One experiment for each regularised training that several prunings share, those with a longer report first."""
    first: dict[tuple[str, str, bool], Shown] = {}
    for s in sorted(found, key=lambda s: "sizes" not in s.runs[0].outcome.extra.get("prune", {})):
        first.setdefault((s.slug, s.training, s.structure), s)
    order = {id(s): i for i, s in enumerate(found)}
    return sorted(first.values(), key=lambda s: order[id(s)])


def spread(values: Sequence[float]) -> str:
    """``97.91 ± 0.12 (n = 3)``."""
    if not values:
        return "–"
    sd = f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.2f}{sd} (n = {len(values)})"


def number(value: float | None, form: str = ".3g") -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None else format(value, form)
