"""What ``repro compare`` prints: a block for each network and sparsity, a row for each rival."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table as Grid
from rich.text import Text

from repro.cli.console import err, out
from repro.cli.verify_show import opening as verify_opening
from repro.compared import Evidence, Result, borrowed
from repro.comparison import Comparison, Setting
from repro.launch.job import Ended
from repro.report import numbers
from repro.request import Prepared
from repro.verdicts.verdict import Verdict

SCHEMA_VERSION = 1
WORDS = {"SUPPORTED": ("more accurate", "good"), "CONTRADICTED": ("less accurate", "bad")}
"""What a verdict on "yours is more accurate" says of your method."""
ASIDE = 4
"""Experiments that are not compared and said to be so by name, for each reason."""
WIDE = 100
"""Columns from which each number has a column of its own; below, numbers stand under the method."""
OTHER = 0.02
"""A rival's number of weights is remarked on where it differs from yours by more than this, as a fraction."""


def opening(comparison: Comparison, ready: Prepared, evidence: Evidence) -> None:
    """The first lines: what takes whose place, when it is asked, what is borrowed, and what is left aside."""
    verify_opening(ready)
    err.print(Text(f"{comparison.name} is asked {comparison.entry.words}.", style="quiet"))
    if evidence.paths:
        lent = borrowed(ready, evidence)
        where = ", ".join(map(str, evidence.paths))
        none = f"; none of its {len(evidence.records)} records is such a run at {ready.choice.scale} scale"
        why = "" if lent else none
        err.print(Text(f"{lent} of {len(ready.runs)} runs are taken from {where}{why}.", style="" if lent else "open"))
    for problem in evidence.problems:
        err.print(Text.assemble(("skipped", "open"), " ", problem))
    reasons: dict[str, list[str]] = {}
    for title, reason in comparison.aside.items():
        reasons.setdefault(reason, []).append(title)
    for reason, titles in reasons.items():
        more = f" and {len(titles) - ASIDE} more" if len(titles) > ASIDE else ""
        err.print(Text(f"Not compared ({reason}): {', '.join(titles[:ASIDE])}{more}.", style="quiet"))


def compared(comparison: Comparison, result: Result, failed: Sequence[Ended]) -> None:
    """Accuracies and differences, then what they come to."""
    verdicts = {v.claim.id: v for v in result.verdict.verdicts}
    for setting in comparison.settings:
        out.print()
        out.print(_block(comparison, result, setting, verdicts))
    for ended in failed:
        out.print(Text.assemble((ended.state, "bad"), f" {ended.job.label}: {ended.sentence}"))
    flags = dict.fromkeys(flag for v in result.verdict.verdicts for flag in v.flags)
    for note in (*result.verdict.notes, *flags):
        out.print(Text.assemble(("note", "open"), " ", numbers.sentence(note)))
    out.print(Text(f"{comparison.name}: {_tally(result)}.", style="head"))
    tests = sum(v.p is not None for v in result.verdict.verdicts)
    out.print(
        Text(
            "Differences are yours less theirs, in points, with their 95 % interval unless another is named. The "
            f"words rest on two-sided tests at 5 %, after Holm's correction for {tests} of them. Trying several "
            "versions of a method until one wins is not corrected for.",
            style="quiet",
        )
    )


def _block(comparison: Comparison, result: Result, setting: Setting, verdicts: dict[str, Verdict]) -> Grid:
    wide = out.width >= WIDE
    grid = Grid(
        box=box.SIMPLE_HEAD, title=f"{setting.who}, {setting.kept_percent:.4g} % of the weights kept",
        title_justify="left", title_style="head", pad_edge=False,
    )  # fmt: skip
    grid.add_column("method", ratio=1, min_width=18, overflow="fold")
    for name in ("weights kept", "accuracy", "difference") if wide else ():
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("yours is", no_wrap=True)
    for experiment in (setting.outsider, *setting.rivals):
        mine = experiment == setting.outsider
        verdict = None if mine else verdicts[comparison.claim(setting, experiment)]
        method = Text(comparison.paper.experiments[experiment].series, style="head" if mine else "")
        method.append(_remark(comparison, result, setting, experiment), style="quiet")
        shown = [_kept(result, experiment), _accuracy(result, experiment), _difference(verdict)]
        if not wide:
            method.append("\n" + " · ".join(filter(None, shown)), style="quiet")
        words, style = _words(verdict)
        grid.add_row(method, *(shown if wide else ()), Text(words, style=style))
    return grid


