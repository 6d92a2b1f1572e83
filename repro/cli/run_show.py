"""What ``repro run`` prints: notices on stderr, the summary or one JSON document on stdout."""

from __future__ import annotations

import json as text
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Column
from rich.table import Table as Grid
from rich.text import Text

from repro.cli.console import duration, notice, out, print_json
from repro.launch.job import Ended
from repro.settings import differing
from repro.showing import in_words, plain
from repro.single import Single, record_of

if TYPE_CHECKING:
    from repro.evidence.record import Outcome

SCHEMA_VERSION = 1
NAMES_OF_CUT = ("model.width", "data.name", "data.per_class")
NAMED_ENDINGS = (".epochs", ".milestones", ".interval", ".stop_epoch", ".last_epoch")
"""Settings worth a word when a scale changes them."""
NAMED = 4
"""Layers that a line names before it counts the rest."""


def opening(single: Single) -> None:
    """Which scale and why, what the run consists of, and what the scale changes."""
    choice = single.choice
    title, scale = (single.paper.title, "head"), (choice.scale, "head")
    notice(Text.assemble(title, " at ", scale, f" scale ({choice.reason})."))
    notice(Text(f"It will {in_words(single.protocol)}.", style="quiet"))
    if single.choice.scale == "paper":
        return
    cut = single.paper.scales[choice.scale](single.full)
    rows = differing({"full": single.full, "cut": cut})
    named = [p for p in rows if p in NAMES_OF_CUT or p.endswith(NAMED_ENDINGS)]
    parts = [f"{p} {plain(rows[p].get('full'))} → {plain(rows[p].get('cut'))}" for p in named]
    if parts:
        notice(Text(f"The scale changes {'; '.join(parts)}. --set PATH=VALUE sets one exactly.", style="quiet"))


def deleting(single: Single) -> None:
    """What ``--restart`` is about to delete."""
    what = "the finished run" if single.run().state == "done" else "the checkpoint and metrics"
    notice(f"--restart: deleting {what} in {single.directory}.")


def starting(single: Single) -> None:
    """Where the run lives, and whether it goes on from a checkpoint."""
    from shared.training.checkpoint import names

    goes_on = bool(names(single.directory / "checkpoint"))
    what = "Continuing" if goes_on else "Running"
    notice(f"{what} in {single.directory} (Ctrl-C stops it, the same command continues).")


def dry_run(single: Single) -> None:
    """The protocol, its identity and where it would run."""
    print_json(
        {
            "schema_version": SCHEMA_VERSION,
            "kind": "run-plan",
            **_identity(single),
            "scale_reason": single.choice.reason,
            "epochs": single.protocol.epochs,
            "state": single.run().state,
            "protocol": single.protocol.model_dump(mode="json"),
        }
    )


def result(single: Single, *, repeated: bool, json: bool) -> None:
    """The summary of a finished run."""
    record = record_of(single)
    if json:
        document = {**_identity(single), "state": record.outcome.status, "repeated": repeated}
        plain_record = text.loads(record.model_dump_json())
        print_json({"schema_version": SCHEMA_VERSION, "kind": "run", **document, "record": plain_record})
        return
    if repeated:
        notice("This run is finished already; nothing is trained (--restart runs it again).")
    grid = Grid.grid(Column(), Column(overflow="fold"), padding=(0, 2))
    for name, value in lines(single):
        grid.add_row(Text(name, style="quiet"), value if isinstance(value, Text) else Text(value))
    out.print(grid)


def parameters(outcome: Outcome) -> str:
    """How many numbers training could still change, of all; tied weights count as the values that they share."""
    values = (outcome.extra.get("tie") or {}).get("values")
    free = outcome.parameters - outcome.prunable + (outcome.remaining if values is None else values)
    shared = "" if values is None else f", which share {values:,} values"
    left = f"{outcome.remaining:,} of {outcome.prunable:,} prunable left{shared}"
    return f"{left}; {free:,} of {outcome.parameters:,} parameters in all"


