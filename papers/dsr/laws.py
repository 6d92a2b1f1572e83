"""What holds at every reallocation, and the sheet's worked examples, number by number."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from papers.dsr import invariants, worked_examples
from shared.claims import Claim, Exact


def laws() -> list[Claim]:
    """What holds at every event, and the sheet's worked examples, number by number."""

    def law(id: str, text: str, measure: Callable[[], float], value: float = 1.0, kind: Any = "invariant") -> Exact:
        unit = "holds" if kind == "invariant" else "count"
        return Exact(
            id=id, table="invariants", text=text, source="sheet 4.1 and 7", provenance="code-log", measure=measure,
            value=value, unit=unit, kind=kind,
        )  # fmt: skip

    out: list[Claim] = [
        law(
            "law-constant",
            "The corrected rule keeps the number of active weights at every event",
            invariants.constant_count,
        ),
        law(
            "law-surplus",
            "The published rule never loses weights; what it gains is rounding",
            invariants.published_surplus,
        ),
        law(
            "law-zero", "Grown weights, and all that is inactive, are 0 after an event", invariants.grown_start_at_zero
        ),
        law(
            "law-threshold",
            "The threshold halves above 1.1 N_p, doubles below 0.9 N_p, else stays",
            invariants.threshold_rule,
        ),
        law("law-set-within", "SET keeps the number of active weights of every tensor", invariants.set_within),
        law(
            "law-deep-rewiring",
            "DeepR keeps the number of active weights of every tensor after every step, and grows at 0",
            invariants.rewired_within,
        ),
        law(
            "law-first-step",
            "As published DeepR drops about half of its weights before any has turned, with fixed signs none",
            invariants.lost_at_first,
        ),
        law("example-rounding", "Worked examples 7.4: six roundings of growth", worked_examples.rounding),
        law("example-remainders", "Worked example 7.4: the corrected rule", worked_examples.largest_remainders),
        law("example-dropping", "Worked examples 7.4 and 7.5: what is dropped", worked_examples.dropping),
        law("example-signs", "Worked example 7.7: which signs have turned", worked_examples.signs),
        law("example-threshold", "Worked example 7.2: eight counts, eight thresholds", invariants.threshold_example),
    ]
    for layer, digits in enumerate((222, 312, 321)):
        out.append(
            law(
                f"example-growth-{layer}",
                f"Worked example 7.4: R 10, 5, 5 and K 2, 3, 1, remainder to tensor {layer}: grown {digits}",
                partial(invariants.growth_example, layer),
                digits,
                "exact",
            )
        )
    runs = (("wrnet_schedule", 500, 200, 190, 367), ("resnet_schedule", 5005, 100, 95, 232))
    for schedule, per_epoch, epochs, stop, n in (*runs, ("mnist_schedule", 600, 100, 90, 273)):
        text = f"{schedule}, {epochs} epochs of {per_epoch} steps, stop at {stop}: {n} events"
        out.append(
            law(f"events-{schedule}", text, partial(invariants.events, schedule, per_epoch, epochs, stop), n, "exact")
        )
    firsts = (
        (0.9, 0.138, 20_041),
        (0.8, 0.07, 20_341),
        (0.7, 0.046, 20_041),
        (0.6, 0.034, 19_755),
        (0.5, 0.028, 20_341),
    )
    for s, f, n in firsts:
        measure = partial(invariants.set_count, "wide_resnet", s, f, 2.0)
        out.append(
            law(f"set-wrn-{100 * s:g}", f"SET on WRN-28-2 at {100 * s:g} % moves {n:,} weights", measure, n, "exact")
        )
    for s, f, n in ((0.8, 0.089, 404_523), (0.9, 0.14, 318_163)):
        measure = partial(invariants.set_count, "imagenet_resnet50", s, f, 1.0)
        out.append(
            law(
                f"set-resnet50-{100 * s:g}",
                f"SET on ResNet-50 at {100 * s:g} % moves {n:,} weights",
                measure,
                n,
                "exact",
            )
        )
    return out
