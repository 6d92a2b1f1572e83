"""Runs at paper scale that deviate materially: they may not decide, but the reader is told that they exist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from repro.evidence.record import Record
from repro.verdicts.catalogue import catalogue
from repro.verdicts.run_index import Runs
from shared.claims import IMMATERIAL, Deviation, deviations
from shared.paper import Paper
from shared.protocol import Protocol, canonical


@dataclass(frozen=True)
class Barred:
    """Runs of one protocol that comes nearest to an experiment, and what bars them."""

    records: tuple[Record, ...]
    deviations: tuple[Deviation, ...]

    def __str__(self) -> str:
        shown = "; ".join(str(d) for d in self.deviations[:3])
        more = f" and {len(self.deviations) - 3} more" if len(self.deviations) > 3 else ""
        return f"{len(self.records)} deviating in {shown}{more}"


def barred_runs(runs: Runs, paper: Paper) -> Mapping[str, list[Barred]]:
    """For each experiment, the paper-scale runs that are no experiment's but come nearest to this one.

    Nearness is the number of settings that differ; protocols that differ in model or data from every experiment are
    compared with all of them. Computed once per paper and index.
    """
    where = ("barred", paper.name)
    if where not in runs.cache:
        runs.cache[where] = _compute(runs, paper)
    return runs.cache[where]


def _compute(runs: Runs, paper: Paper) -> Mapping[str, list[Barred]]:
    out: dict[str, list[Barred]] = defaultdict(list)
    loose = {
        key: records
        for key, records in runs.by_key.items()
        if records[0].protocol.paper == paper.name and records[0].protocol.scale == "paper"
    }
    published = catalogue(runs, paper)
    if loose:
        known = {published.key(name) for name in paper.experiments}
        loose = {key: records for key, records in loose.items() if key not in known}
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in paper.experiments if loose else ():
        p = published.protocol(name)
        alike[p.model.name, p.data.name].append(name)
    items = cache(lambda name: _settings(published.protocol(name)))
    for records in loose.values():
        protocol = records[0].protocol
        ours = _settings(protocol)
        candidates = alike.get((protocol.model.name, protocol.data.name)) or list(paper.experiments)
        nearest = min(candidates, key=lambda name: len(ours ^ items(name)), default=None)
        if nearest is not None:
            material = tuple(d for d in deviations(protocol, published.protocol(nearest)) if d.material)
            out[nearest].append(Barred(records, material))
    return out


def _settings(protocol: Protocol) -> frozenset[tuple[str, str]]:
    plain = {k: v for k, v in canonical(protocol).items() if k not in IMMATERIAL}
    return frozenset(_walk(plain, ""))


def _walk(value: object, prefix: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, f"{prefix}.{key}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _walk(item, f"{prefix}.{i}")
    else:
        yield prefix, repr(value)
