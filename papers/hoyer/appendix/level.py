"""Methods at equal remaining weights, exactly: the runs pruned to a stated sparsity (sheet, traps 7 and 24)."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence

from papers.hoyer.appendix.shown import STARTS, Shown, spread
from papers.hoyer.cells import percent
from papers.hoyer.settings import TITLES
from shared.appendix import Grid


def grids(found: Sequence[Shown]) -> Iterator[Grid]:
    """Accuracy by method and sparsity, a table for each network and start."""
    for (place, start), own in _groups(found).items():
        levels = sorted({s.end[1:] for s in own}, key=float)
        methods = list(dict.fromkeys(s.method for s in own))
        cell = {(s.method, s.end[1:]): s for s in own}
        yield Grid(
            title=f"{place} at equal remaining weights, {STARTS[start]}, {own[0].scale} scale",
            header=("regulariser", *(f"{percent(level)} % pruned" for level in levels)),
            rows=[
                (TITLES[m], *(spread(cell[m, x].accuracies()) if (m, x) in cell else "–" for x in levels))
                for m in methods
            ],
            note=(
                "Accuracy of the last epoch in percent: mean ± sd over seeds. The published trainings, each pruned by "
                "one threshold over all tensors, searched for the sparsity, then finetuned alike; the sentences of the "
                "table with these runs test the differences."
            ),
        )


def findings(found: Sequence[Shown]) -> Iterator[str]:
    """Which method leads at each sparsity, and where Hoyer-Square stands."""
    for (place, start), own in _groups(found).items():
        for level in sorted({s.end[1:] for s in own}, key=float):
            means = {s.method: statistics.fmean(s.accuracies()) for s in own if s.end[1:] == level and s.accuracies()}
            if len(means) < 2 or "hoyer-square" not in means:
                continue
            yield (
                f"{place}, {STARTS[start]}, {own[0].scale} scale: with {percent(level)} % of the weights pruned from "
                f"every network, {_lead(means)}."
            )


def _lead(means: Mapping[str, float]) -> str:
    top = max(means.values())
    leaders = [TITLES[m] for m, mean in means.items() if top - mean < 1e-9]
    if len(leaders) == len(means):
        return f"all {len(means)} methods reach the same accuracy ({top:.2f} %)"
    who = f"{leaders[0]} is the most accurate" if len(leaders) == 1 else f"{' and '.join(leaders)} share the lead"
    other = "" if TITLES["hoyer-square"] in leaders else f", Hoyer-Square reaches {means['hoyer-square']:.2f} %"
    return f"{who} of {len(means)} ({top:.2f} %){other}"


def _groups(found: Sequence[Shown]) -> dict[tuple[str, str], list[Shown]]:
    """Experiments pruned to a sparsity by network and start; the unregularised network belongs to both starts."""
    out: dict[tuple[str, str], list[Shown]] = {}
    for s in found:
        if s.rule == "S":
            for start in s.starts:
                out.setdefault((s.place, start), []).append(s)
    return {k: v for k, v in out.items() if len({s.method for s in v}) > 1}
