"""What ``repro verify`` does with records, without a screen: judge, set other evidence beside, show in MLflow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from repro import home
from repro.launch.job import Ended
from repro.planning import parse_seeds
from repro.request import Prepared
from shared.claims import Table
from shared.errors import MissingEvidenceError, ReproError, unknown
from shared.paper import Paper
from shared.protocol import Scale

if TYPE_CHECKING:
    from repro.cost import Estimate
    from repro.evidence.record import Record
    from repro.verdicts.table import TableVerdict
    from repro.verdicts.verdict import Verdict

SCALES: tuple[Scale, ...] = ("demo", "reduced", "paper")


@dataclass(frozen=True)
class Judged:
    """Verdicts on one or more tables, with the runs that failed and higher-scale evidence beside them."""

    tables: tuple[TableVerdict, ...]
    records: tuple[Record, ...] = ()
    failed: tuple[Ended, ...] = ()
    beside: tuple[TableVerdict, ...] = ()
    origin: str = ""
    problems: tuple[str, ...] = field(default=())

    def exit_code(self, strict: bool) -> int:
        """The highest-ranking code over all tables: contradicted, then missing, then fine."""
        codes = {t.exit_code(strict=strict, failed_runs=bool(self.failed)) for t in self.tables}
        return next((c for c in (1, 3) if c in codes), 0)


def estimate(prepared: Prepared) -> Estimate:
    """What the runs cost on this machine, from a few measured steps."""
    from repro.cost import estimate as measured

    return measured(prepared)


def judge(prepared: Prepared, failed: Sequence[Ended] = ()) -> Judged:
    """Judge the table on the runs of this request; committed evidence of a higher scale stands beside it."""
    from repro.evidence.looks import look, looks_at
    from repro.evidence.store import read
    from repro.verdicts.table import judge as judge_table

    request, scale = prepared.request, prepared.choice.scale
    folders = [r.directory for r in prepared.runs if (r.directory / "record.json").exists()]
    records, problems = read(folders) if folders else ([], [])
    for study, seeds in planned_seeds(prepared).items():
        if any(record.protocol.study == study for record in records):
            look(prepared.runs_dir, study, seeds)
    verdict = judge_table(
        request.paper,
        request.table,
        records,
        seeds=prepared.seeds,
        scale=scale,
        looks=looks_at(prepared.runs_dir / request.paper.name, [request.paper.name]),
    )
    beside = committed(request.paper, request.table, above=scale)
    return Judged(
        (verdict,),
        tuple(records),
        tuple(failed),
        beside,
        origin=str(home.results_dir()) if beside else "",
        problems=tuple(map(str, problems)),
    )


def planned_seeds(prepared: Prepared) -> dict[str, set[int]]:
    """The seeds of each study that were fixed up front: those asked for, also where their run has failed so far.

    Noting only the seeds that are there would make the rest of them, when they come, seeds that were added.
    """
    seeds: dict[str, set[int]] = {}
    for run in prepared.runs:
        seeds.setdefault(run.protocol.study, set()).add(run.seed)
    return seeds


def committed(paper: Paper, table: Table, above: Scale) -> tuple[TableVerdict, ...]:
    """Verdicts from committed evidence at higher scales that say anything about the table, highest first."""
    from repro.evidence.looks import looks_at
    from repro.evidence.store import read
    from repro.verdicts.table import judge as judge_table

    folder = home.results_dir() / paper.name
    if not folder.is_dir():
        return ()
    records, _ = read(folder)
    counted = looks_at(folder, [paper.name])
    higher = SCALES[SCALES.index(above) + 1 :]
    found = []
    for scale in reversed(higher):
        there = [r for r in records if r.protocol.scale == scale]
        if there:
            verdict = judge_table(paper, table, there, scale=scale, looks=counted)
            if any(v.n for v in verdict.verdicts if v.kind not in ("exact", "invariant")):
                found.append(verdict)
    return tuple(found)


def from_records(paper: Paper, table: str | None, paths: Sequence[Path], scale: str, seeds: str | None) -> Judged:
    """Judge one table (``sentences``: the paper's own), or all of them, on records made anywhere.

    Raises:
        MissingEvidenceError: if there is no record of the paper at these paths.
    """
    from repro.evidence.looks import looks_at
    from repro.evidence.store import read
    from repro.verdicts.sample import index
    from repro.verdicts.table import SENTENCES, find_table
    from repro.verdicts.table import judge as judge_table

    records, problems = read(paths)
    records = [r for r in records if r.protocol.paper == paper.name]
    if not records:
        places = ", ".join(map(str, paths))
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        why = f" ({problems[0]}{more})" if problems else ""
        raise MissingEvidenceError(f"There is no usable record of {paper.name} in {places}{why}.")
    if scale != "auto" and scale not in paper.scales:
        raise unknown("scale", scale, [*paper.scales, "auto"])
    wanted: Scale | None = None if scale == "auto" else scale  # type: ignore[assignment]
    every = [*paper.tables.values(), *([find_table(paper, SENTENCES)] if paper.sentences else [])]
    tables = [find_table(paper, table)] if table else every

    def seeds_of(table: Table) -> tuple[int, ...] | None:
        return None if seeds is None else parse_seeds(seeds, table.seeds)

    runs = index(records)
    counted = looks_at(paths, [paper.name])
    verdicts = tuple(judge_table(paper, t, runs, scale=wanted, seeds=seeds_of(t), looks=counted) for t in tables)
    return Judged(verdicts, tuple(records), problems=tuple(map(str, problems)))


def on_published(paper: Paper, table: str | None) -> list[Verdict]:
    """The paper's sentences, judged on the published numbers; all of them, or those of a table."""
    from repro.verdicts.published import judge_published
    from repro.verdicts.table import find_table

    verdicts = judge_published(paper)
    if table is None:  # a table repeats the paper's sentences that it carries: once is enough
        return list({(type(v.claim), v.claim.text): v for v in reversed(verdicts)}.values())[::-1]
    chosen = find_table(paper, table)
    ids = {c.id for c in chosen.claims}
    found = [v for v in verdicts if v.claim.id in ids or v.claim.table == chosen.id]
    if not found:
        raise ReproError(f"The table {chosen.id} has no sentences to judge; leave out --table to see all of them.")
    return found


def track(prepared: Prepared, judged: Judged, notify: Callable[[str], None]) -> None:
    """Show the verification and its runs in MLflow; never in the way of a verdict."""
    from repro.tracking import Tracked, Tracker

    request = prepared.request
    by_identity = {r.protocol.identity: r for r in prepared.runs}
    claims_of: dict[str, list[str]] = {}
    for verdict in judged.tables[0].verdicts:
        for identity in verdict.identities:
            claims_of.setdefault(identity, []).append(verdict.claim.id)
    items = [
        Tracked(
            record=record,
            title=by_identity[record.identity].title,
            labels=request.paper.experiments[by_identity[record.identity].experiment].labels,
            claims=tuple(claims_of.get(record.identity, ())),
            table=request.table.id,
            folder=by_identity[record.identity].directory,
        )
        for record in judged.records
    ]
    tracker = Tracker(prepared.runs_dir, notify=notify)
    for ended in judged.failed:
        tracker.log_interrupted(ended.job.protocol, ended.sentence, ended.job.label)
    tracker.log_verification(
        paper=request.paper.name,
        scale=prepared.choice.scale,
        table=request.table.id,
        items=items,
        note=markdown(judged.tables[0]),
        counts=Counter(v.label for v in judged.tables[0].verdicts),
        status="interrupted" if judged.failed else "finished",
    )


def markdown(table: TableVerdict) -> str:
    """A verdict table in Markdown, for notes and READMEs."""
    from repro.report.markdown import verdict_table

    return verdict_table(table)
