"""Records indexed by what they are runs of: read once, found by hash, never compared pairwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from repro.evidence.record import Record
from repro.evidence.store import distinct, precedence
from shared.claims import IMMATERIAL
from shared.paper import Paper
from shared.protocol import Protocol, Scale, canonical, digest

_MATERIAL = tuple(name for name in Protocol.model_fields if name not in IMMATERIAL)

SCALES: tuple[Scale, ...] = ("paper", "reduced", "demo")


def study_key(protocol: Protocol) -> str:
    """A hash of everything in a protocol that is material, seeds aside: equal keys mean equal experiments."""
    return digest({k: v for k, v in canonical(protocol).items() if k not in IMMATERIAL})


class Keys:
    """``study_key`` that knows again what it has seen."""

    def __init__(self) -> None:
        self._of_text: dict[str, str] = {}
        self._of_parts: dict[tuple[int, ...], str] = {}

    def of(self, protocol: Protocol) -> str:
        """The key of any protocol."""
        # the dump is a fast, finer key (1 and 1.0 differ in it): it only spares repeating the canonical form
        text = protocol.model_dump_json(exclude=set(IMMATERIAL))
        return self._of_text.get(text) or self._of_text.setdefault(text, study_key(protocol))

    def of_kept(self, protocol: Protocol) -> str:
        """The key of a protocol that stays alive as long as this does.

        Runs of a study that were read together share the parts of their protocol, which the place in memory tells.
        """
        parts = tuple([id(getattr(protocol, name)) for name in _MATERIAL])
        return self._of_parts.get(parts) or self._of_parts.setdefault(parts, self.of(protocol))


@dataclass(frozen=True)
class Runs:
    """Records by paper and by the material part of their protocol; ``copies`` counts further runs of an identity."""

    by_key: Mapping[str, tuple[Record, ...]]
    scales: Mapping[str, frozenset[Scale]]
    copies: Mapping[str, int] = field(default_factory=dict)
    keys: Keys = field(default_factory=Keys, repr=False, compare=False)
    cache: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    def of(records: Iterable[Record]) -> Runs:
        """Index records, one per identity (``distinct``); the material key is computed once per distinct protocol."""
        keys = Keys()
        by_key: dict[str, list[Record]] = defaultdict(list)
        scales: dict[str, set[Scale]] = defaultdict(set)
        there = list(records)
        speaking = distinct(there)
        for record in speaking:
            by_key[keys.of_kept(record.protocol)].append(record)
            scales[record.protocol.paper].add(record.protocol.scale)
        copies = _copies(there) if len(speaking) < len(there) else {}
        return Runs(
            {k: tuple(v) for k, v in by_key.items()}, {p: frozenset(s) for p, s in scales.items()}, copies, keys
        )

    def scales_of(self, paper: Paper) -> tuple[Scale, ...]:
        """Scales at which there is any record of the paper, highest first."""
        there = self.scales.get(paper.name, frozenset())
        return tuple(s for s in SCALES if s in there and (s in paper.scales or s == "paper"))


def _copies(records: Sequence[Record]) -> dict[str, int]:
    """Further runs of each identity; a record that was read twice is one run."""
    several: dict[str, set[tuple[bool, str, str]]] = defaultdict(set)
    for record in records:
        several[record.identity].add(precedence(record))
    return {identity: len(found) - 1 for identity, found in several.items() if len(found) > 1}


def index(records: Sequence[Record] | Runs) -> Runs:
    """The index of records, or the index itself."""
    return records if isinstance(records, Runs) else Runs.of(records)
