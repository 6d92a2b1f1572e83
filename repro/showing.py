"""A table of a paper laid open, as plain data: claims, protocols by scale, arithmetic, the published numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from repro.planning import experiments_for
from repro.settings import differing, leaves
from shared.claims import Claim, Collapse, Compound, Exact, Ordering, Steadier, Table, Trend, Value
from shared.paper import Paper, experiments_of
from shared.protocol import Method, Protocol, Prune, Quantise, Rewind, Train

if TYPE_CHECKING:
    from repro.verdicts.verdict import Verdict

NAMES = ("schema_version", "paper", "scale", "seed", "variant")
"""Fields that name a run and set nothing in it."""


@dataclass(frozen=True)
class Work:
    """The arithmetic of a table at one scale: runs, and the smallest and largest run and their sum in 10^15 FLOP."""

    scale: str
    runs: int
    smallest: float
    largest: float
    total: float


@dataclass(frozen=True)
class Shown:
    """One table of one paper."""

    paper: Paper
    table: Table

    @property
    def experiments(self) -> tuple[str, ...]:
        """Ids of the experiments whose runs its claims need."""
        return experiments_for(self.table)

    def protocols(self, experiment: str) -> dict[str, Protocol]:
        """An experiment's protocol by scale, the paper's first."""
        order = sorted(self.paper.scales, key=("paper", "reduced", "demo").index)
        return {scale: self.paper.at_scale(experiment, scale, self.table.seeds[0]) for scale in order}

    def settings(self, experiment: str) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
        """Settings that differ between scales (path to value by scale), and those that are set alike at all of them."""
        protocols = self.protocols(experiment)
        rows = {p: v for p, v in differing(protocols).items() if not _names(p)}
        paper = {p: v for p, v in leaves(protocols["paper"]).items() if p not in rows and not _names(p)}
        return rows, {p: v for p, v in paper.items() if v not in (None, False, 0, []) and not _is_part_of_words(p)}

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """The table's sentences, judged on the published numbers; nothing is run."""
        if not any(isinstance(c, Ordering | Trend | Collapse | Steadier | Compound) for c in self.table.claims):
            return []
        from repro.verdicts.published import judge_published

        ids = {c.id for c in self.table.claims}
        return [v for v in judge_published(_without_counts(self.paper)) if v.claim.id in ids]

    @cached_property
    def work(self) -> list[Work]:
        """Arithmetic at each scale, for the table's seeds; empty where no run is needed."""
        from repro.workload import petaflop

        if not self.experiments:
            return []
        found = []
        for scale in self.protocols(self.experiments[0]):
            seed = self.table.seeds[0]
            protocols = [self.paper.at_scale(e, scale, seed) for e in self.experiments]  # type: ignore[arg-type]
            each = [petaflop(p) for p in {p.study: p for p in protocols}.values()]
            seeds = len(self.table.seeds)
            found.append(Work(scale, seeds * len(each), min(each), max(each), seeds * sum(each)))
        return found

    def to_json(self) -> dict[str, Any]:
        """The document of ``repro show --table --json`` without its frame (docs/json.md)."""
        table = self.table
        return {
            "table": {
                "id": table.id,
                "title": table.title,
                "seeds": list(table.seeds),
                "aliases": list(table.aliases),
                "note": table.note,
            },
            "claims": [claim_facts(c) for c in table.claims],
            "experiments": [
                {
                    "id": e,
                    "title": self.paper.experiments[e].title,
                    "in_words": in_words(self.protocols(e)["paper"]),
                    "protocols": {s: p.model_dump(mode="json") for s, p in self.protocols(e).items()},
                    "studies": {s: p.study for s, p in self.protocols(e).items()},
                    "differing": self.settings(e)[0],
                }
                for e in self.experiments
            ],
            "work": [asdict(w) for w in self.work],
            "published_verdicts": [v.to_json() for v in self.verdicts],
        }


