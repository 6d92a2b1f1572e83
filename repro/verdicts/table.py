"""All claims of a table, judged together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from repro.evidence.collection import collection_paused
from repro.evidence.record import Record
from repro.verdicts.cells import leaves
from repro.verdicts.compound import judge_compound
from repro.verdicts.correction import correct
from repro.verdicts.exit_codes import exit_code
from repro.verdicts.fidelity import data_effect as recorded_effect
from repro.verdicts.rules import Evidence, judge_leaf
from repro.verdicts.sample import DataEffect, Looks, Runs, index
from repro.verdicts.score import Score, score
from repro.verdicts.verdict import SCHEMA_VERSION, Verdict
from shared.claims import Claim, Compound, Table
from shared.paper import Paper
from shared.protocol import Scale

SENTENCES = "sentences"
_SENTENCE_KINDS = ("ordering", "trend", "collapse", "steadier", "compound")


@dataclass(frozen=True)
class TableVerdict:
    """The verdicts on a table's claims, in the table's order, and what they come to.

    Attributes:
        values, sentences, laws: scores by kind of claim; they are never added up.
        all_reproduced: every published number of the table is equivalent to ours (intersection-union test, so that
            the joint statement has the level of a single one); ``None`` for a table without numbers.
        expected_false: the false labels that chance alone is expected to give among the numbers tested, by the nominal
            levels.
    """

    paper: str
    table: Table
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...]
    values: Score
    sentences: Score
    laws: Score
    all_reproduced: bool | None
    expected_false: float

    @property
    def score(self) -> Score:
        """The score of the published numbers."""
        return self.values

    @property
    def missing(self) -> tuple[str, ...]:
        """Ids of the claims for which there is no evidence."""
        return tuple(v.claim.id for v in self.verdicts if v.label == "NOT TESTED")

    def exit_code(self, *, strict: bool = False, failed_runs: bool = False) -> int:
        """The exit code of ``repro verify`` for this table alone."""
        return exit_code(self.verdicts, strict=strict, failed_runs=failed_runs)

    def to_json(self) -> dict[str, Any]:
        """Plain values, versioned."""
        return {
            "schema_version": SCHEMA_VERSION,
            "paper": self.paper,
            "table": self.table.id,
            "title": self.table.title,
            "scores": {
                "values": self.values.to_json(),
                "sentences": self.sentences.to_json(),
                "laws": self.laws.to_json(),
            },
            "all_reproduced": self.all_reproduced,
            "expected_false": self.expected_false,
            "notes": list(self.notes),
            "verdicts": [v.to_json() for v in self.verdicts],
        }


@collection_paused()
def judge(
    paper: Paper,
    table: Table | str,
    records: Sequence[Record] | Runs,
    *,
    seeds: Sequence[int] | None = None,
    scale: Scale | None = None,
    looks: Looks | None = None,
    data_effect: DataEffect | None = recorded_effect,
) -> TableVerdict:
    """Judge every claim of a table.

    Args:
        paper: the paper.
        table: the table, its name, or ``sentences`` for the claims that belong to no table.
        records: all the evidence there is, or an index of it (``sample.index``) shared between calls.
        seeds: only runs with these seeds, fixed up front, may speak.
        scale: only runs at this scale may speak; by default each sentence takes the highest scale with two runs.
        looks: number of times seeds were added to a study.
        data_effect: tells how far the data of a record are from the original's; by default what the record says.

    Raises:
        ReproError: for a table that does not exist.
    """
    chosen = find_table(paper, table)
    evidence = Evidence(paper, index(records), chosen, seeds=seeds, scale=scale, looks=looks, data_effect=data_effect)
    parts = leaves(chosen.claims)
    judged = iter(correct([judge_leaf(claim, evidence) for claim in parts]))
    verdicts = tuple(_assemble(claim, judged) for claim in chosen.claims)
    values = [v for v in verdicts if v.kind == "value"]
    tested = [v for v in values if v.gating and v.p is not None]
    gating = [v for v in values if v.gating]
    return TableVerdict(
        paper=paper.name,
        table=chosen,
        verdicts=verdicts,
        notes=tuple(evidence.notes(seeds)),
        values=score(values),
        sentences=score(v for v in verdicts if v.kind in _SENTENCE_KINDS),
        laws=score(v for v in verdicts if v.kind in ("exact", "invariant")),
        all_reproduced=all(v.label == "REPRODUCED" for v in gating) if gating else None,
        expected_false=sum(v.level for v in tested),
    )


def find_table(paper: Paper, table: Table | str) -> Table:
    """The table of that name; ``sentences`` names the claims that belong to no table."""
    if isinstance(table, Table):
        return table
    if table == SENTENCES and SENTENCES not in paper.tables:
        return Table(SENTENCES, "Sentences of the paper", paper.sentences)
    return paper.table(table)


def _assemble(claim: Claim, judged: Any) -> Verdict:
    """Put the verdicts on leaves, in order, back into the shape of the claim."""
    if isinstance(claim, Compound):
        return judge_compound(claim, tuple(_assemble(part, judged) for part in claim.parts))
    return next(judged)
