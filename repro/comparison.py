"""A method from outside under a paper's protocol: its place, its rivals, and the comparisons between them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from repro.planning import experiments_for
from shared.claims import Ordering, Table
from shared.errors import ReproError, unknown
from shared.outside import Entry, Kind, Outsider, enter
from shared.paper import Experiment, Paper
from shared.protocol import Protocol

if TYPE_CHECKING:
    pass

ALIKE = 0.05
"""Experiments are rivals where the weights they keep differ by less than this, as a fraction."""
PLACE = "compare"
NO_PLACE = "your method has no place on its network at its sparsity"
SHOWN = 3
"""Reasons that an error gives."""


@dataclass(frozen=True)
class Setting:
    """One network at one sparsity: where the method from outside meets its rivals.

    Attributes:
        who: network and data, for people.
        kept_percent: weights kept.
        outsider: id of the experiment of the method from outside.
        place: id of the experiment whose protocol it entered.
        rivals: ids of the paper's experiments.
    """

    who: str
    kept_percent: float
    outsider: str
    place: str
    rivals: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """What will be compared: the paper with the method from outside among its experiments.

    Attributes:
        paper: the paper with further experiments, and its scales.
        table: one sentence for each rival in each setting.
        settings: where they meet.
        entry: the place that the method takes.
        name: of the method, for people.
        aside: title -> why, of the table's experiments that are no rivals.
    """

    paper: Paper
    table: Table
    settings: tuple[Setting, ...]
    entry: Entry
    name: str
    aside: Mapping[str, str]

    @staticmethod
    def claim(setting: Setting, rival: str) -> str:
        """Id of the sentence about a rival in a setting."""
        return f"{setting.outsider} against {rival}"


def compare(
    paper: Paper, table: Table, outsider: Outsider, *, name: str, kind: Kind = "score", only: Sequence[str] = ()
) -> Comparison:
    """Let a method from outside into a paper's table.

    Args:
        paper: the paper.
        table: whose experiments are the rivals.
        outsider: the method.
        name: of it, for people.
        kind: what it is.
        only: patterns of experiment ids; rivals and places are looked for among these.

    Raises:
        ReproError: if the paper, or this table, has no place for it.
    """
    chosen = _chosen(table, only)
    there = {e: paper.experiments[e] for e in experiments_for(table)}
    entry, places = _places(paper, table, there, kind)
    _refuse(paper, entry, next(iter(places.values())), outsider)
    components = _components(paper)
    new: dict[str, Experiment] = {}
    settings: list[Setting] = []
    aside: dict[str, str] = {}
    for place in places.values():
        why = {r: _why_not(e, place) for r, e in there.items() if r in chosen}
        rivals = tuple(r for r, reason in why.items() if not reason)
        for r, reason in why.items():
            if reason and aside.get(there[r].title, NO_PLACE) == NO_PLACE:
                aside[there[r].title] = reason
        if not rivals:
            continue
        entered = _entered(place, name, partial(enter, entry=entry, outsider=outsider, components=components))
        new[entered.id] = entered
        settings.append(Setting(place.who, 100 - _sparsity(place), entered.id, place.id, rivals))
    if not settings:
        raise ReproError(f"No chosen experiment of table {table.id} can be compared with: {_reasons(aside)}.")
    sentences = tuple(_sentence(s, new, there, name) for s in _pairs(settings))
    met = {there[r].title for s in settings for r in s.rivals}
    title = f"{name} in the place of {next(iter(places.values())).series}, table {table.id}"
    rows = Table(f"{table.id} with {name}", title, sentences, table.seeds)
    larger = replace(paper, experiments={**paper.experiments, **new}, tables={rows.id: rows})
    left = {t: reason for t, reason in aside.items() if t not in met}
    return Comparison(larger, rows, tuple(settings), entry, name, left)


def _chosen(table: Table, only: Sequence[str]) -> set[str]:
    """The table's experiments, or those among them that a pattern names; each pattern must name one."""
    ids = experiments_for(table)
    for pattern in only:
        if not any(fnmatchcase(e, pattern) for e in ids):
            raise unknown(f"experiment of table {table.id}", pattern, ids)
    return {e for e in ids if not only or any(fnmatchcase(e, p) for p in only)}


