"""Stored signs of DeepR: of the initial values for good, or drawn anew where a weight grows (sheet 4.3)."""

import pytest
import torch

from papers.dsr.deep_rewiring import DeepRewiring
from papers.dsr.invariants import _state
from shared.models.layers import sequential

LAYERS = [{"type": "linear", "in": 40, "out": 60, "bias": False}]


@pytest.mark.parametrize("kind", ["fixed", "redrawn"])
def test_signs_change_only_where_a_weight_grows_and_only_if_asked(kind):
    state = _state(sequential(LAYERS))
    state.optimizer = torch.optim.SGD(state.model.parameters(), lr=0.1)
    component = DeepRewiring(eta=0.01, temperatures=[1e-5], signs=kind)
    component.start(state)
    (name,) = component.names
    generator = torch.Generator().manual_seed(7)
    changed = 0
    grown = 0
    for step in range(20):
        state.step = step
        with torch.no_grad():
            p = state.masks.parameters[name]
            p.add_(torch.randn(p.shape, generator=generator), alpha=0.05)
        state.masks.apply()
        signs, live = component.signs[name].clone(), state.masks.live[name].clone()
        component.after_batch(state)
        new = state.masks.live[name] & ~live
        moved = component.signs[name] != signs
        assert not (moved & ~new).any()
        assert set(component.signs[name].unique().tolist()) == {-1.0, 1.0}
        changed, grown = changed + int(moved.sum()), grown + int(new.sum())
    assert grown > 200
    assert changed == 0 if kind == "fixed" else abs(changed / grown - 0.5) < 0.1
