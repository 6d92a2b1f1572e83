"""Methods at equal remaining weights: Q4 and Q5 with the threshold searched for a sparsity (sheet 9, traps 7 and 24).

At the published thresholds accuracy and remaining weights move together, and a fixed threshold is not the same cut for
a regulariser that is blind to scale. Here every trained network is pruned to the same number of weights, exactly, by
one threshold over all its tensors, and finetuned in the same way, so that one number, the accuracy of the last epoch,
tells the methods apart. The ratio rule would not do: see ``settings.TO_SPARSITY``.
"""

from __future__ import annotations

from papers.hoyer.cells import percent
from papers.hoyer.settings import ELEMENT, EQUAL, NETWORK_TITLES, TITLES
from shared.claims import Claim, Compound, Ordering

METRIC = "top1_accuracy"
"""Of the last epoch: nothing is chosen on the test images."""
OURS = "hoyer-square"
STARTS = {"": "from scratch", "pretrained-": "from the dense network"}


def experiment(network: str, start: str, reg: str, sparsity: str) -> str:
    """The experiment that prunes a method's published training to a sparsity."""
    if reg == "none":
        return f"{network}/none/S{sparsity}"
    strength = next(s.strength for s in ELEMENT[network] if s.reg == reg)
    return f"{network}/{start}{reg}-{strength}/S{sparsity}"


def equal_weights(network: str) -> list[Claim]:
    """Whether Hoyer-Square is more accurate than L1, Transformed L1 and Hoyer with as many weights, and than none."""
    others = ("l1", "transformed-l1")
    return [
        _all(network, "q4", others, "L1 and Transformed L1", "abstract"),
        _all(network, "q5", ("hoyer",), "Hoyer", "paper (sheet 9, Q5)"),
        _all(network, "q12", ("none",), "training without a regulariser", "sheet 9, Q12", starts=("",)),
    ]


def _all(
    network: str, question: str, others: tuple[str, ...], named: str, source: str, starts: tuple[str, ...] = (*STARTS,)
) -> Compound:
    parts = tuple(
        _one(network, question, start, other, sparsity, source)
        for start in starts
        for sparsity in EQUAL[network]
        for other in others
    )
    text = f"At equal remaining weights Hoyer-Square on {NETWORK_TITLES[network]} is more accurate than {named}"
    return Compound(id=f"{question}-{network}-equal", table=_table(network), text=text, source=source, parts=parts)


def _one(network: str, question: str, start: str, other: str, sparsity: str, source: str) -> Ordering:
    begun = STARTS[start] if other != "none" else "from scratch"
    return Ordering(
        id=f"{question}-{network}-equal-{start}{other}-{sparsity}",
        table=_table(network),
        text=(
            f"{TITLES[OURS]} on {NETWORK_TITLES[network]}, {begun}, is more accurate than {TITLES[other]} with "
            f"{percent(sparsity)} % of the weights pruned"
        ),
        source=source,
        better=experiment(network, start, OURS, sparsity),
        worse=experiment(network, start, other, sparsity),
        metric=METRIC,
    )


def _table(network: str) -> str:
    return {"lenet-300-100": "mnist-mlp-equal", "lenet-5": "mnist-cnn-equal"}[network]
