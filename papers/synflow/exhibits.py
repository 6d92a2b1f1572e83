"""The theory experiments of the original with the figure that each makes (sheet 4.8), on a network of seconds.

``unit-conservation`` (Figure 3), ``layer-conservation`` (Figure 4), ``imp-conservation`` (Figure 5b),
``schedule-conservation`` (Figure 7), and the layers that each pruner leaves (Figures 1 and 2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from papers.synflow import theory
from papers.synflow.protocols import PRUNERS
from papers.synflow.settings import SPOKEN
from papers.synflow.trained import squared_weights
from papers.synflow.witness import Witness, witness
from shared.appendix import Appendix, Chart, Line, Mark, Panel
from shared.sparsity.density import Kind, largest_exponent

TABLE = "theory"
WHO = "VGG-11 at 1/8 width without batch normalisation, untrained"
STEP = 0.04
"""Exponent that one of SynFlow's rounds adds: a hundred rounds to 10^4."""
EVERY = 3
"""Rounds from one count of layers to the next."""
ROUNDS = (1, 3, 10, 30, 100)


@cache
def exhibits() -> Appendix:
    """All of them, with what they show in words."""
    seen = witness()
    parts = (units(seen), averages(seen), training(), schedules(), critical(seen))
    return Appendix(
        charts=tuple(chart for chart, _ in parts), findings=tuple(text for _, texts in parts for text in texts)
    )


def units(seen: Witness) -> tuple[Chart, list[str]]:
    """Figure 3: what the scores of a hidden unit's incoming weights add up to, against its outgoing ones."""
    panels, correlations = [], {}
    for pruner, scores in seen.scores.items():
        found = theory.unit_sums(scores)
        into, out = ([abs(float(x)) for x in side] for side in (found.into, found.out))
        total = sum(into) or 1.0
        panels.append(Panel(SPOKEN[pruner], [Line("hidden units", [x / total for x in into], [y / total for y in out],
                                                  dots=True)]))  # fmt: skip
        correlations[SPOKEN[pruner]] = _correlation(found.into.tolist(), found.out.tolist())
    text = ", ".join(f"{name} {value:.4f}" for name, value in correlations.items())
    chart = Chart(
        "theory-units", "Score into and out of hidden units (Figure 3)",
        f"One point a hidden unit of a convolution; {WHO}. On a diagonal what enters leaves.",
        "incoming score, share of all", "outgoing score, share of all", (), log_x=True, log_y=True, table=TABLE,
        panels=panels,
    )  # fmt: skip
    return chart, [f"Unit conservation on {len(found.into)} hidden units of {WHO}: correlation of in and out {text}."]


def _correlation(x: Sequence[float], y: Sequence[float]) -> float:
    from statistics import correlation

    return correlation(x, y)


def averages(seen: Witness) -> tuple[Chart, list[str]]:
    """Figure 4: average score of a layer against its inverse size."""
    lines, words = [], []
    for pruner, scores in seen.scores.items():
        found, inverse = theory.layer_averages(scores)
        total = sum(theory.layer_totals(scores))
        lines.append(Line(SPOKEN[pruner], inverse, [a / total for a in found], dots=True))
        totals = theory.layer_totals(scores)
        slope = theory.loglog_slope(found, inverse)
        words.append(f"{SPOKEN[pruner]} {slope:.3f} (layer totals differ {max(totals) / min(totals):,.3g}-fold)")
    chart = Chart(
        "theory-layers", "Average scores of layers (Figure 4)",
        f"One point a layer; {WHO}; scores scaled to a sum of 1. A conserved score has slope 1: equal totals.",
        "1 / weights of the layer", "average score", lines, log_x=True, log_y=True, table=TABLE,
    )  # fmt: skip
    return chart, [f"Layer conservation, log-log slope of average score against inverse size: {', '.join(words)}."]


def training() -> tuple[Chart, list[str]]:
    """Figure 5b: squared weights before and after training."""
    found = squared_weights()
    first, last = found[min(found)], found[max(found)]
    lines = [
        Line("untrained", first.inverse, first.averages, dots=True),
        Line(f"after {max(found)} epochs", last.inverse, last.averages, dots=True),
    ]
    chart = Chart(
        "theory-training", "Mean squared weights of layers (Figure 5b)",
        "One point a layer of the thin VGG-11 by its inverse size, trained densely on embedded digits.",
        "1 / weights of the layer", "mean squared weight", lines, log_x=True, log_y=True, table=TABLE,
    )  # fmt: skip
    text = (
        f"Squared weights in {max(found)} epochs of training (one run): slope {first.slope:.3f} before, "
        f"{last.slope:.3f} after; layer totals differ {first.spread:,.3g}-fold before, {last.spread:,.3g}-fold after."
    )
    return chart, [text]


