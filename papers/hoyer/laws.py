"""Laws of the regularisers and of the smaller networks, as claims that need no run (sheet 4.3, 4.4, 7 and 9)."""

from __future__ import annotations

from functools import partial

from papers.hoyer import counts
from papers.hoyer.settings import CNN, NETWORK_TITLES, TITLES
from shared.claims import Exact


def laws() -> list[Exact]:
    """Q1 to Q3 and what follows from them, as invariants of the product's own functions."""

    def law(id: str, text: str, measure: partial[float], value: float, tolerance: float = 1e-9) -> Exact:
        return Exact(
            id=f"law-{id}",
            table="laws",
            text=text,
            source="sheet 4.3, 4.4 and 7",
            measure=measure,
            value=value,
            unit="value",
            tolerance=tolerance,
            kind="invariant",
        )

    invariant = ("hoyer", "hoyer-square", "group-hoyer", "group-hoyer-square")
    scale = [
        law(
            f"scale-{n}",
            f"{TITLES[n]} does not change with the scale of the weights",
            partial(counts.scale_dependence, n),
            0,
        )
        for n in invariant
    ]
    tangent = [
        law(
            f"tangent-{n}",
            f"The gradient of {TITLES[n]} is orthogonal to the weights",
            partial(counts.gradient_along_weights, n),
            0,
        )
        for n in invariant
    ]
    names = (
        ("hoyer", "between 1 and the root of the number of weights"),
        ("hoyer-square", "between 1 and the number of weights"),
        ("group-hoyer", "between 2 and the roots of the numbers of columns and rows"),
        ("group-hoyer-square", "between 2 and the number of columns and rows"),
    )
    ranges = [
        law(
            f"range-{n}",
            f"{TITLES[n]} lies {where}, least for a single weight and greatest for equal ones",
            partial(counts.out_of_range, n),
            0,
        )
        for n, where in names
    ]
    count = [
        law(
            f"count-{k}-of-{n}",
            f"Hoyer-Square of {k} equal weights among {n} is {k}",
            partial(counts.count_of_equal_weights, k, n),
            k,
        )
        for k, n in ((1, 6), (4, 7), (5, 5))
    ]
    return [
        *scale,
        *tangent,
        *ranges,
        *count,
        law(
            "push",
            "Hoyer-Square pushes weights in below sum w^2 / sum |w| and out above",
            partial(counts.wrong_pushes),
            0,
        ),
        law(
            "growth",
            "A plain step on Hoyer-Square adds step^2 |gradient|^2 to the squared norm",
            partial(counts.growth_of_the_norm),
            1,
            1e-6,
        ),
        *(
            law(
                f"compact-{network}",
                f"{title} without the channels and filters that nobody needs computes the same function",
                partial(counts.compaction_difference, network),
                0,
            )
            for network, title in ((CNN, NETWORK_TITLES[CNN]), ("resnet-8", "A residual network, ResNet-8,"))
        ),
    ]
