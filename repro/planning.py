"""From claims to runs: what a table needs, what exists, and what is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from repro.home import run_path
from shared.claims import Table
from shared.errors import ReproError
from shared.paper import Paper, experiments_of
from shared.protocol import Protocol, Scale, Train

State = Literal["done", "started", "new"]


@dataclass(frozen=True)
class Run:
    """One run that a table needs.

    Attributes:
        experiment: id of the experiment it belongs to.
        title: the experiment's title.
        seed: of the run.
        protocol: what would be run.
        directory: where it lives.
        state: whether a record exists, a directory has been started, or nothing is there.
    """

    experiment: str
    title: str
    seed: int
    protocol: Protocol
    directory: Path
    state: State

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.title}, seed {self.seed}"


def experiments_for(table: Table) -> tuple[str, ...]:
    """The experiments whose runs the table's claims need, each once, in the table's order."""
    return tuple(dict.fromkeys(e for claim in table.claims for e in experiments_of(claim)))


def runs_for(paper: Paper, table: Table, scale: Scale, seeds: Sequence[int], runs: Path) -> list[Run]:
    """The runs a table needs at a scale, each once; those sharing a beginning in the order that lets them share it.

    Raises:
        ReproError: if a claim names an experiment that does not exist.
    """
    needed: dict[str, Run] = {}
    for experiment in experiments_for(table):
        if experiment not in paper.experiments:
            raise ReproError(
                f"table {table.id} of {paper.name} needs {experiment!r}, an experiment it does not define."
            )
        for seed in seeds:
            protocol = paper.at_scale(experiment, scale, seed)
            directory = run_path(runs, protocol)
            title = paper.experiments[experiment].title
            needed.setdefault(protocol.identity, Run(experiment, title, seed, protocol, directory, state_of(directory)))
    return in_order(needed.values())


def in_order(runs: Iterable[Run]) -> list[Run]:
    """Runs that prune earlier first, so that later ones can continue from their beginning; else as they were."""
    return sorted(runs, key=lambda r: _first_event(r.protocol))


def state_of(directory: Path) -> State:
    """Whether a run is done, started or new."""
    if (directory / "record.json").exists():
        return "done"
    return "started" if (directory / "status.json").exists() else "new"


def _first_event(protocol: Protocol) -> int:
    """The shortest pruning interval; 0 without one."""
    intervals = [
        int(str(m.options["interval"]))
        for p in protocol.phases
        if isinstance(p, Train)
        for m in p.methods
        if "interval" in m.options
    ]
    return min(intervals, default=0)


def parse_seeds(text: str | None, default: Sequence[int]) -> tuple[int, ...]:
    """Seeds as typed: a number of seeds (``3``: the table's first three) or a list (``42,43,44``; ``7,`` is one seed).

    Raises:
        ReproError: for anything else.
    """
    if text is None:
        return tuple(default)
    try:
        numbers = [int(part) for part in text.removesuffix(",").split(",")]
    except ValueError:
        numbers = [-1]
    if min(numbers) < 0 or text.strip() == "0" or len(set(numbers)) < len(numbers):
        raise ReproError(f"--seeds {text!r} is neither a number of seeds such as 3 nor a list such as 42,43,44.")
    if len(numbers) > 1 or "," in text or numbers[0] > 20:
        return tuple(numbers)
    known = list(default)
    while len(known) < numbers[0]:
        known.append(max(known) + 1)
    return tuple(known[: numbers[0]])
