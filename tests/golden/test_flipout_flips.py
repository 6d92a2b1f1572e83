"""FlipOut's counters, scores and prunings against the original code."""

import conventions as c
import pytest
import torch

from papers.flipout import methods
from shared.sparsity.criteria import global_magnitude, quota

CASES = c.load("flipout")


def counted(counts, before, after, live):
    methods.count_flips_(counts, before, after, live)
    return [x.tolist() for x in counts]


def test_counter_sequence():
    case = CASES["flip-counter-sequence"]
    given = case["inputs"]
    live = [c.tensor(m) for m in given["masks"]]
    counts = [torch.zeros(n, dtype=torch.float32) for n in c.sizes(given["shapes"])]
    before, history = [c.tensor(w) for w in given["weights_before_first_update"]], []
    for update in given["weights_after_each_update"]:
        after = [c.tensor(w) for w in update]
        history.append(counted(counts, before, after, live))
        before = after
    c.close({"flip_counts_after_each_update": history}, case["expected"], case["tolerance"])


def test_pruning_between_updates():
    case = CASES["flip-counter-pruning-in-between"]
    given, sizes = case["inputs"], c.sizes(case["inputs"]["shapes"])
    live = torch.ones(sum(sizes), dtype=torch.bool)
    counts = [torch.zeros(n) for n in sizes]
    before, earlier = [c.tensor(w) for w in given["weights_before_first_update"]], []
    for update in given["weights_after_each_earlier_update"]:
        after = [c.tensor(w) for w in update]
        earlier.append(counted(counts, before, after, live.split(sizes)))
        before = after
    weights = torch.cat(before)
    scores = methods.saliency(weights, torch.cat(counts), given["p"])
    live = methods.prune(scores, live, given["prune_fraction"], "published")
    before = list((weights * live).split(sizes))
    result = {
        "flip_counts_after_each_earlier_update": earlier,
        "scores": scores,
        "masked": c.masked(live),
        "flip_counts_right_after_pruning": [x.tolist() for x in counts],
        "weights_right_after_pruning": [w.tolist() for w in before],
    }
    later = []
    for update in given["raw_optimizer_result_of_each_later_update"]:
        after = [c.tensor(w) * m for w, m in zip(update, live.split(sizes), strict=True)]
        later.append(counted(counts, before, after, live.split(sizes)))
        before = after
    c.close({**result, "flip_counts_after_each_later_update": later}, case["expected"], case["tolerance"])


def rounds(scores_of, weights, flips, given, variant):
    """Several prunings with counters and remaining weights unchanged in between."""
    live, history = torch.ones_like(weights, dtype=torch.bool), []
    for _ in range(given["rounds"]):
        live = methods.prune(scores_of(weights * live, flips), live, given["prune_fraction"], variant)
        history.append(live)
    return {"scores": scores_of(weights, flips), "masked_after_round": [c.masked(x) for x in history]}, history


def test_squared_score_and_rounds():
    case = CASES["flipout-p2-scores-and-rounds"]
    given = case["inputs"]
    weights, flips = (c.flat(given[k], c.dtype_of(given)) for k in ("weights", "flip_counts"))
    for variant in ("published", "corrected"):
        result, _ = rounds(lambda w, f: methods.saliency(w, f, given["p"]), weights, flips, given, variant)
        c.close(result, case["expected"], case["tolerance"])


def test_odd_powers_keep_the_sign_when_published():
    case = CASES["flipout-odd-powers-published-signed"]
    given = case["inputs"]
    weights, flips = (c.flat(given[k], c.dtype_of(given)) for k in ("weights", "flip_counts"))
    by_p = {}
    for p in given["p"]:
        result, lives = rounds(
            lambda w, f, p=p: methods.saliency(w, f, p, signed=True), weights, flips, given, given["variant"]
        )
        by_p[str(p)] = {**result, "live_after_round": [int(x.sum()) for x in lives]}
    c.close({"by_p": by_p}, case["expected"], case["tolerance"])


def test_absolute_value_and_squared_flips():
    case = CASES["flipout-p1-absolute-and-squared-flips"]
    given = case["inputs"]
    weights, flips = (c.flat(given[k], c.dtype_of(given)) for k in ("weights", "flip_counts"))
    scores = {
        "abs_over_flips_plus_1": lambda w, f: methods.saliency(w, f, 1),
        "abs_over_squared_flips_plus_1": methods.squared_flips_saliency,
    }
    result = {k: rounds(s, weights, flips, given, given["variant"])[0] for k, s in scores.items()}
    c.close(result, case["expected"], case["tolerance"])


def test_other_powers_corrected():
    case = CASES["flipout-other-powers-corrected"]
    given = case["inputs"]
    weights, flips = (c.flat(given[k], c.dtype_of(given)) for k in ("weights", "flip_counts"))
    by_p = {
        str(p): rounds(lambda w, f, p=p: methods.saliency(w, f, p), weights, flips, given, given["variant"])[0]
        for p in given["p"]
    }
    c.close({"by_p": by_p}, case["expected"], case["tolerance"])


def test_odd_power_overshoots_only_when_published():
    case = CASES["flipout-odd-power-overshoot"]
    given, expected = case["inputs"], case["expected"]
    weights = c.flat(given["weights"])
    live = torch.ones(len(weights), dtype=torch.bool)
    live[given["already_masked"]] = False
    result = {"requested_new": quota(given["prune_fraction"], int(live.sum()))}
    for variant in ("published", "corrected"):
        key = f"{variant}_masked_by_p"
        result[key] = {}
        for p in expected[key]:
            scores = methods.saliency(weights, torch.zeros_like(weights), float(p), signed=variant == "published")
            result[key][p] = c.masked(methods.prune(scores, live, given["prune_fraction"], variant))
    c.close(result, expected, case["tolerance"])


@pytest.mark.parametrize("variant", ["published", "corrected"])
def test_ties_at_the_cut_go_by_index(variant):
    case = CASES["ties-at-the-cut"]
    given = case["inputs"]
    weights, flips = c.flat(given["weights"]), c.flat(given["flip_counts"])
    live = torch.ones(len(weights), dtype=torch.bool)
    scores = {"flipout_p2": methods.saliency(weights, flips), "global_magnitude": weights.abs()}
    after = {
        "flipout_p2": methods.prune(scores["flipout_p2"], live, given["prune_fraction"], variant),
        "global_magnitude": global_magnitude(weights, live, given["prune_fraction"], zeros_from="weights"),
    }
    found = {}
    for name, pruned in after.items():
        cut = scores[name][~pruned].max()
        found[name] = {
            "number_masked": int((~pruned).sum()),
            "certainly_masked": c.kept(scores[name] < cut),
            "tied_at_the_cut": c.kept(scores[name] == cut),
            "suite_rule_masked": c.masked(pruned),
        }
    c.close(found, case["expected"], case["tolerance"])
