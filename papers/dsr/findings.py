"""What the runs show beyond the paper's numbers: sentences computed from records, one pattern each."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from papers.dsr.audit import broken_laws
from papers.dsr.connection import cut_off, reconnected
from papers.dsr.reallocations import changes, events, options, started_with
from shared.appendix import Evidence, Run


def findings(evidence: Evidence) -> Iterator[str]:
    """Each pattern that there are runs for."""
    runs = [run for cell in evidence.values() for run in cell.runs]
    for find in (laws, settling, rounding, first_steps):
        yield from find(runs)
    yield from reconnected(evidence)
    yield from cut_off(evidence)


def laws(runs: list[Run]) -> Iterator[str]:
    """Whether every reallocation kept the laws."""
    moving = [run for run in runs if events(run)]
    total = sum(len(events(run)) for run in moving)
    broken = [law for run in moving for law in broken_laws(run)]
    if broken:
        yield f"Laws of reallocation were broken {len(broken)} times in {total:,} events, first so: {broken[0]}"
    elif moving:
        lost = sum(max(0, e.moved - sum(e.grown)) for run in moving for e in events(run))
        words = f"lost {lost:,} weights, each in a tensor without room to regrow it" if lost else "lost no weight"
        yield (
            f"All {total:,} reallocations of {counted(len(moving))} kept the laws: they happened when due, started "
            f"from what the last one left, {words}, and the threshold followed its rule."
        )


def settling(runs: list[Run]) -> Iterator[str]:
    """How often the threshold moves about as many weights as it is steered to (trap 3)."""
    steered = [run for run in runs if options(run).get("target") and not options(run).get("exact_count")]
    moved = [(e.moved, int(str(options(run)["target"]))) for run in steered for e in events(run)]
    if moved:
        inside = sum(0.9 * n <= k <= 1.1 * n for k, n in moved) / len(moved)
        yield (
            f"DSR moves within 10 % of N_p weights at {100 * inside:.0f} % of its {len(moved):,} events; if the number "
            "dropped grew in proportion to the threshold, steps of two could settle there in 29 % of cases (sheet 4.1)."
        )


def rounding(runs: list[Run]) -> Iterator[str]:
    """How many weights the published rounding made (trap 4)."""
    across = [r for r in runs if options(r) and options(r).get("allocation", "published") == "published" and events(r)]
    if across:
        made = [sum(sum(e.grown) - e.moved for e in events(r)) for r in across]
        most = f", at most {max(made)} in one" if any(made) else ""
        yield f"The published rounding made {sum(made)} weights in {counted(len(across))} of DSR{most}."


def first_steps(runs: list[Run]) -> Iterator[str]:
    """What DeepR loses at its first step as published, and with fixed signs (trap 1)."""
    for kind, words in (("", "as published"), ("fixed", "with signs that are those of the weights")):
        shares = [s for r in runs if _signs(r) == kind and (s := _first_step(r)) is not None]
        if shares:
            n = counted(len(shares))
            yield f"DeepR {words} loses {100 * fmean(shares):.1f} % of its weights at the first step (mean over {n})."


def _first_step(run: Run) -> float | None:
    """Share of the active weights that DeepR drops after its first step."""
    rewired, first = changes(run, "deep-rewiring"), started_with(run)
    if not rewired or first is None or rewired[0].get("epoch") != 1:
        return None
    return sum(rewired[0]["first_step"]) / sum(first)


def _signs(run: Run) -> str | None:
    """DeepR's rule for signs; empty as published, ``None`` for other methods."""
    methods = [m for p in run.protocol.phases if hasattr(p, "methods") for m in p.methods]
    return next((str(m.options.get("signs", "")) for m in methods if m.name == "deep-rewiring"), None)


def counted(n: int) -> str:
    """A number of runs in words."""
    return f"{n} run{'s' * (n != 1)}"
