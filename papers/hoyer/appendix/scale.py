"""Scale runaway and dead coordinates: what a scale-invariant penalty leaves behind (sheet, traps 7, 8 and 9)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from papers.hoyer.appendix.shown import Shown, number, trainings
from shared.appendix import Grid

Facts = Mapping[str, Any]
"""One tensor before the pruning, as ``prune-by-threshold`` reports it."""
MANY = 8
"""Weight tensors beyond which a network is no longer shown tensor by tensor."""
INVARIANT = ("hoyer", "hoyer-square", "group-hoyer", "group-hoyer-square")
PARKED = 0.1
"""Share of a tensor's sum of squares on dead coordinates from which it is worth a sentence."""


def grids(found: Sequence[Shown]) -> Iterator[Grid]:
    """Each weight tensor after the regularised training; and what the pruning kept of it that no image reaches."""
    there = [s for s in trainings(found) if 0 < len(weights(s)) <= MANY]
    if rows := [row for s in there for row in _scale_rows(s)]:
        yield Grid(
            title="Scale of the weights after training, before pruning",
            header=(
                "training",
                "tensor",
                "largest |w|",
                "rms",
                "threshold t",
                "below t",
                "silent",
                "their share of sum w²",
            ),
            rows=rows,
            note=(
                "t = sum w² / sum |w|: below it the gradient of Hoyer and Hoyer-Square points inwards; no script "
                "prunes by it (trap 9). Silent: entries on inputs or units that no training image makes active, in "
                "percent of the tensor, and what they hold of its sum of squares (trap 8). Means over seeds."
            ),
        )
    pruned = [s for s in found if 0 < len(weights(s)) <= MANY]
    if rows := [row for s in pruned if (row := _kept_row(s))]:
        yield Grid(
            title="Weights kept, with and without those that no image reaches",
            header=(
                "network",
                "training",
                "pruning",
                "cut / rms",
                "kept",
                "sparsity (%)",
                "of them silent",
                "alive-only (%)",
            ),
            rows=rows,
            note=(
                "Right after pruning. cut / rms: the cut of the largest tensor in units of its root mean square, which "
                "shows how unequal one fixed threshold is for methods of different scale (trap 7). Alive-only: the "
                "sparsity when kept weights that no training image reaches are counted as removed; a dash: "
                "not recorded."
            ),
        )


def findings(found: Sequence[Shown]) -> Iterator[str]:
    """How far the scale ran away, and where the penalty was parked, network by network."""
    by_place: dict[tuple[str, str], list[Shown]] = {}
    for s in trainings(found):
        if weights(s):
            by_place.setdefault((s.place, s.scale), []).append(s)
    for (place, scale), own in by_place.items():
        where = f"{place}, {scale} scale"
        plain = next((s for s in own if s.method == "none" and not s.structure), None)
        if plain is not None and any(s.method in INVARIANT for s in own):
            yield _runaway(own, plain, where)
            yield _below_all(own, where)
        if sentence := _parked(own, where):
            yield sentence


def _runaway(own: Sequence[Shown], plain: Shown, where: str) -> str:
    theirs = _largest(plain)
    ranked = sorted(((_largest(s), s.after) for s in own if s is not plain), reverse=True)
    listed = ", ".join(f"{value:.3g} {after} ({value / theirs:.3g} times that)" for value, after in ranked)
    return (
        f"{where}: the largest weight is {theirs:.3g} {plain.after}, {listed}; one fixed threshold is another cut for "
        "each (trap 7)."
    )


def _below_all(own: Sequence[Shown], where: str) -> str:
    ranked = sorted(((_below(s), s.after) for s in own), reverse=True)
    listed = ", ".join(f"{value:.3g} % {after}" for value, after in ranked)
    return f"{where}: of the weights {listed} lie below the trimming threshold of their tensor (trap 9)."


def _parked(own: Sequence[Shown], where: str) -> str | None:
    found: list[tuple[float, str]] = []
    for s in own:
        held = {n: share for n in weights(s) if (share := _mean(s, n, "silent_squares")) is not None}
        name = max(held, key=lambda n: held[n], default="")
        if held.get(name, 0.0) > PARKED:
            found.append((held[name], f"{name} {s.after}"))
    if not found:
        return None
    listed = ", ".join(f"{100 * share:.3g} % in {name}" for share, name in sorted(found, reverse=True))
    return (
        f"{where}: the share of a tensor's sum of squares on inputs and units that no training image makes active "
        f"is {listed} (trap 8)."
    )


def _largest(s: Shown) -> float:
    return max(_mean(s, n, "max") or 0.0 for n in weights(s))


def weights(s: Shown) -> list[str]:
    """Names of the tensors with two or more dimensions that the pruning reported on."""
    facts = _facts(s.runs[0].outcome.extra)
    return [layer.name for layer in s.runs[0].outcome.layers if len(layer.shape) > 1 and layer.name in facts]


def _facts(extra: Mapping[str, Any]) -> Mapping[str, Facts]:
    found: Mapping[str, Facts] = extra.get("prune", {}).get("tensors", {})
    return found


def _mean(s: Shown, tensor: str, key: str) -> float | None:
    return s.mean(lambda extra: _facts(extra).get(tensor, {}).get(key))


def _size(s: Shown, tensor: str) -> int:
    return next(int(layer.total) for layer in s.runs[0].outcome.layers if layer.name == tensor)


def _below(s: Shown) -> float:
    sizes = {n: _size(s, n) for n in weights(s)}
    return 100 * sum(_mean(s, n, "below_trim") or 0.0 for n in sizes) / sum(sizes.values())


def _rms(s: Shown, tensor: str) -> float:
    return math.sqrt((_mean(s, tensor, "sum_of_squares") or 0.0) / _size(s, tensor))


def _scale_rows(s: Shown) -> Iterator[tuple[str, ...]]:
    for i, name in enumerate(weights(s)):
        size = _size(s, name)
        silent, share = _mean(s, name, "silent"), _mean(s, name, "silent_squares")
        yield (
            f"{s.place}, {s.training}" if i == 0 else "",
            name,
            number(_mean(s, name, "max")),
            number(_rms(s, name)),
            number(_mean(s, name, "trim")),
            f"{100 * (_mean(s, name, 'below_trim') or 0) / size:.3g} %",
            "–" if silent is None else f"{100 * silent / size:.3g} %",
            "–" if share is None else f"{100 * share:.3g} %",
        )


def _kept_row(s: Shown) -> tuple[str, ...] | None:
    kept = s.mean(lambda extra: extra.get("prune", {}).get("kept"))
    if kept is None:
        return None
    total = s.runs[0].outcome.prunable
    name = max(weights(s), key=lambda n: _size(s, n))
    silent = s.mean(_silent_kept)
    rms, cut = _rms(s, name), _mean(s, name, "cut")
    return (
        s.place,
        s.training,
        s.end,
        number(cut / rms if cut is not None and rms else None),
        f"{kept:,.0f}",
        f"{100 * (1 - kept / total):.2f}",
        number(silent, ",.0f"),
        number(None if silent is None else 100 * (1 - (kept - silent) / total), ".2f"),
    )


def _silent_kept(extra: Mapping[str, Any]) -> float | None:
    counts = [f["silent_kept"] for f in _facts(extra).values() if "silent_kept" in f]
    return float(sum(counts)) if counts else None
