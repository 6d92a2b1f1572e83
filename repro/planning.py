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
    """Whether a run is done, started or new; a damaged record is none, and is made again from the last checkpoint."""
    from repro.evidence.store import usable

    if usable(directory):
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


MOST_SEEDS = 20
"""A bare number up to this is a number of seeds; a larger one might be meant as a seed, and is refused."""


def parse_seeds(text: str | None, default: Sequence[int]) -> tuple[int, ...]:
    """Seeds as typed: a number of seeds (``3``: the table's first three) or which (``42,43``, ``7,``, ``42-61``).

    Raises:
        ReproError: for anything else.
    """
    if text is None:
        return tuple(default)
    typed = text.replace(" ", "")
    if "," not in typed and "-" not in typed:
        return _first(_number(typed, text), default, text)
    seeds: list[int] = []
    for part in typed.removesuffix(",").split(","):
        low, dash, high = part.partition("-")
        seeds.extend(range(_number(low, text), _number(high if dash else low, text) + 1))
    if not seeds or len(set(seeds)) < len(seeds):
        raise _neither(text)
    return tuple(seeds)


def _first(count: int, default: Sequence[int], text: str) -> tuple[int, ...]:
    """The table's first seeds; past its last one they count on."""
    if not count:
        raise _neither(text)
    if count > MOST_SEEDS:
        raise ReproError(
            f"--seeds {count} may mean {count} seeds or the seed {count}; write {count}, (with a comma) for the one "
            f"seed, or a range such as {default[0]}-{default[0] + count - 1} for as many."
        )
    known = list(default)
    while len(known) < count:
        known.append(max(known) + 1)
    return tuple(known[:count])


def _number(part: str, text: str) -> int:
    if not part.isdecimal():
        raise _neither(text)
    return int(part)


def _neither(text: str) -> ReproError:
    return ReproError(f"--seeds {text!r} is neither a number of seeds such as 3 nor a list such as 42,43,44 or 42-44.")
