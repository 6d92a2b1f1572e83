"""What ``repro verify`` does, without a screen: prepare, execute, judge, track."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro import home
from repro.launch.job import Ended, Job
from repro.planning import Run, experiments_for, parse_seeds, runs_for
from repro.scale import Choice, choose
from shared.claims import Table
from shared.errors import MissingEvidenceError, ReproError, unknown
from shared.paper import Paper
from shared.protocol import Precision, Protocol, Scale

if TYPE_CHECKING:
    from repro.cost import Estimate
    from repro.evidence.record import Record
    from repro.verdicts.table import TableVerdict
    from repro.verdicts.verdict import Verdict

SCALES: tuple[Scale, ...] = ("demo", "reduced", "paper")
HEAVY_MACS = 30_000_000
"""Forward multiply-adds per sample from which one run makes use of all cores of a machine."""


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line."""

    paper: Paper
    table: Table
    scale: str = "auto"
    seeds: str | None = None
    data_dir: Path | None = None
    runs_dir: Path | None = None
    device: str = "auto"
    precision: str | None = None
    jobs: int | None = None


@dataclass(frozen=True)
class Prepared:
    """A request turned into runs."""

    request: Request
    choice: Choice
    seeds: tuple[int, ...]
    runs_dir: Path
    runs: tuple[Run, ...]

    @property
    def left(self) -> list[Run]:
        """Runs that have no record yet."""
        return [r for r in self.runs if r.state != "done"]


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


def prepare(request: Request) -> Prepared:
    """Choose scale and seeds, and list the runs.

    Raises:
        ReproError: for a scale, seed or precision that cannot be, or data that are missing.
    """
    paper, table = request.paper, request.table
    experiments = experiments_for(table)
    choice = choose(paper, table, request.scale, experiments, request.data_dir)
    seeds = parse_seeds(request.seeds, table.seeds)
    runs_dir = home.runs_dir(request.runs_dir)
    runs = runs_for(paper, table, choice.scale, seeds, runs_dir)
    if request.precision is not None:
        runs = [with_precision(r, request.precision, runs_dir) for r in runs]
    return Prepared(request, choice, seeds, runs_dir, tuple(runs))


def with_precision(run: Run, precision: str, runs_dir: Path) -> Run:
    """The same run at another precision: another identity, and an immaterial deviation."""
    from dataclasses import replace
    from typing import get_args

    from repro.planning import state_of

    if precision not in get_args(Precision):
        raise unknown("precision", precision, get_args(Precision))
    protocol = run.protocol.with_(precision=precision)
    directory = home.run_path(runs_dir, protocol)
    return replace(run, protocol=protocol, directory=directory, state=state_of(directory))


def check(prepared: Prepared) -> None:
    """Fail early, in one sentence, where runs that are left cannot run: folder, device or data.

    Raises:
        ReproError: naming what is wrong and what to do.
        MissingDataError: naming what is missing and what to do.
    """
    from repro.doctor import unwritable
    from repro.scale import has_cuda

    if not prepared.left:
        return
    if reason := unwritable(prepared.runs_dir):
        raise ReproError(f"{prepared.runs_dir} cannot be written to ({reason}); choose another --runs-dir.")
    if prepared.request.device.startswith("cuda") and not has_cuda():
        raise ReproError(f"device {prepared.request.device!r} is not available here; use --device cpu.")
    from shared.data.sources import load, present

    for data in {r.protocol.data.name: r.protocol.data for r in prepared.left}.values():
        if not present(data, prepared.request.data_dir):
            load(data, prepared.request.data_dir)  # raises the sentence