def _refuse(paper: Paper, entry: Entry, place: Experiment, outsider: Outsider) -> None:
    """What the method cannot be at this place."""
    once = any(p.kind == "prune" and p.method.name == entry.component for p in place.protocol(0).phases)
    if outsider.rounds != 1 and not once:
        raise ReproError(f"--rounds has no effect in {paper.name}: your method is asked {entry.words}.")
    if outsider.watches and (once or entry.kind == "penalty"):
        raise ReproError(
            f"{outsider.function} is a class, which watches training before it is asked for scores; in {paper.name} "
            f"your method is asked {entry.words}, so write a function."
        )
    if outsider.watches:
        from shared.training.components.outside import component

        component(outsider.source, outsider.function)


def _reasons(aside: Mapping[str, str]) -> str:
    return "; ".join(f"{title}: {reason}" for title, reason in list(aside.items())[:SHOWN]) or "there is none"


def _places(
    paper: Paper, table: Table, there: dict[str, Experiment], kind: Kind
) -> tuple[Entry, dict[str, Experiment]]:
    """The first entry of that kind that has a place among the experiments, and the places."""
    if not paper.entries:
        raise ReproError(f"{paper.name} does not say where a method from outside could enter; see docs/extending.md.")
    entries = [e for e in paper.entries if e.kind == kind]
    if not entries:
        kinds = " or ".join(dict.fromkeys(e.kind for e in paper.entries))
        raise ReproError(f"{paper.name} has no place for a {kind}; it has one for a {kinds} (--as).")
    for entry in entries:
        found = {i: e for i, e in there.items() if e.labels.get("method") == entry.method and _plain(e)}
        if found:
            return entry, found
    every = {t.id: [paper.experiments[i] for i in experiments_for(t)] for t in paper.tables.values()}
    tables = [t for t, experiments in every.items() if any(_fits(e, entries) for e in experiments)]
    raise ReproError(
        f"Table {table.id} of {paper.name} has no place for a {kind} at a fixed sparsity; tables that have: "
        f"{', '.join(tables)}."
    )


def _fits(experiment: Experiment, entries: Sequence[Entry]) -> bool:
    return _plain(experiment) and any(experiment.labels.get("method") == e.method for e in entries)


def _plain(experiment: Experiment) -> bool:
    """Whether it prunes to a fixed sparsity, trains, and is no sanity check."""
    return not _unfit(experiment)


def _unfit(experiment: Experiment) -> str:
    if not 0 < _sparsity(experiment) < 100:
        return "its sparsity is not fixed, or it prunes nothing"
    if experiment.labels.get("check"):
        return "it is a sanity check"
    return "" if experiment.protocol(0).epochs else "it trains nothing"


def _sparsity(experiment: Experiment) -> float:
    """In percent; 0 where the experiment does not fix it."""
    return float(experiment.labels.get("sparsity_percent", 0))


def _why_not(rival: Experiment, place: Experiment) -> str:
    """Why an experiment is no rival at a place; empty where it is one."""
    if reason := _unfit(rival):
        return reason
    theirs, ours = (100 - _sparsity(e) for e in (rival, place))
    if rival.who != place.who or abs(math.log(theirs / ours)) >= ALIKE:
        return NO_PLACE
    a, b = rival.protocol(0), place.protocol(0)
    if (a.model, a.data) != (b.model, b.data):
        return "it has another network or other data"
    return ""


def _components(paper: Paper) -> dict[str, str]:
    from shared.training.components import SHARED

    return {**SHARED, **paper.components}


def _entered(place: Experiment, name: str, into: partial[Protocol]) -> Experiment:
    def protocol(seed: int) -> Protocol:
        return into(place.protocol(seed))

    level = f"{_sparsity(place):g} %"
    return Experiment(
        id=f"{PLACE}/{place.id}",
        title=f"{place.who}, {name}, {level}",
        protocol=protocol,
        labels={**place.labels, "method": name},
        who=place.who,
        series=name,
    )


def _pairs(settings: Sequence[Setting]) -> Iterator[tuple[Setting, str]]:
    for setting in settings:
        for rival in setting.rivals:
            yield setting, rival


def _sentence(
    pair: tuple[Setting, str], new: dict[str, Experiment], there: dict[str, Experiment], name: str
) -> Ordering:
    setting, rival = pair
    level = f"{100 - setting.kept_percent:g} %"
    return Ordering(
        id=Comparison.claim(setting, rival),
        table=PLACE,
        text=f"{setting.who} at {level}: {name} is more accurate than {there[rival].series}",
        source="compared here",
        provenance="ours",
        better=setting.outsider,
        worse=rival,
        two_sided=True,
    )
