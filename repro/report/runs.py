"""The evidence behind a report: records of a paper, grouped by the experiment they are runs of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from repro import home
from repro.evidence.record import Record
from repro.evidence.store import read
from repro.verdicts.cells import leaves
from repro.verdicts.fidelity import data_effect
from repro.verdicts.sample import Runs, index, samples_of
from shared.paper import Experiment, Paper, experiments_of
from shared.protocol import Scale


@dataclass(frozen=True)
class Found:
    """Records of one paper, where they were looked for, and what could not be read there."""

    records: tuple[Record, ...]
    places: tuple[Path, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """The runs of one experiment at one scale, one per seed, by seed."""

    experiment: Experiment
    scale: Scale
    records: tuple[Record, ...]

    @property
    def who(self) -> str:
        """Network and data for people, else the network as in the protocol."""
        return self.experiment.who or self.records[0].protocol.model.name


def places(paper: str, runs_dir: Path | None = None) -> tuple[Path, ...]:
    """Where evidence is looked for by default: committed results, then the runs of this machine; those that exist."""
    wanted = (home.results_dir() / paper, home.runs_dir(runs_dir) / paper)
    return tuple(place for place in wanted if place.exists())


def find(paper: Paper, paths: Sequence[Path]) -> Found:
    """The records of a paper below some paths.

    Raises:
        MissingEvidenceError: if a path does not exist.
    """
    records, problems = read(paths) if paths else ([], [])
    own = tuple(r for r in records if r.protocol.paper == paper.name)
    return Found(own, tuple(paths), tuple(map(str, problems)))


def groups(paper: Paper, records: Sequence[Record] | Runs) -> list[Group]:
    """Runs by experiment in the order of the paper's claims, highest scale first; runs of no claim are left out.

    They are those that the verdicts rest on.
    """
    runs = index(records)
    if not runs.by_key:
        return []
    claims = leaves([*(c for t in paper.tables.values() for c in t.claims), *paper.sentences])
    wanted = dict.fromkeys(e for claim in claims for e in experiments_of(claim))
    return [
        Group(paper.experiments[name], sample.scale, sample.records)
        for name in wanted
        for sample in samples_of(runs, name, paper, data_effect=data_effect)
    ]


def highest(found: Sequence[Group], who: str) -> list[Group]:
    """The groups of a network on some data at the highest scale at which it was run."""
    own = [g for g in found if g.who == who]
    top = min((_rank(g.scale) for g in own), default=0)
    return [g for g in own if _rank(g.scale) == top]


def _rank(scale: Scale) -> int:
    return ("paper", "reduced", "demo").index(scale)
