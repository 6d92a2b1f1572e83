"""FlipOut around the optimiser: stale momentum, decay, masks and counters against the original code."""

import conventions as c
import torch
from torch import nn

from papers.flipout import methods
from shared.protocol import Optimizer
from shared.sparsity.masks import Masks
from shared.training.optim import build_optimizer

CASES = c.load("flipout")


def test_sgd_with_momentum_decay_and_pruning():
    case = CASES["sgd-momentum-decay-flips-pruning"]
    given, shape = case["inputs"], case["inputs"]["shape"]
    weight = nn.Parameter(c.tensor(given["initial_weight"]))
    masks = Masks({"weight": weight})
    spec = Optimizer(lr=given["learning_rate"], momentum=given["momentum"], weight_decay=given["weight_decay"])
    optimizer = build_optimizer(spec, [weight])
    counts = torch.zeros_like(weight)
    found = {key: [] for key in case["expected"]}
    for t in range(1, given["steps"] + 1):
        before = weight.detach().clone()
        slope = given["gradient_of_step_t"]
        weight.grad = c.sine(slope["sin"], shape, t=t) + slope["plus_coefficient_times_current_weight"] * before
        masks.apply_to_gradients()
        optimizer.step()
        if t - 1 in given["prune_after_steps"]:
            found["raw_result_before_mask_in_step_after_event"].append(weight.detach().flatten().tolist())
        masks.apply()
        methods.count_flips_([counts], [before], [weight], list(masks.live.values()))
        found["weights"].append(weight.detach().flatten().tolist())
        found["momentum_buffers"].append(optimizer.state[weight]["momentum_buffer"].flatten().tolist())
        found["flip_counts"].append(counts.flatten().tolist())
        if t in given["prune_after_steps"]:
            scores = methods.saliency(masks.flat_weights(), counts.flatten(), given["p"])
            masks.set_flat(methods.prune(scores, masks.flat(), given["prune_fraction"], "published"))
            found["masked_after_event"].append(c.masked(masks.flat()))
    c.close(found, case["expected"], case["tolerance"])
