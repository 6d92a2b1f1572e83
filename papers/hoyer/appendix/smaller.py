"""The smaller dense networks that structural pruning leaves: real size, FLOPs and time (sheet 4.10 and 4.11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from papers.hoyer.appendix.shown import Shown, number, spread
from shared.appendix import Grid
from shared.sparsity.alive import Alive, merged

SAME = 1e-4
"""Largest relative difference of an output, in float32, up to which two networks compute the same function."""


def grids(found: Sequence[Shown]) -> Iterator[Grid]:
    """Size, multiply-adds and measured time of each smaller network beside the whole one."""
    if rows := [_row(s) for s in found if _times(s) is not None]:
        yield Grid(
            title="Smaller dense networks after structural pruning",
            header=(
                "network",
                "training",
                "pruning",
                "accuracy (%)",
                "widths",
                "parameters",
                "bytes on disk",
                "MFLOPs",
                "by the min rule",
                "ms a batch",
                "times as fast",
                "difference",
            ),
            rows=rows,
            note=(
                "Channels and filters that nobody needs are removed from a copy; residual streams lose a channel where "
                "all branches agree. Parameters, size as a safetensors file (the smaller network's is in the run's "
                "folder), FLOPs of one image (two a multiply-add) and median time of a forward pass of a batch on the "
                "machine of the run: the whole network, then the smaller one. The min rule is "
                "the authors' count of multiply-adds between alive groups (sheet 4.10), for chains: it also drops "
                "inputs of the network, which the smaller one still reads. Difference: the largest of any output "
                "between the two, relative. Means over seeds; widths are the first seed's."
            ),
        )


def findings(found: Sequence[Shown]) -> Iterator[str]:
    """Whether the smaller networks compute the same function, and what is gained."""
    there = [s for s in found if _times(s) is not None]
    by_place: dict[tuple[str, str], list[Shown]] = {}
    for s in there:
        by_place.setdefault((s.place, s.scale), []).append(s)
    for (place, scale), own in by_place.items():
        largest = max(
            float(r.outcome.extra["compact"]["difference"]) for s in own for r in s.runs if _has(r.outcome.extra)
        )
        same = "every one computes" if largest <= SAME else "NOT every one computes"
        yield (
            f"{place}, {scale} scale: {len(own)} structural prunings were rebuilt as smaller dense networks, and "
            f"{same} the same function (largest relative difference {largest:.2g}); {_fastest(own)}."
        )


def _fastest(own: Sequence[Shown]) -> str:
    """The largest gain in time among the networks that lost something; other differences are the clock's."""
    smaller = [s for s in own if (_size(s, "after", "macs", "before") or 100.0) < 100]
    if not smaller:
        return "no channel or filter could be removed from any"
    best = max(smaller, key=lambda s: _times(s) or 0.0)
    share = number(_size(best, "after", "macs", "before"))
    return (
        f"the fastest, {best.after}, takes {share} % of the multiply-adds and is {number(_times(best))} times as fast"
    )


def _has(extra: Mapping[str, Any]) -> bool:
    return "difference" in extra.get("compact", {})


def _compact(s: Shown, when: str, key: str) -> float | None:
    return s.mean(lambda extra: extra.get("compact", {}).get(when, {}).get(key))


def _size(s: Shown, when: str, key: str, of: str) -> float | None:
    one, other = _compact(s, when, key), _compact(s, of, key)
    return None if one is None or not other else 100 * one / other


def _times(s: Shown) -> float | None:
    """How many times as fast the smaller network is."""
    before, after = _compact(s, "before", "seconds"), _compact(s, "after", "seconds")
    return None if before is None or not after else before / after


def _row(s: Shown) -> tuple[str, ...]:
    def two(key: str, unit: float, form: str) -> str:
        values = [v for when in ("before", "after") if (v := _compact(s, when, key)) is not None]
        return " → ".join(number(v * unit, form) for v in values) or "–"

    first = next(r.outcome.extra["compact"] for r in s.runs if _has(r.outcome.extra))
    rule = s.metrics("structured_macs_percent")
    return (
        s.place,
        s.training,
        s.end,
        spread(s.accuracies()),
        _widths(first["shapes"]),
        two("parameters", 1, ",.0f"),
        two("bytes", 1, ",.0f"),
        two("macs", 2e-6, ".3g"),
        f"{_alive(s)} ({sum(rule) / len(rule):.3g} %)" if rule else "–",
        two("seconds", 1000, ".3g"),
        number(_times(s)),
        number(s.mean(lambda extra: extra.get("compact", {}).get("difference")), ".1g"),
    )


def _alive(s: Shown) -> str:
    """Widths of a chain by the authors' count, in the first seed's run: the smaller number at each joint."""
    alive = s.runs[0].outcome.extra["alive"]
    layers = [layer for layer in s.runs[0].outcome.layers if layer.name in alive]
    counts = [(*alive[layer.name], layer.shape[1], layer.shape[0]) for layer in layers]
    chain = merged([Alive(inputs, outputs, columns, rows) for inputs, outputs, columns, rows in counts])
    return "-".join(str(n) for n in (chain[0][0], *(outputs for _, outputs in chain)))


def _widths(shapes: Mapping[str, Sequence[int]]) -> str:
    """Inputs and outputs along a chain in the first seed's network, ``784-67-24-10``; too many to show otherwise."""
    sizes = list(shapes.values())
    return "-".join(str(n) for n in (sizes[0][1], *(shape[0] for shape in sizes))) if len(sizes) <= 5 else "–"
