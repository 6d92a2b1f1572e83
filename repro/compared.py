"""What a comparison runs, what other evidence it borrows, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from repro.comparison import Comparison
from repro.request import Prepared, Request, prepare
from repro.verification import planned_seeds
from shared.paper import Paper

if TYPE_CHECKING:
    from repro.evidence.record import Record
    from repro.verdicts.sample import Sample
    from repro.verdicts.table import TableVerdict


@dataclass(frozen=True)
class Result:
    """What came out.

    Attributes:
        verdict: on each comparison, corrected for their number.
        samples: the runs of each experiment that has any, by its id.
        made_here: records of the runs kept on this machine.
    """

    verdict: TableVerdict
    samples: Mapping[str, Sample]
    made_here: tuple[Record, ...]


@dataclass(frozen=True)
class Evidence:
    """Records made elsewhere that may stand for runs of rivals.

    Attributes:
        paths: where they were read.
        records: of the paper.
        problems: lines that cannot be used, in words.
    """

    paths: tuple[Path, ...] = ()
    records: tuple[Record, ...] = ()
    problems: tuple[str, ...] = ()


def evidence_at(paper: Paper, paths: Sequence[Path]) -> Evidence:
    """The paper's records at these places.

    Raises:
        MissingEvidenceError: if a place does not exist.
    """
    from repro.evidence.store import read

    if not paths:
        return Evidence()
    records, problems = read(paths)
    mine = tuple(r for r in records if r.protocol.paper == paper.name)
    return Evidence(tuple(paths), mine, tuple(map(str, problems)))


def prepared(comparison: Comparison, asked: Request, evidence: Evidence) -> Prepared:
    """The runs; those that the evidence has already are done.

    Args:
        comparison: what is compared.
        asked: scale, seeds and places; its paper and table are the comparison's.
        evidence: records made elsewhere.
    """
    ready = prepare(replace(asked, paper=comparison.paper, table=comparison.table))
    there = {r.identity for r in evidence.records}
    runs = tuple(replace(r, state="done") if r.protocol.identity in there else r for r in ready.runs)
    return replace(ready, runs=runs)


def borrowed(ready: Prepared, evidence: Evidence) -> int:
    """Runs for which a record from elsewhere stands, as there is none here."""
    there = {r.identity for r in evidence.records}
    return sum(r.protocol.identity in there and not (r.directory / "record.json").exists() for r in ready.runs)


def judge(comparison: Comparison, ready: Prepared, evidence: Evidence) -> Result:
    """Test each comparison on the runs of this machine and, where there is none, on the evidence."""
    from repro.evidence.looks import look, looks_at
    from repro.evidence.store import read
    from repro.verdicts.sample import index, samples_of
    from repro.verdicts.table import judge as judge_table

    paper, scale = comparison.paper, ready.choice.scale
    folders = [r.directory for r in ready.runs if (r.directory / "record.json").exists()]
    here, _ = read(folders) if folders else ([], [])
    lacking = {r.protocol.identity for r in ready.runs} - {r.identity for r in here}
    runs = index([*here, *(r for r in evidence.records if r.identity in lacking)])
    for study, seeds in planned_seeds(ready).items():
        if any(r.protocol.study == study for r in here):
            look(ready.runs_dir, study, seeds)
    counted = looks_at([ready.runs_dir / paper.name, *evidence.paths], [paper.name])
    verdict = judge_table(paper, comparison.table, runs, seeds=ready.seeds, scale=scale, looks=counted)
    every = dict.fromkeys(e for s in comparison.settings for e in (s.outsider, *s.rivals))
    found = {e: samples_of(runs, e, paper, scales=[scale], seeds=ready.seeds) for e in every}
    return Result(verdict, {e: samples[0] for e, samples in found.items() if samples}, tuple(here))