def jobs_for(prepared: Prepared) -> tuple[list[Job], int]:
    """The jobs that are left, and how many to run at a time.

    On a CPU small networks get one thread each and run side by side; large ones use all cores one after the other.
    """
    from repro.launch.pool import cores

    request = prepared.request
    heavy = any(_forward_macs(r.protocol) > HEAVY_MACS for r in prepared.left)
    on_gpu = request.device.startswith("cuda") or (request.device == "auto" and _gpu())
    workers = request.jobs or (1 if heavy or on_gpu else cores())
    workers = max(1, min(workers, len(prepared.left)))
    threads = max(1, cores() // workers) if heavy else 1
    prefixes = prepared.runs_dir / "beginnings"
    return [
        Job(r.protocol, r.directory, r.label, request.data_dir, request.device, threads, prefixes)
        for r in prepared.left
    ], workers


def _gpu() -> bool:
    from repro.scale import has_cuda

    return has_cuda()


def _forward_macs(protocol: Protocol) -> int:
    """A cheap estimate: the network's known order of magnitude times the square of its width."""
    base = 150_000_000 if protocol.model.name.startswith(("vgg", "resnet", "densenet", "conv", "wrn")) else 500_000
    return int(base * protocol.model.width**2 * (protocol.model.size / 32) ** 2)


def execute(prepared: Prepared) -> Iterator[list[Ended]]:
    """Execute what is left; see ``repro.launch.pool.run_all``."""
    from repro.launch.pool import run_all

    jobs, workers = jobs_for(prepared)
    yield from run_all(jobs, workers)


def estimate(prepared: Prepared) -> Estimate:
    """What the runs cost on this machine, from a few measured steps."""
    from repro.cost import estimate as measured

    return measured(prepared)


def judge(prepared: Prepared, failed: Sequence[Ended] = ()) -> Judged:
    """Judge the table on the runs of this request; committed evidence of a higher scale stands beside it."""
    from repro.evidence.looks import look, looks
    from repro.evidence.store import read
    from repro.verdicts.table import judge as judge_table

    request, scale = prepared.request, prepared.choice.scale
    folders = [r.directory for r in prepared.runs if (r.directory / "record.json").exists()]
    records, problems = read(folders) if folders else ([], [])
    seeds_of: dict[str, set[int]] = {}
    for record in records:
        seeds_of.setdefault(record.protocol.study, set()).add(record.protocol.seed)
    for study, seeds in seeds_of.items():
        look(prepared.runs_dir, study, seeds)
    verdict = judge_table(
        request.paper,
        request.table,
        records,
        seeds=prepared.seeds,
        scale=scale,
        looks=partial(looks, prepared.runs_dir),
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


def committed(paper: Paper, table: Table, above: Scale) -> tuple[TableVerdict, ...]:
    """Verdicts from committed evidence at higher scales that say anything about the table, highest first."""
    from repro.evidence.store import read
    from repro.verdicts.table import judge as judge_table

    folder = home.results_dir() / paper.name
    if not folder.is_dir():
        return ()
    records, _ = read(folder)
    higher = SCALES[SCALES.index(above) + 1 :]
    found = []
    for scale in reversed(higher):
        there = [r for r in records if r.protocol.scale == scale]
        if there:
            verdict = judge_table(paper, table, there, scale=scale)
            if any(v.n for v in verdict.verdicts if v.kind not in ("exact", "invariant")):
                found.append(verdict)
    return tuple(found)


def from_records(paper: Paper, table: str | None, paths: Sequence[Path], scale: str, seeds: str | None) -> Judged:
    """Judge one table, or every table, on records made anywhere.

    Raises:
        MissingEvidenceError: if there is no record of the paper at these paths.
    """
    from repro.evidence.looks import LEDGER, looks
    from repro.evidence.store import read
    from repro.verdicts.sample import index
    from repro.verdicts.table import judge as judge_table

    records, problems = read(paths)
    records = [r for r in records if r.protocol.paper == paper.name]
    if not records:
        places = ", ".join(map(str, paths))
        raise MissingEvidenceError(f"There is no usable record of {paper.name} in {places}.")
    if scale != "auto" and scale not in paper.scales:
        raise unknown("scale", scale, [*paper.scales, "auto"])
    wanted: Scale | None = None if scale == "auto" else scale  # type: ignore[assignment]
    tables = [paper.table(table)] if table else list(paper.tables.values())

    def seeds_of(table: Table) -> tuple[int, ...] | None:
        return parse_seeds(seeds, table.seeds) if seeds else None

    runs = index(records)
    ledger = next((p for p in paths if (p / LEDGER).is_file()), None)
    counted = partial(looks, ledger) if ledger else None
    verdicts = tuple(judge_table(paper, t, runs, scale=wanted, seeds=seeds_of(t), looks=counted) for t in tables)
    return Judged(verdicts, tuple(records), problems=tuple(map(str, problems)))


def on_published(paper: Paper, table: str | None) -> list[Verdict]:
    """The paper's sentences, judged on the authors' own numbers; all of them, or those of a table."""
    from repro.verdicts.published import judge_published

    verdicts = judge_published(paper)
    if table is None:
        return verdicts
    chosen = paper.table(table)
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


def write_badge(path: Path | None, tables: Sequence[TableVerdict]) -> None:
    """A badge in the format of shields.io's endpoint, computed from the verdicts."""
    if path is None:
        return
    path.write_text(json.dumps(badge(tables)) + "\n")


def badge(tables: Sequence[TableVerdict]) -> dict[str, Any]:
    """Label, message and colour for a set of verdicts; numbers that decide nothing are left out, as in exit codes."""
    gating = [v for t in tables for v in t.verdicts if v.gating]
    against = sum(v.contradicted for v in gating)
    for_ = sum(v.decided for v in gating) - against
    message = f"{for_} stand, {against} do not, {len(gating) - for_ - against} undecided"
    colour = "red" if against else ("brightgreen" if for_ else "lightgrey")
    return {"schemaVersion": 1, "label": "reproduced", "message": message, "color": colour}
