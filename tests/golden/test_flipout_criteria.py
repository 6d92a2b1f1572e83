"""The other criteria, alone and on the tiny convolutional net, against the original code."""

import conventions as c
import numpy as np
import torch

from papers.flipout import historical, methods
from shared.draws import KeyedDraws
from shared.sparsity import criteria
from shared.sparsity.choosers import keyed, numpy_legacy

CASES = c.load("flipout")


def in_rounds(given, criterion):
    """Several prunings of the case's network without training in between."""
    masks = c.masks(c.network(given))
    assert list(masks) == given["prunable_order"]
    rounds = []
    for _ in range(given["rounds"]):
        masks.set_flat(criterion(masks))
        rounds.append(
            {"masked": c.masked(masks.flat()), "kept_per_tensor": list(masks.remaining_per_tensor().values())}
        )
    return {"rounds": rounds}


def test_flipout_masks_of_a_conv_net():
    case = CASES["masks-flipout-conv"]
    given = case["inputs"]
    for variant in ("published", "corrected"):

        def flipout(masks, variant=variant):
            rule = given["flip_counts"].split("=")[1]
            flips = torch.cat([c.formula(rule, i=torch.arange(n)) for n in masks.sizes])
            scores = methods.saliency(masks.flat_weights(), flips, given["p"])
            return methods.prune(scores, masks.flat(), given["prune_fraction"], variant)

        c.close(in_rounds(given, flipout), case["expected"], case["tolerance"])


def test_magnitude_masks_of_a_conv_net():
    case = CASES["masks-magnitude-conv"]
    given, r = case["inputs"], case["inputs"]["prune_fraction"]
    found = {
        "global_magnitude": in_rounds(
            given, lambda m: criteria.global_magnitude(m.flat_weights(), m.flat(), r, zeros_from="weights")
        ),
        "magnitude": in_rounds(given, lambda m: criteria.layerwise_magnitude(m.flat_weights(), m.flat(), m.sizes, r)),
    }
    c.close(found, case["expected"], case["tolerance"])


def test_random_masks_from_the_legacy_generator():
    case = CASES["masks-random-legacy-generator"]
    given = case["inputs"]
    choose = numpy_legacy(np.random.RandomState(given["numpy_legacy_seed"]))
    found = in_rounds(
        given,
        lambda m: criteria.random(m.flat_weights(), m.flat(), given["prune_fraction"], choose, zeros_from="weights"),
    )
    c.close(found, case["expected"], case["tolerance"])


def test_live_exact_zeros_count_where_the_original_counts_them():
    case = CASES["live-exact-zeros"]
    given, sizes = case["inputs"], c.sizes(case["inputs"]["shapes"])
    weights = c.flat(given["weights"])
    live = torch.ones(len(weights), dtype=torch.bool)
    live[given["already_masked"]] = False
    assert given["flip_counts"] == "all 0"
    flips = torch.zeros_like(weights)
    found = {
        "flipout": lambda r: methods.prune(methods.saliency(weights, flips), live, r, "published"),
        "global_magnitude": lambda r: criteria.global_magnitude(weights, live, r, zeros_from="weights"),
        "magnitude": lambda r: criteria.layerwise_magnitude(weights, live, sizes, r),
        "random": lambda r: criteria.random(weights, live, r, keyed(KeyedDraws(0)), zeros_from="weights"),
    }
    assert set(found) == set(case["expected"])
    for name, rows in case["expected"].items():
        for row in rows:
            assert row["prune_fraction"] in given["prune_fractions"]
            after = found[name](row["prune_fraction"])
            assert int((~after).sum()) == row["number_masked_after"], name
            if "masked_per_tensor" in row:
                assert [int((~m).sum()) for m in after.split(sizes)] == row["masked_per_tensor"], name


def test_threshold_is_strict():
    case = CASES["threshold-strict"]
    weights = c.tensor(case["inputs"]["weights"])
    live, found = torch.ones(len(weights), dtype=torch.bool), []
    for value in case["inputs"]["thresholds"]:
        live = criteria.threshold(weights * live, live, value)
        found.append(c.masked(live))
    c.close({"masked_after_each": found}, case["expected"], case["tolerance"])


def test_sensitivity_replaces_the_mask():
    case = CASES["sensitivity-criterion"]
    given, sizes = case["inputs"], c.sizes(case["inputs"]["shapes"])
    weights, found = c.flat(given["weights"]), []
    for factor in given["sensitivities"]:
        cuts = criteria.sensitivity_thresholds(weights, sizes, factor)
        live = criteria.sensitivity(weights, sizes, factor)
        found.append({"thresholds": [x.item() for x in cuts], "masked": c.masked(live)})
        weights = weights * live
    empty = criteria.sensitivity(torch.zeros(6), [6], given["sensitivities"][0])
    c.close(
        {"after_each": found, "masked_of_an_all_zero_layer_after": c.masked(empty)}, case["expected"], case["tolerance"]
    )


def test_historical_flip_criteria():
    case = CASES["historical-flip-criteria"]
    given, sizes = case["inputs"], c.sizes(case["inputs"]["shapes"])
    flips = c.flat(given["flip_counts"])
    everything = torch.ones(len(flips), dtype=torch.bool)
    live, top = everything, []
    for fraction in given["prune_fractions"]:
        live = historical.topflip(live, flips * live, fraction)
        top.append(c.masked(live))
    found = {
        "topflip": top,
        "topflip_layer": c.masked(historical.topflip_layer(everything, flips, sizes, given["prune_fractions"][1])),
        "flip": c.masked(historical.flip(everything, flips, given["flip_threshold"])),
    }
    c.close(found, case["expected"], case["tolerance"])
