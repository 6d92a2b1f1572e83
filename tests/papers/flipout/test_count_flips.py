"""The CPU's way of counting is the equation's (sheet 4.3), exactly."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from papers.flipout import components
from papers.flipout.components import CountFlips
from papers.flipout.methods import count_flips_
from shared.draws import KeyedDraws
from shared.protocol import Data, Model, Protocol, Train
from shared.sparsity.masks import Masks, prunable_parameters
from shared.training.state import State


@pytest.mark.parametrize("length", [7, 64, 10_000])
def test_flips_counted_by_signs_are_those_of_the_equation(length, monkeypatch):
    monkeypatch.setattr(components, "block_length", lambda: length)
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(5, 3)).to(memory_format=torch.channels_last)
    masks = Masks(prunable_parameters(model))
    plan = Protocol(
        paper="flipout", model=Model(name="lenet300"), data=Data(name="digits"), phases=(Train(epochs=1),), seed=0
    )
    state = State(plan, model, masks, KeyedDraws(0), torch.device("cpu"))
    counter = CountFlips()
    counter.start(state)
    weights = list(masks.parameters.values())
    expected = [torch.zeros_like(w) for w in weights]
    for epoch in range(4):
        counter.before_epoch(state)
        for step in range(5):
            if step == 3 and epoch:  # masks may also move inside an epoch
                masks.set_flat(masks.flat() & (torch.rand(masks.total, generator=generator) < 0.9))
            before = [w.detach().clone() for w in weights]
            for w in weights:
                with torch.no_grad():
                    w.copy_(
                        torch.randint(-1, 2, w.shape, generator=generator) * torch.rand(w.shape, generator=generator)
                    )
            masks.apply()
            counter.after_step(state)
            count_flips_(expected, before, [w.detach() for w in weights], masks.factors)
            assert all(torch.equal(a, b) for a, b in zip(counter.counts.values(), expected, strict=True))
        assert masks.whole == (epoch == 0)
        masks.set_flat(masks.flat() & (torch.rand(masks.total, generator=generator) < 0.6))
    assert sum(float(c.sum()) for c in expected) > 0
