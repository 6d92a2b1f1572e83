"""Laws of the theory table that would notice another rule."""

import torch

from papers.synflow import laws, paper
from shared.sparsity import pruners
from shared.sparsity.masked import flat


def law(id):
    return next(c for c in paper.table("theory").claims if c.id == id)


def test_the_largest_layer_goes_first(monkeypatch):
    assert law("law-largest-first").measure() == 0

    def by_size(model, shape):
        return lambda weights, live, index: flat({n: torch.full_like(w, w.numel()) for n, w in weights.items()})

    monkeypatch.setattr(pruners, "synflow_scores", by_size)
    assert laws.emptied_against_size() == 6  # all five smaller layers, and the largest is left


def test_a_mask_depends_on_the_seed_alone(monkeypatch):
    assert law("law-deterministic").measure() == 0

    def drawn(model, shape):
        return lambda weights, live, index: torch.rand(sum(w.numel() for w in weights.values()))

    monkeypatch.setattr(pruners, "synflow_scores", drawn)
    assert laws.mask_differences() > 1000


def test_one_round_loses_a_layer_where_single_weights_do_not():
    assert laws.critical_by_single_weights() == law("law-critical").value == 3
    assert laws.alive_in_one_round() == law("law-one-round-empties").value == 2


def test_only_an_exponential_schedule_stays_below_the_flow():
    """Q11; of fewer rounds the exponential one does not either."""
    held = {id: law(f"law-cut-{id}").measure() for id in ("exponential", "linear")}
    assert held == {"exponential": 0, "linear": 1}
    assert laws.cut_exceeds_flow("exponential", 10) == 1
