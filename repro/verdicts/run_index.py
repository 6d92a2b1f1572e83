"""Records indexed by what they are runs of: read once, found by hash, never compared pairwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from repro.evidence.record import Record
from shared.claims import IMMATERIAL
from shared.paper import Paper
from shared.protocol import Protocol, Scale, canonical, digest

SCALES: tuple[Scale, ...] = ("paper", "reduced", "demo")


def study_key(protocol: Protocol) -> str:
    """A hash of everything in a protocol that is material, seeds aside: equal keys mean equal experiments."""
    return digest({k: v for k, v in canonical(protocol).items() if k not in IMMATERIAL})


@dataclass(frozen=True)
class Runs:
    """Records indexed by paper and by the material part of their protocol."""

    by_key: Mapping[str, tuple[Record, ...]]
    scales: Mapping[str, frozenset[Scale]]
    cache: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    def of(records: Iterable[Record]) -> Runs:
        """Index records; the material key is computed once per distinct protocol."""
        memo: dict[str, str] = {}
        by_key: dict[str, list[Record]] = defaultdict(list)
        scales: dict[str, set[Scale]] = defaultdict(set)
        for record in records:
            protocol = record.protocol
            # the dump is a fast, finer key (1 and 1.0 differ in it): it only spares repeating the canonical form
            text = protocol.model_dump_json(exclude=set(IMMATERIAL))
            key = memo.get(text) or memo.setdefault(text, study_key(protocol))
            by_key[key].append(record)
            scales[protocol.paper].add(protocol.scale)
        return Runs({k: tuple(v) for k, v in by_key.items()}, {p: frozenset(s) for p, s in scales.items()})

    def scales_of(self, paper: Paper) -> tuple[Scale, ...]:
        """Scales at which there is any record of the paper, highest first."""
        there = self.scales.get(paper.name, frozenset())
        return tuple(s for s in SCALES if s in there and (s in paper.scales or s == "paper"))


def index(records: Sequence[Record] | Runs) -> Runs:
    """The index of records, or the index itself."""
    return records if isinstance(records, Runs) else Runs.of(records)
