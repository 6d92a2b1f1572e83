"""What ``repro verify --plan`` prints: the runs, what they cost here, and what they can decide."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from repro.cli.console import duration, out, print_json
from repro.cli.refuse import refuse_places
from repro.cli.verify_show import SCHEMA_VERSION, opening
from repro.cost import Estimate, Line
from repro.request import Prepared


def answer(prepared: Prepared, json: bool) -> None:
    """Answer ``--plan``: refuse the places that running would refuse, measure, and show.

    Raises:
        ReproError: for a device or a data folder that is not here.
    """
    from repro.verification import estimate

    refuse_places(prepared.request.device, prepared.request.data_dir)
    cost = estimate(prepared)
    print_json(plan_json(prepared, cost)) if json else plan(prepared, cost)


def plan_json(prepared: Prepared, cost: Estimate) -> dict[str, Any]:
    """The document of ``--plan --json``."""
    from repro.verdicts.plan import power_plan

    request = prepared.request
    power = power_plan(request.paper, request.table, prepared.seeds, prepared.choice.scale)
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "plan",
        "paper": request.paper.name,
        "table": request.table.id,
        "scale": prepared.choice.scale,
        "scale_reason": prepared.choice.reason,
        "seeds": list(prepared.seeds),
        **cost.to_json(),
        "claims": [item.to_json() for item in power],
    }


SOURCES = {
    "measured": "measured: seconds of such a step on this machine, on random images.",
    "scaled": "n of m images: a step of n images was measured; each further one adds three measured forward passes.",
    "extrapolated": (
        "counted: no such step was measured; its multiply-adds are counted and take as long as those of the measured "
        "step closest in size."
    ),
}


def step_source(line: Line) -> str:
    """Where a step's seconds come from, in a word."""
    if line.basis == "scaled":
        return f"{line.measured_batch} of {line.batch} images"
    return "measured" if line.basis == "measured" else "counted"


def sources(cost: Estimate) -> list[str]:
    """What the words of ``step_source`` mean, of those that occur, and whether the machine was fit to measure on."""
    said = [text for basis, text in SOURCES.items() if any(line.basis == basis for line in cost.lines)]
    if cost.busy:
        said.append(
            f"This machine is busy with other work ({cost.load_per_core:.1f} programs wait for each core), so these "
            "figures may be several times too high; they are not kept."
        )
    return said


def plan(prepared: Prepared, cost: Estimate) -> None:
    """What would be run, what it costs here, and which claims that can decide."""
    from repro.verdicts.cells import leaves
    from repro.verdicts.plan import power_plan

    opening(prepared)
    if not prepared.runs:
        out.print("Nothing is trained for this table: its numbers are computed when it is verified.")
        return
    title = Text(f"Runs on this machine ({cost.device})", style="table.title")
    grid = Grid(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for name in ("experiment", "runs", "left", "steps a run", "a step", "from", "a run", "all left"):
        grid.add_column(name, justify="left" if name in ("experiment", "from") else "right", overflow="fold")
    for line in cost.lines:
        step = duration(line.step_seconds) if line.step_seconds >= 10 else f"{line.step_seconds * 1000:,.0f} ms"
        each = duration(line.seconds)
        total = duration(line.left * line.seconds)
        grid.add_row(
            Text(line.title), str(line.runs), str(line.left), f"{line.steps:,}", step, step_source(line), each, total
        )
    out.print(grid)
    side = f", {cost.workers} runs at a time" if cost.workers > 1 else ""
    saved = cost.shared_seconds / cost.workers
    once = f"; {duration(saved)} less than the sum, as trainings that runs share are done once" if saved > 0 else ""
    out.print(f"All that is left: [head]{duration(cost.seconds_left)}[/]{side}{once}.")
    for word in sources(cost):
        out.print(Padding(Text(word, style="quiet"), (0, 0, 0, 1)))
    power = Grid(box=box.SIMPLE_HEAD, title="What these seeds can decide", title_justify="left", pad_edge=False)
    for name in ("claim", "seeds needed", "what can be decided"):
        power.add_column(name, overflow="fold")
    request = prepared.request
    per_run = {line.experiment: line.seconds for line in cost.lines}
    by_id = {c.id: c for c in leaves(request.table.claims)}
    for item in power_plan(request.paper, request.table, prepared.seeds, prepared.choice.scale):
        needed = "no number" if item.decidable is False else str(item.needed_n or "–")
        claim = by_id[item.claim]
        seconds = per_run.get(getattr(claim, "experiment", ""), 0.0)
        extra = f" ({duration(item.needed_n * seconds)} here)" if item.needed_n and seconds else ""
        power.add_row(Text(claim.text), needed, Text(f"{item.text}{extra}"))
    out.print(power)
