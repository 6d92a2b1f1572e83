"""Structured magnitude on a VGG-like chain against the original code."""

import conventions as c

from papers.flipout.structured import chain, filter_scores, structured_magnitude
from shared.protocol import Prunable
from shared.sparsity.masks import Masks, prunable_parameters

CASES = c.load("flipout")


def test_structured_magnitude_chain():
    case = CASES["structured-magnitude-chain"]
    given = case["inputs"]
    model = c.network(given)
    masks = Masks(prunable_parameters(model, Prunable(bias=True, batchnorm=True)))
    assert list(masks) == given["prunable_order"]
    units, rounds = chain(model), []
    for _ in range(given["rounds"]):
        scores = filter_scores(masks.parameters, units)
        masks.set(structured_magnitude(masks.parameters, masks.live, units, given["prune_fraction"]))
        rounds.append(
            {
                "filter_scores_before": scores,
                "kept_per_tensor": masks.remaining_per_tensor(),
                "removed_filters": {u.weight: c.masked(masks.live[u.bias]) for u in units},
                "masked": c.masked(masks.flat()),
            }
        )
    c.close({"rounds": rounds}, case["expected"], case["tolerance"])
