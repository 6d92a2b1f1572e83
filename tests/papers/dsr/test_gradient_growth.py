"""RigL's rule of growth inside our events (sheet 4.16): which units grow, and what they start with."""

import pytest
import torch

from papers.dsr.invariants import _state
from shared.models.layers import sequential
from shared.sparsity import rigl
from shared.training.components.reallocate import Reallocation

LAYERS = [{"type": "linear", "in": a, "out": b, "bias": False} for a, b in ((20, 30), (30, 10))]
MU = 0.9


@pytest.fixture
def state():
    """Sparse layers after one step of SGD with momentum, whose masks leave random dormant values."""
    generator = torch.Generator().manual_seed(3)
    state = _state(sequential(LAYERS))
    parameters = list(state.masks.parameters.values())
    state.optimizer = torch.optim.SGD(parameters, lr=0.1, momentum=MU)
    for p in parameters:
        p.grad = torch.randn(p.shape, generator=generator)
        state.optimizer.state[p]["momentum_buffer"] = torch.randn(p.shape, generator=generator)
    return state


def event(state, **options):
    """One event; weights, masks and momentum before and after it."""
    component = Reallocation(periods=[1], grow="gradient", **options)
    component.start(state)
    component.before_step(state)
    before = pictures(state)
    component.event(state)
    return before, pictures(state), component


def pictures(state):
    return [
        (p.detach().clone(), m.clone(), state.optimizer.state[p]["momentum_buffer"].clone(), p.grad.clone())
        for p, m in zip(state.masks.parameters.values(), state.masks.live.values(), strict=True)
    ]


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_within_a_tensor_the_new_mask_is_rigls(state, fraction):
    before, after, component = event(state, fraction=fraction, extra=0, allocation="within")
    regrown = 0
    for (w, live, momentum, g), (w2, live2, momentum2, _) in zip(before, after, strict=True):
        k = int(fraction * int(live.sum()))
        wanted = rigl.updated(w.reshape(-1), live.reshape(-1), g.reshape(-1), k).view(live.shape)
        assert torch.equal(live2, wanted)
        fresh = live2 & ~live
        assert torch.equal(w2, torch.where(live & live2, w, 0.0))
        assert torch.equal(momentum2, momentum.masked_fill(fresh, 0.0))
        regrown += k - int(fresh.sum())
    assert component.log.events[-1]["grown"] == component.log.events[-1]["dropped"]
    assert regrown > 0 or fraction < 0.5  # what was dropped may come back


def test_across_tensors_the_largest_gradients_grow_and_no_weight_is_lost(state):
    live = sum(int(m.sum()) for m in state.masks.live.values())
    before, after, _ = event(state, target=40, threshold=0.08, allocation="exact", spare="largest")
    assert sum(int(m.sum()) for m in state.masks.live.values()) == live
    assert sum(int((m2 & ~m).sum()) for (_, m, *_), (_, m2, *_) in zip(before, after, strict=True)) > 0
    for (_, m, _, g), (_, m2, *_) in zip(before, after, strict=True):
        fresh = m2 & ~m
        if fresh.any():
            assert g.abs()[fresh].min() >= g.abs()[~m2].max()


def test_random_growth_touches_no_momentum_and_never_regrows_at_once(state):
    before = pictures(state)
    component = Reallocation(periods=[1], fraction=0.5, allocation="within")
    component.start(state)
    component.event(state)
    for (_, live, momentum, _), (_, live2, momentum2, _) in zip(before, pictures(state), strict=True):
        assert torch.equal(momentum, momentum2)
        assert int((live2 & ~live).sum()) == int(0.5 * int(live.sum())) + 1
