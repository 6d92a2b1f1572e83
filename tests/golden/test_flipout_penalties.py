"""Hoyer-Square, group Hoyer, L1 and L2 and their gradients against the original code."""

import conventions as c
import torch

from shared.draws import KeyedDraws
from shared.protocol import Data, Model, Protocol, Train
from shared.sparsity import regularisers
from shared.training.components.penalties import hoyer_square
from shared.training.state import State

CASES = c.load("flipout")


def masked_network(given):
    """The network with its weights masked as the case says, and the masks."""
    model = c.network(given)
    masks = c.masks(model)
    rule = given["masked"].split("with")[1]
    masks.set({n: ~c.formula(rule, i=torch.arange(p.numel())).view_as(p) for n, p in masks.parameters.items()})
    return model, masks


def parameters(given):
    return dict(masked_network(given)[0].named_parameters())


def gradients(penalty, named):
    penalty.backward()
    return {n: None if p.grad is None else p.grad for n, p in named.items()}


def penalty_in_epoch(given, epoch, last_epoch):
    """The penalty that the training component adds in an epoch."""
    model, masks = masked_network(given)
    protocol = Protocol(
        paper="flipout", model=Model(name="tiny"), data=Data(name="tiny"), phases=(Train(epochs=1),), seed=0
    )
    state = State(protocol, model, masks, KeyedDraws(0), torch.device("cpu"), epoch=epoch)
    penalty = hoyer_square(given["hoyer_lambda"], last_epoch=last_epoch).penalty(state)
    return 0.0 if penalty is None else penalty


def test_hoyer_square():
    case = CASES["hoyer-square-penalty-and-gradient"]
    given, expected = case["inputs"], case["expected"]
    named = parameters(given)
    ratios = {n: regularisers.hoyer_square(p) for n, p in named.items()}
    penalty = given["hoyer_lambda"] * regularisers.hoyer_square_penalty(named.values())
    last = given["hoyer_last_epoch"]
    by_epoch = {e: penalty_in_epoch(given, int(e), last) for e in expected["penalty_by_epoch"]}
    never = {e: penalty_in_epoch(given, int(e), -1) for e in expected["penalty_by_epoch_with_last_epoch_minus_1"]}
    found = {
        "per_tensor_ratio": {n: r for n, r in ratios.items() if r.item() > 0},
        "penalty_by_epoch": by_epoch,
        "penalty_by_epoch_with_last_epoch_minus_1": never,
        "gradient": gradients(penalty, named),
    }
    c.close(found, expected, case["tolerance"])


def test_group_hoyer():
    case = CASES["group-hoyer-penalty-and-gradient"]
    named, strength = parameters(case["inputs"]), case["inputs"]["hoyer_lambda"]
    penalty = strength * regularisers.group_hoyer_penalty(named.values())
    found = {
        "penalty": penalty,
        "per_tensor_ratio": {n: regularisers.group_hoyer(p) for n, p in named.items() if p.ndim > 1},
        "gradient": gradients(penalty, named),
    }
    c.close(found, case["expected"], case["tolerance"])


def test_l1_and_l2():
    case = CASES["l1-l2-penalties-and-gradients"]
    found = {"wdecay_penalty": 0.0}
    for name, function in {"l1": regularisers.l1_penalty, "l2": regularisers.l2_penalty}.items():
        named = parameters(case["inputs"])
        penalty = case["inputs"]["strength"] * function(named.values())
        sums = {n: c.checksum(g) for n, g in gradients(penalty, named).items()}
        found[name] = {"penalty": penalty, "gradient_checksums": sums}
    c.close(found, case["expected"], case["tolerance"])