def _remark(comparison: Comparison, result: Result, setting: Setting, experiment: str) -> str:
    """In what a rival differs from the method from outside beside the method."""
    theirs, ours = (comparison.paper.experiments[e].protocol(0).epochs for e in (experiment, setting.outsider))
    said = [f"{theirs} epochs, yours {ours}"] if theirs != ours else []
    a, b = (_kept_fraction(result, e) for e in (experiment, setting.outsider))
    if a and b and abs(a / b - 1) > OTHER:
        said.append(f"{a / b:.3g} times your weights" if a / b < 2 else "its weights are counted otherwise")
    return f" ({'; '.join(said)})" if said else ""


def _kept_fraction(result: Result, experiment: str) -> float | None:
    sample = result.samples.get(experiment)
    return statistics.fmean(sample.kept) if sample and sample.kept else None


def _kept(result: Result, experiment: str) -> str:
    kept = _kept_fraction(result, experiment)
    return "" if kept is None else f"{100 * kept:.4g} %"


def _accuracy(result: Result, experiment: str) -> str:
    sample = result.samples.get(experiment)
    return numbers.measured(sample.mean, sample.sd, f"n = {sample.n}") if sample else numbers.NOTHING


def _difference(verdict: Verdict | None) -> str:
    if verdict is None or verdict.mean is None:
        return ""
    interval = numbers.interval(verdict).removesuffix(" (95 %)")
    return f"{verdict.mean:+.2f}" + (f" {interval}" if interval != numbers.NOTHING else "")


def _words(verdict: Verdict | None) -> tuple[str, str]:
    if verdict is None:
        return "", ""
    return WORDS.get(verdict.label, ("not tested" if verdict.label == "NOT TESTED" else "undecided", "open"))


def _tally(result: Result) -> str:
    labels = [v.label for v in result.verdict.verdicts]
    more, less, not_tested = (labels.count(label) for label in ("SUPPORTED", "CONTRADICTED", "NOT TESTED"))
    parts = {
        "more accurate": more,
        "less accurate": less,
        "undecided": len(labels) - more - less - not_tested,
        "not tested": not_tested,
    }
    said = ", ".join(f"{n} {words}" for words, n in parts.items() if n)
    return f"{said} (of {len(labels)} comparisons)"


def compared_json(
    comparison: Comparison, result: Result, ready: Prepared, failed: Sequence[Ended], digest: str
) -> dict[str, Any]:
    """The document of ``--json``; see docs/json.md."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "compare",
        "paper": comparison.paper.name,
        "method": comparison.name,
        "digest": digest,
        "asked": comparison.entry.words,
        "scale": ready.choice.scale,
        "seeds": list(ready.seeds),
        "settings": [_setting_json(comparison, result, s) for s in comparison.settings],
        "aside": dict(comparison.aside),
        "verdicts": [v.to_json() for v in result.verdict.verdicts],
        "notes": list(result.verdict.notes),
        "failed": [{"identity": e.job.protocol.identity, "state": e.state, "sentence": e.sentence} for e in failed],
    }


def _setting_json(comparison: Comparison, result: Result, setting: Setting) -> dict[str, Any]:
    methods = []
    for e in (setting.outsider, *setting.rivals):
        sample = result.samples.get(e)
        methods.append(
            {
                "experiment": e,
                "method": comparison.paper.experiments[e].series,
                "yours": e == setting.outsider,
                "epochs": comparison.paper.experiments[e].protocol(0).epochs,
                "seeds": list(sample.seeds) if sample else [],
                "values": list(sample.values) if sample else [],
                "kept": list(sample.kept) if sample else [],
            }
        )
    return {"who": setting.who, "kept_percent": setting.kept_percent, "methods": methods}
