"""Counts and selections on the real networks against the original code."""

import math

import conventions as c
import pytest
import torch
from torch import nn

from papers.flipout import methods
from papers.flipout.settings import dataset_of, model_for
from shared.draws import ReplayedDraws
from shared.models.registry import build
from shared.sparsity import criteria, snip
from shared.sparsity.masks import Masks, prunable_parameters

CASES = c.load("flipout")


def built(name, dtype=torch.float32):
    return build(model_for(name, dataset_of(name))).to(dtype)


def halvings(total, fraction, rounds):
    """Live weights after each round of the published random count."""
    live, counts = total, []
    for _ in range(rounds):
        live -= criteria.random_quota(total, total - live, fraction)
        counts.append(live)
    return counts


@pytest.mark.parametrize("name", CASES["kept-counts-by-round"]["inputs"]["networks"])
def test_kept_counts_by_round(name):
    """The counting functions that the criteria use, on the sizes of the real networks (no training in between)."""
    case = CASES["kept-counts-by-round"]
    given, expected = case["inputs"], case["expected"][name]
    r, rounds = given["prune_fraction"], given["rounds"]
    sizes = [p.numel() for p in prunable_parameters(built(name)).values()]
    per_tensor = [criteria.remaining_after(n, r, rounds) for n in sizes]
    by_round = [list(counts) for counts in zip(*per_tensor, strict=True)]
    total = sum(sizes)
    found = {
        "prunable": total,
        "flipout_live_after_round": criteria.remaining_after(total, r, rounds),
        "global_magnitude_live_after_round": criteria.remaining_after(total, r, rounds),
        "random_published_live_after_round": halvings(total, r, rounds),
        "magnitude_live_after_round": [sum(counts) for counts in by_round],
        "magnitude_live_per_tensor_after_round": {
            k: by_round[int(k) - 1] for k in expected["magnitude_live_per_tensor_after_round"]
        },
        "snip_keep": [snip.snip_quota(total, s) for s in given["snip_sparsities"]],
    }
    c.close(found, expected, case["tolerance"])


@pytest.mark.parametrize("criterion", ["flipout", "global_magnitude"])
def test_global_selection(criterion):
    case = CASES["full-size-global-selection"]
    given = case["inputs"]
    masks = Masks(prunable_parameters(built(given["network"], c.dtype_of(given))))
    sine, rule = given["weights_of_prunable_tensor_l"]["sin"], given["flip_counts"].split("=")[1]
    flips = []
    with torch.no_grad():
        for position, parameter in enumerate(masks.parameters.values()):
            parameter.copy_(c.sine(sine, parameter.shape, l=position, fan_in=parameter[0].numel()))
            flips.append(c.formula(rule, i=torch.arange(parameter.numel()), l=position).float())
    counts = torch.cat(flips)
    after = []
    for _ in range(given["rounds"]):
        weights, live = masks.flat_weights(), masks.flat()
        if criterion == "flipout":
            masks.set_flat(methods.prune(methods.saliency(weights, counts), live, given["prune_fraction"], "published"))
        else:
            masks.set_flat(criteria.global_magnitude(weights, live, given["prune_fraction"], zeros_from="weights"))
        after.append(list(masks.remaining_per_tensor().values()))
    c.close({"live_per_tensor_after_round": after}, case["expected"][criterion], case["tolerance"])


def test_published_snip():
    case = CASES["full-size-snip-published"]
    given, expected = case["inputs"], case["expected"]
    model = built(given["network"], c.dtype_of(given))
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
                module.bias.zero_()
    params = prunable_parameters(model)
    sine = given["standard_normal_stand_ins_of_tensor_l"]["sin"]
    draws = ReplayedDraws({"snip-redraw": lambda shape, epoch, step, index: c.sine(sine, shape, l=index)})
    images = c.tensor(given["images"])
    labels = c.formula(given["label"].split("=")[-1], i=torch.arange(len(images)))
    scores, loss = snip.snip_scores(
        model, params, images, labels, loss="log-likelihood-of-logits", reinitialise="xavier-normal", draws=draws
    )
    found = {}
    for sparsity in given["sparsities"]:
        live = snip.keep_published(scores, sparsity)
        kept = [int(m.sum()) for m in live.split([p.numel() for p in params.values()])]
        found[str(sparsity)] = {
            "keep": snip.snip_quota(len(scores), sparsity),
            "kept_per_tensor": kept,
            "empty_tensors": kept.count(0),
        }
    assert math.isfinite(loss)
    c.close({"loss": loss, "by_sparsity": found}, expected, case["tolerance"])
