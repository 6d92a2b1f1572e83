"""Pruning epochs, counts, learning rates and annealing against the original code."""

import conventions as c
import pytest
import torch
from torch import nn

from papers.flipout import methods
from shared.draws import KeyedDraws
from shared.protocol import Data, Method, Model, Optimizer, Protocol, Schedule, Train
from shared.sparsity import criteria
from shared.sparsity.choosers import keyed
from shared.sparsity.criteria import random_quota, remaining_after
from shared.sparsity.masks import Masks
from shared.sparsity.schedule import prune_due, prune_epochs
from shared.training.components import build
from shared.training.optim import build_optimizer, learning_rate
from shared.training.state import State

CASES = c.load("flipout")


def prunings(total, fraction, epochs, interval, stop=-1):
    due = prune_epochs(epochs, interval, None if stop == -1 else stop)
    return [list(pair) for pair in zip(due, remaining_after(total, fraction, len(due)), strict=True)]


def test_full_length_schedule():
    case = CASES["schedule-prunings-full-length"]
    given = case["inputs"]
    rows = []
    for interval in given["intervals"]:
        events = prunings(given["N"], given["prune_fraction"], given["epochs"], interval)
        row = {
            "interval": interval,
            "prunings_epoch_and_live": events,
            "final_sparsity": 1 - events[-1][1] / given["N"],
        }
        rows.append(row)
    plan = Schedule(kind="multistep", milestones=tuple(given["lr_milestones"]), gamma=given["lr_gamma"])
    rates = [learning_rate(given["learning_rate"], plan, e) for e in range(1, given["epochs"] + 1)]
    c.close({"rows": rows, "learning_rate_of_epoch_1_to_E": rates}, case["expected"], case["tolerance"])


def test_edge_cases_of_pruning_epochs():
    case = CASES["schedule-prune-epochs-edge-cases"]
    given = case["inputs"]
    found = [prunings(given["N"], given["prune_fraction"], **row) for row in given["rows"]]
    c.close({"prunings_epoch_and_live": found}, case["expected"], case["tolerance"])


ANNEALED = {
    "plain": [],
    "anneal_weight_decay": ["anneal-weight-decay"],
    "anneal_lr": ["anneal-lr"],
    "both": ["anneal-weight-decay", "anneal-lr"],
}


@pytest.mark.parametrize("mode", ANNEALED)
def test_annealing(mode):
    case = CASES["schedule-annealing"]
    given = case["inputs"]
    assert given["regularizer"] == "wdecay"
    options = {
        "anneal-weight-decay": {"strength": given["regularizer_strength"]},
        "anneal-lr": {"mode": "published"},
    }
    components = build(tuple(Method(name=n, options=options[n]) for n in ANNEALED[mode]))
    phase = Train(
        epochs=given["epochs"],
        optimizer=Optimizer(lr=given["learning_rate"], weight_decay=given["regularizer_strength"]),
        schedule=Schedule(kind="multistep", milestones=tuple(given["lr_milestones"])),
    )
    protocol = Protocol(paper="flipout", model=Model(name="tiny"), data=Data(name="tiny"), phases=(phase,), seed=0)
    weight = nn.Parameter(c.wave([given["N"]], 0.7, 0.5, 1.0))
    model = nn.Module()
    model.register_parameter("weight", weight)
    masks = Masks({"weight": weight})
    state = State(protocol, model, masks, KeyedDraws(0), torch.device("cpu"), phase=phase)
    state.optimizer = build_optimizer(phase.optimizer, [weight])
    found = {k: [] for k in case["expected"][mode]}
    for state.epoch in range(1, given["epochs"] + 1):
        group = state.optimizer.param_groups[0]
        group["lr"] = learning_rate(phase.optimizer.lr, phase.schedule, state.epoch)
        for component in components:
            component.before_epoch(state)
        found["learning_rate_used_in_epoch"].append(group["lr"])
        found["optimizer_weight_decay_used_in_epoch"].append(group["weight_decay"])
        if prune_due(state.epoch, given["epochs"], given["interval"]):
            masks.set_flat(criteria.global_magnitude(masks.flat_weights(), masks.flat(), given["prune_fraction"]))
        state.sparsity = state.measured_sparsity()
        found["sparsity_after_epoch"].append(state.sparsity)
    c.close(found, case["expected"][mode], case["tolerance"])


def random_counts(total, fraction, rounds):
    """Live weights after each round of the published random count."""
    live, counts = total, []
    for _ in range(rounds):
        live -= random_quota(total, total - live, fraction)
        counts.append(live)
    return counts


def test_small_counts_by_pruning():
    """Every criterion really prunes a tensor of N non-zero weights; the published random count can differ by one."""
    case = CASES["live-counts-small"]
    rows = []
    for given in case["inputs"]["combinations"]:
        total, fraction, rounds = given["N"], given["prune_fraction"], given["rounds"]
        rows.append({"N": total, "prune_fraction": fraction} | counted(total, fraction, rounds))
        assert remaining_after(total, fraction, rounds) == rows[-1]["flipout_live_after_round"]
        assert random_counts(total, fraction, rounds) == rows[-1]["random_live_after_round"]
    c.close({"rows": rows}, case["expected"], case["tolerance"])


def counted(total, fraction, rounds):
    start = c.wave([total], 0.731, 0.3, 1.0)
    flips = torch.arange(total) % 5
    choose = keyed(KeyedDraws(0))
    prune = {
        "flipout": lambda w, m: methods.prune(methods.saliency(w, flips), m, fraction, "published"),
        "global_magnitude": lambda w, m: criteria.global_magnitude(w, m, fraction, zeros_from="weights"),
        "magnitude": lambda w, m: criteria.layerwise_magnitude(w, m, [total], fraction),
        "random": lambda w, m: criteria.random(w, m, fraction, choose, zeros_from="weights"),
    }
    found = {}
    for name, criterion in prune.items():
        live, counts = torch.ones(total, dtype=torch.bool), []
        for _ in range(rounds):
            live = criterion(start * live, live)
            counts.append(int(live.sum()))
        found[f"{name}_live_after_round"] = counts
    return found