def schedules() -> tuple[Chart, list[str]]:
    """Figure 7: largest share of the flow that a round removes, by number of rounds."""
    seen = witness("fc", "mnist")
    lines, words = [], []
    kinds: tuple[Kind, ...] = ("exponential", "linear")
    for kind in kinds:
        for exponent in (1, 2, 3):
            weights = {n: w.double() for n, w in seen.weights.items()}
            y = [theory.cut_over_flow(seen.model, weights, seen.shape, 10.0**-exponent, n, kind) for n in ROUNDS]
            lines.append(Line(f"{kind}, 10^{exponent}", ROUNDS, y, likeness=kind + str(exponent)))
            safe = [n for n, share in zip(ROUNDS, y, strict=True) if share < 1]
            words.append(f"{kind} to 10^{exponent} {f'with {safe[0]} or more' if safe else 'with none'}")
    chart = Chart(
        "theory-schedules", "Largest share of the flow cut in one round (Figure 7)",
        "SynFlow on the thin FC network, before training. Below 1 no round can empty a layer (Theorem 3).",
        "rounds", "cut / flow", lines, log_x=True, log_y=True, ticks={float(n): str(n) for n in ROUNDS}, table=TABLE,
    )  # fmt: skip
    return chart, [f"Of {', '.join(map(str, ROUNDS))} rounds, every round stays below the flow: {'; '.join(words)}."]


def critical(seen: Witness) -> tuple[Chart, list[str]]:
    """Figures 1 and 2: layers that keep a weight, and the compression up to which all do."""
    most = largest_exponent(sum(seen.sizes), len(seen.sizes))
    tested = [STEP * EVERY * i for i in range(int((most + 0.5) / (STEP * EVERY)) + 1)]
    left = {SPOKEN[p]: layers_left(seen, p, tested) for p in PRUNERS if p != "synflow"}
    left["SynFlow in one round"] = layers_left(seen, "synflow", tested)
    left["SynFlow in rounds"] = layers_left_in_rounds(seen, len(tested))
    reached = {name: _last_whole(tested, found, len(seen.sizes))
               for name, found in left.items()}  # fmt: skip
    chart = Chart(
        "theory-critical", "Layers that keep a weight (Figures 1 and 2)",
        f"{WHO}; the vertical line is the maximal compression, one weight a layer. A round of SynFlow is 10^{STEP}.",
        "compression ratio", "layers left", [Line(n, [10**c for c in tested], y) for n, y in left.items()], log_x=True,
        table=TABLE, marks=[Mark("maximal compression", 10**most)],
    )  # fmt: skip
    text = ", ".join(f"{name} 10^{c:.2f}" for name, c in reached.items())
    return chart, [
        f"Critical compression, the largest in steps of 10^{STEP * EVERY:.2f} up to which all {len(seen.sizes)} layers "
        f"keep a weight (one seed; no mask can do more than 10^{most:.2f}): {text}."
    ]


def _last_whole(tested: Sequence[float], found: Sequence[float], layers: int) -> float:
    """The compression before the first at which a layer is empty."""
    broken = next((i for i, n in enumerate(found) if n < layers), len(found))
    return tested[broken - 1]


def layers_left(seen: Witness, pruner: str, exponents: Sequence[float]) -> list[float]:
    """Layers that keep a weight when pruned to each compression in one round."""
    from shared.sparsity.rounds import prune_in_rounds

    def known(weights: Mapping[str, object], live: Mapping[str, object], index: int) -> object:
        return scores

    import torch

    scores = torch.cat([s.reshape(-1) for s in seen.scores[pruner].values()])
    kept = [prune_in_rounds(known, seen.weights, [10**-c]).kept[-1] for c in exponents]  # type: ignore[arg-type]
    return [float(sum(n > 0 for n in layers)) for layers in kept]


def layers_left_in_rounds(seen: Witness, count: int) -> list[float]:
    """The same for SynFlow, scored anew in each of its rounds; ``count`` numbers, ``EVERY`` rounds apart."""
    from shared.sparsity.rounds import prune_in_rounds

    plan = [10 ** (-STEP * i) for i in range((count - 1) * EVERY + 1)]
    kept = prune_in_rounds(seen.scorers["synflow"], seen.weights, plan).kept
    return [float(sum(n > 0 for n in layers)) for layers in kept[::EVERY]]