def results(extra: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What phases other than training have to say, by their names."""
    found = []
    for name, result in extra.items():
        if not isinstance(result, dict):
            continue
        if "int8" in result:
            eight = result["int8"]
            share = 100 * eight["correct"] / eight["total"]
            size = f"{result['size_bytes_int8']:,} of {result['size_bytes_float']:,} bytes"
            found.append((name, f"8-bit accuracy {share:.2f} %, {size}"))
        if "guaranteed_layers" in result:
            found.append((name, guaranteed(result["guaranteed_layers"])))
        if "bytes" in result.get("after", {}):
            found.append((name, smaller(result["before"], result["after"])))
    return found


def smaller(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """The network that is left when channels that nobody needs are cut out, and the file that has it."""
    sizes = (f"{after[unit]:,} of {before[unit]:,} {unit}" for unit in ("parameters", "bytes"))
    return f"{', '.join(sizes)}: compact.safetensors in the run's directory"


def guaranteed(layers: Sequence[str]) -> str:
    """Layers that keep one weight although their share is less, so that the run is not cut at them."""
    named = ", ".join(layers[:NAMED]) + (f" and {len(layers) - NAMED} more" if len(layers) > NAMED else "")
    many = len(layers) > 1
    return f"{named} would keep less than one weight; {'each is' if many else 'it is'} given one"


def lines(single: Single) -> list[tuple[str, str | Text]]:
    """The summary, as names and values; nothing in a plain value is markup."""
    record = record_of(single)
    o = record.outcome
    found: list[tuple[str, str | Text]] = [
        ("run", f"{single.run().label} at {single.protocol.scale} scale, {single.protocol.variant}"),
        ("accuracy", f"last {o.last.percent:.2f} %, best {o.best.percent:.2f} % (epoch {o.best.epoch})"),
        ("sparsity", f"{100 * (1 - o.remaining / o.prunable):.4f} %"),
        ("weights", parameters(o)),
        ("MACs", f"{o.macs_sparse:,} of {o.macs_dense:,} a sample ({ratio(o.macs_dense, o.macs_sparse)})"),
    ]
    if (five := record.metric("top5_accuracy")) is not None:
        found.insert(
            2, ("top-5", f"last {five:.2f} %, at the best epoch {record.metric('top5_accuracy', which='best'):.2f} %")
        )
    if o.status == "diverged":
        why = ": the loss is no longer finite; a smaller --lr may help"
        found.insert(1, ("state", Text.assemble(("diverged", "bad"), why)))
    found += results(o.extra)
    if "inference" in o.extra:
        found.append(("inference", inference(o.extra["inference"])))
    if o.collapse:
        found.append(("collapse", Text(o.collapse, style="open")))
    found.append(("time", f"{duration(record.cost.seconds)} for {record.cost.epochs} epochs"))
    found.append(("directory", str(single.directory)))
    found.append(("claims", claims(single)))
    return found


def inference(measured: dict[str, Any]) -> str:
    """Time of a batch beside the dense network's, and without the channels that are gone."""
    dense, pruned, compact = measured["dense"], measured["pruned"], measured.get("compact")
    text = f"{1e3 * pruned['seconds']:.3g} ms for {measured['images']} images, dense {1e3 * dense['seconds']:.3g} ms"
    return text + (f"; {1e3 * compact['seconds']:.3g} ms without its dead channels" if compact else "")


def ratio(dense: int, sparse: int) -> str:
    """By how much the multiply-adds shrink."""
    return f"{dense / sparse:,.1f} times fewer" if sparse else "none left"


def claims(single: Single) -> str:
    """Whether the paper says anything about this very run."""
    if single.experiment is None:
        return "none: no experiment of the paper has these settings"
    tables = single.tables
    if not tables:
        return f"none about {single.experiment.id}"
    count = sum(map(len, tables.values()))
    first = next(iter(tables))
    verify = f"repro verify {single.paper.name} --table {first} --scale {single.protocol.scale}"
    return f"{count} about {single.experiment.id} in {', '.join(tables)}; `{verify}` counts this run"


def stopped(single: Single, ended: Ended, *, json: bool) -> None:
    """A run that was interrupted, or that crashed."""
    if json:
        document = {**_identity(single), "state": ended.state, "sentence": ended.sentence}
        print_json({"schema_version": SCHEMA_VERSION, "kind": "run", **document, "record": None})
    if ended.state == "interrupted":
        notice(ended.sentence)
        return
    where = single.directory / "status.json"
    notice(Text.assemble(("Failed:", "bad"), f" {ended.sentence} ", (f"(traceback in {where})", "quiet")))


def _identity(single: Single) -> dict[str, Any]:
    return {
        "paper": single.paper.name,
        "scale": single.protocol.scale,
        "identity": single.protocol.identity,
        "study": single.protocol.study,
        "directory": str(single.directory),
        "experiment": single.experiment.id if single.experiment else None,
        "claims": single.tables,
    }
