"""``repro bench``: speed of the engine against a plain training loop, on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from repro.bench.measure import Result

SCHEMA_VERSION = 1


def command(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer and shorter rounds, without full-width VGG19.")] = False,
    case: Annotated[
        list[str] | None, typer.Option("--case", help="Only cases whose name holds this, e.g. lenet; repeatable.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1...")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Train the same networks by the engine and by a plain PyTorch loop, in turn, and compare."""
    from repro.bench.cases import cases
    from repro.cli.console import err, print_json
    from repro.device import device_name
    from repro.launch.pool import cores
    from repro.registry import load
    from shared.errors import unknown
    from shared.training.engine import device_named

    where = device_named(device)
    chosen = cases(where.type, quick=quick)
    for part in case or ():
        if not any(part.lower() in c.name.lower() for c in chosen):
            raise unknown("case", part, [c.name for c in chosen])
    if case:
        chosen = tuple(c for c in chosen if any(part.lower() in c.name.lower() for part in case))
    from repro.bench.measure import measure

    own, results = load("flipout").components, []
    for one in chosen:
        err.print(f"[quiet]{one.name} ...[/]")
        results.append(measure(one, where, own, quick=quick, cores=cores()))
    if json:
        rows = [r.to_json() for r in results]
        print_json({"schema_version": SCHEMA_VERSION, "kind": "bench", "device": device_name(where), "results": rows})
        return
    _show(results, device_name(where))


def _show(results: list[Result], device: str) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from repro.cli.console import duration, out

    title = f"Training samples a second on {device}"
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=Text(title, style="table.title"))
    for name in ("network", "plain loop", "engine", "ratio", "with FlipOut", "overhead", "of matmul rate", "an epoch"):
        grid.add_column(name, justify="left" if name == "network" else "right", overflow="fold")
    for r in results:
        grid.add_row(
            f"{r.case}, batch {r.batch}",
            f"{r.plain:,.0f}",
            f"{r.dense:,.0f}",
            f"{r.ratio:.1f}x",
            f"{r.flipout:,.0f}",
            f"{r.overhead_percent:+.1f} %",
            f"{100 * r.of_matmul:.0f} %",
            duration(r.epoch_seconds),
        )
    out.print(grid)
    out.print(
        "Plain loop: DataLoader with 2 workers, torchvision transforms, loss and count read every step, all cores. "
        "Engine: one thread for small networks, all cores for large ones. Medians over rounds in which each runs once.",
        style="quiet",
    )
