"""What ``repro compare`` prints: a block for each network and sparsity, a row for each rival."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table as Grid
from rich.text import Text

from repro.cli.console import err, out
from repro.cli.verify_show import opening as verify_opening
from repro.comparison import Comparison, Result, Setting
from repro.launch.job import Ended
from repro.report import numbers
from repro.request import Prepared
from repro.verdicts.verdict import Verdict

SCHEMA_VERSION = 1
WORDS = {"SUPPORTED": ("more accurate", "good"), "CONTRADICTED": ("less accurate", "bad")}
"""What a verdict on "yours is more accurate" says of your method."""
RIVALS_ASIDE = 5
"""Names that are said of experiments that are not compared."""


def opening(comparison: Comparison, ready: Prepared) -> None:
    """The first lines: what takes whose place, when it is asked, and how much is left."""
    verify_opening(ready)
    err.print(Text(f"{comparison.name} is asked {comparison.entry.words}.", style="quiet"))
    if comparison.aside:
        names = ", ".join(comparison.aside[:RIVALS_ASIDE])
        more = f" and {len(comparison.aside) - RIVALS_ASIDE} more" if len(comparison.aside) > RIVALS_ASIDE else ""
        err.print(Text(f"Not compared, as they keep another number of weights: {names}{more}.", style="quiet"))


def compared(comparison: Comparison, result: Result, failed: Sequence[Ended]) -> None:
    """Accuracies and differences, then what they come to."""
    verdicts = {v.claim.id: v for v in result.verdict.verdicts}
    for setting in comparison.settings:
        out.print()
        out.print(_block(comparison, result, setting, verdicts))
    for ended in failed:
        out.print(Text.assemble((ended.state, "bad"), f" {ended.job.label}: {ended.sentence}"))
    for note in result.verdict.notes:
        out.print(Text.assemble(("note", "open"), " ", numbers.sentence(note)))
    tally = _tally(result)
    out.print(Text.assemble((f"{comparison.name}: {tally}.", "head")))
    out.print(
        Text(
            "Differences are yours less theirs, in points, with their 90 % interval unless another is named; the words "
            f"rest on two-sided tests, corrected for {len(result.verdict.verdicts)} comparisons. The rivals' settings "
            "are the paper's own.",
            style="quiet",
        )
    )


def _block(comparison: Comparison, result: Result, setting: Setting, verdicts: dict[str, Verdict]) -> Grid:
    grid = Grid(
        box=box.SIMPLE_HEAD, title=f"{setting.who}, {setting.kept_percent:.4g} % of the weights kept",
        title_justify="left", title_style="head", pad_edge=False,
    )  # fmt: skip
    grid.add_column("method", ratio=1, overflow="fold")
    grid.add_column("accuracy", justify="right", no_wrap=True)
    grid.add_column("difference", justify="right", no_wrap=True)
    grid.add_column("yours is", no_wrap=True)
    grid.add_row(Text(comparison.name, style="head"), _accuracy(result, setting.outsider), "", "")
    for rival in setting.rivals:
        verdict = verdicts[comparison.claim(setting, rival)]
        words, style = WORDS.get(verdict.label, (_undecided(verdict), "open"))
        grid.add_row(
            comparison.paper.experiments[rival].series,
            _accuracy(result, rival),
            _difference(verdict),
            Text(words, style=style),
        )
    return grid


def _accuracy(result: Result, experiment: str) -> str:
    sample = result.samples.get(experiment)
    return numbers.measured(sample.mean, sample.sd, f"n = {sample.n}") if sample else numbers.NOTHING


def _difference(verdict: Verdict) -> str:
    if verdict.mean is None:
        return numbers.NOTHING
    interval = numbers.interval(verdict)
    return f"{verdict.mean:+.2f}" + (f" {interval}" if interval != numbers.NOTHING else "")


def _undecided(verdict: Verdict) -> str:
    return "not tested" if verdict.label == "NOT TESTED" else "undecided"


def _tally(result: Result) -> str:
    labels = [v.label for v in result.verdict.verdicts]
    parts = [
        (labels.count("SUPPORTED"), "more accurate"),
        (labels.count("CONTRADICTED"), "less accurate"),
        (labels.count("NOT TESTED"), "not tested"),
    ]
    rest = len(labels) - sum(n for n, _ in parts)
    said = [f"{n} {words}" for n, words in (*parts[:2], (rest, "undecided"), parts[2]) if n]
    return ", ".join(said) + f" (of {len(labels)} comparisons)"


def compared_json(comparison: Comparison, result: Result, ready: Prepared, failed: Sequence[Ended]) -> dict[str, Any]:
    """The document of ``--json``; see docs/json.md."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "compare",
        "paper": comparison.paper.name,
        "method": comparison.name,
        "asked": comparison.entry.words,
        "scale": ready.choice.scale,
        "seeds": list(ready.seeds),
        "settings": [_setting_json(comparison, result, s) for s in comparison.settings],
        "verdicts": [v.to_json() for v in result.verdict.verdicts],
        "failed": [{"identity": e.job.protocol.identity, "state": e.state, "sentence": e.sentence} for e in failed],
    }


def _setting_json(comparison: Comparison, result: Result, setting: Setting) -> dict[str, Any]:
    methods = [
        {
            "experiment": e,
            "method": comparison.paper.experiments[e].series,
            "yours": e == setting.outsider,
            "values": list(result.samples[e].values) if e in result.samples else [],
        }
        for e in (setting.outsider, *setting.rivals)
    ]
    return {"who": setting.who, "kept_percent": setting.kept_percent, "methods": methods}
