"""What the papers know about records that come from elsewhere: title, labels, claims."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from repro import registry
from repro.evidence.record import Record
from repro.tracking.content import Tracked
from shared.errors import ReproError
from shared.paper import Experiment, Paper, experiments_of
from shared.protocol import Scale


def described(records: Iterable[Record]) -> list[Tracked]:
    """The records, each with the experiment of its paper that has the same protocol up to the seed.

    A run of no experiment (other options, a paper that is not installed) stays as it is.
    """
    return [_described(record) for record in records]


def _described(record: Record) -> Tracked:
    protocol = record.protocol
    if protocol.paper not in registry.names():
        return Tracked(record=record)
    try:
        paper = registry.load(protocol.paper)
    except ReproError:  # a paper that does not load takes nothing from its records
        return Tracked(record=record)
    experiment = _studies(paper.name, protocol.scale).get(protocol.study)
    if experiment is None:
        return Tracked(record=record)
    table, claims = _claims(paper, experiment.id)
    return Tracked(record=record, title=experiment.title, labels=experiment.labels, claims=claims, table=table)


@cache
def _studies(paper: str, scale: Scale) -> dict[str, Experiment]:
    """Study to experiment; the first one where two experiments are the same runs."""
    known = registry.load(paper)
    found: dict[str, Experiment] = {}
    if scale in known.scales:
        for name, experiment in known.experiments.items():
            found.setdefault(known.at_scale(name, scale, 0).study, experiment)
    return found


def _claims(paper: Paper, experiment: str) -> tuple[str, tuple[str, ...]]:
    """The first table that an experiment stands in, and the claims there that rest on it."""
    for table in paper.tables.values():
        claims = tuple(c.id for c in table.claims if experiment in experiments_of(c))
        if claims:
            return table.id, claims
    return "", ()