def overview(paper: Paper) -> dict[str, Any]:
    """What a paper holds: its tables, sentences, variants and scales."""
    from repro.describe import tables

    return {
        "paper": paper.name,
        "title": paper.title,
        "citation": paper.citation,
        "variants": dict(paper.variants),
        "scales": {scale: paper.scale_notes.get(scale, "") for scale in paper.scales},
        "tables": tables(paper),
        "sentences": [claim_facts(c) for c in paper.sentences],
    }


def claim_facts(claim: Claim) -> dict[str, Any]:
    """A claim as plain values; what it does not have is ``None``."""
    from repro.verdicts.verdict import kind_of

    value = claim if isinstance(claim, Value) else None
    exact = claim if isinstance(claim, Exact) else None
    numeric = value or exact
    return {
        "id": claim.id,
        "kind": kind_of(claim),
        "text": claim.text,
        "value": numeric.value if numeric else None,
        "unit": numeric.unit if numeric else None,
        "sd": value.sd if value else None,
        "n": value.n if value else None,
        "metric": getattr(claim, "metric", None),
        "which": getattr(claim, "which", None),
        "epoch": value.epoch if value else None,
        "seed": value.seed if value else None,
        "per_seed": list(value.per_seed) if value else [],
        "margin": value.margin if value else exact.tolerance if exact else None,
        "rounding": value.rounding if value else None,
        "margin_reason": value.margin_reason if value else None,
        "gating": decides(claim),
        "experiments": list(experiments_of(claim)),
        "source": claim.source,
        "provenance": claim.provenance,
        "note": claim.note,
    }


def decides(claim: Claim) -> bool:
    """Whether a verdict on the claim counts; one on a compound does where all its parts do."""
    if isinstance(claim, Compound):
        return all(map(decides, claim.parts))
    return bool(getattr(claim, "gating", True))


def in_words(protocol: Protocol) -> str:
    """The phases of a run: ``prune by snip(sparsity=0.999), then train 350 epochs with frozen-zeros``."""
    words = []
    for phase in protocol.phases:
        if isinstance(phase, Train):
            methods = ", ".join(map(_component, phase.methods))
            words.append(f"train {phase.epochs} epochs" + (f" with {methods}" if methods else ""))
        elif isinstance(phase, Prune):
            words.append(f"prune by {_component(phase.method)}")
        elif isinstance(phase, Rewind):
            words.append(f"rewind to {'the best epoch' if phase.best else f'epoch {phase.epoch}'} of {phase.phase}")
        elif isinstance(phase, Quantise):
            words.append(f"quantise ({phase.weight_observer}, {phase.activation_observer}, {phase.scheme})")
    return ", then ".join(words)


def plain(value: Any) -> str:
    """A setting's value for people: ``150, 250``, ``0.125``; a dash for nothing."""
    if isinstance(value, list):
        return ", ".join(map(plain, value)) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return "–" if value is None else str(value)


def _names(path: str) -> bool:
    """Whether a path holds a tag that names a part, and sets nothing."""
    return (
        path in NAMES
        or path.endswith(".kind")
        or (path.startswith("phases.") and path.count(".") == 2 and path.endswith(".name"))
    )


def _is_part_of_words(path: str) -> bool:
    """Whether ``in_words`` says it already."""
    return ".methods." in path or ".method." in path


def _component(method: Method) -> str:
    options = ", ".join(f"{k}={plain(v)}" for k, v in method.options.items())
    return f"{method.name}({options})" if options else method.name


def _without_counts(paper: Paper) -> Paper:
    """The paper without the sentences that need a network to be built; no test on the others depends on them."""
    return replace(paper, sentences=tuple(c for c in paper.sentences if not _counts(c)))


def _counts(claim: Claim) -> bool:
    parts: Sequence[Claim] = claim.parts if isinstance(claim, Compound) else ()
    return isinstance(claim, Exact) or any(map(_counts, parts))
