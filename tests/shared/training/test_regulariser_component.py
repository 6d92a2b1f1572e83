"""Named regularisers, held zeros, held norms and drawn dropout as parts of a training step."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from shared.draws import KeyedDraws
from shared.errors import ReproError
from shared.models.registry import build
from shared.protocol import Model
from shared.sparsity.masks import Masks, prunable_parameters
from shared.training.components.dropout import Dropout
from shared.training.components.gradients import FreezeZeros
from shared.training.components.hold_norm import HoldNorm
from shared.training.components.regulariser import ELEMENT, GROUP, Regulariser


def state(model: nn.Module, **more: Any) -> Any:
    """What these components read of a run's state."""
    return SimpleNamespace(
        model=model,
        parameters=[*model.parameters()],
        masks=Masks(prunable_parameters(model)),
        device=torch.device("cpu"),
        **more,
    )


WEIGHTS = st.lists(st.floats(-3, 3).filter(lambda v: v == 0 or abs(v) > 1e-3), min_size=6, max_size=6)


@given(WEIGHTS, st.floats(0.01, 100))
def test_scale_invariance_and_range(values: list[float], factor: float) -> None:
    w = torch.tensor(values, dtype=torch.float64).view(2, 3)
    for name in ("hoyer", "hoyer-square", "group-hoyer", "group-hoyer-square"):
        function = {**ELEMENT, **GROUP}[name]
        value = function(w)
        assert function(w * factor) == pytest.approx(value.item(), rel=1e-9)
        if not w.any():
            assert value == 0
        elif name == "hoyer-square":
            assert 1 - 1e-9 <= value <= 6 + 1e-9
        elif name == "group-hoyer-square":
            assert 2 - 1e-9 <= value <= 5 + 1e-9


@given(WEIGHTS)
def test_zero_entries_and_zero_groups_get_no_gradient(values: list[float]) -> None:
    w = torch.tensor(values, dtype=torch.float64).view(2, 3)
    w[:, 1] = 0
    w.requires_grad_()
    for function in {**ELEMENT, **GROUP}.values():
        (slope,) = torch.autograd.grad(function(w), w)
        assert slope.isfinite().all()
        assert not slope[w == 0].any()


def test_a_regulariser_covers_the_stated_tensors() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    everything, weights = Regulariser("l1", 2.0), Regulariser("l1", 2.0, tensors="weights")
    total = sum(p.abs().sum().item() for p in model.parameters())
    assert everything.penalty(state(model)).item() == pytest.approx(2 * total)
    assert weights.penalty(state(model)).item() == pytest.approx(2 * model[0].weight.abs().sum().item())


@pytest.mark.parametrize(("options", "sentence"), [
    ({"kind": "hoyersquare"}, "hoyer-square"),
    ({"kind": "l1", "grouping": "true"}, "has no groups"),
    ({"kind": "group-lasso"}, "channels and filters"),
])  # fmt: skip
def test_options_without_effect_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ReproError, match=sentence):
        Regulariser(strength=1.0, **options)


def test_zeros_are_frozen_by_being_zero() -> None:
    model = nn.Linear(3, 2)
    with torch.no_grad():
        model.weight[0, 1] = 0
    component, s = FreezeZeros(), state(model)
    component.start(s)
    model(torch.ones(1, 3)).sum().backward()
    component.before_step(s)
    assert model.weight.grad is not None
    assert model.weight.grad.tolist() == [[1, 0, 1], [1, 1, 1]]
    with torch.no_grad():
        model.weight[1, 2] = 0  # of its own accord, later: frozen from then on
    model.weight.grad.fill_(1)
    component.before_step(s)
    assert model.weight.grad.tolist() == [[1, 0, 1], [1, 1, 0]]


def test_norms_are_held() -> None:
    model = nn.Linear(3, 2)
    component, s = HoldNorm(), state(model)
    component.start(s)
    before = model.weight.norm().item()
    with torch.no_grad():
        model.weight.mul_(7)
        model.bias.mul_(7)
    component.after_step(s)
    assert model.weight.norm().item() == pytest.approx(before, rel=1e-6)


def test_dropout_is_a_function_of_its_key() -> None:
    spec = Model(name="wide_resnet", width=1 / 8, channels=1, options={"depth": 10, "dropout": 0.3})
    model = build(spec).train()
    s = state(
        model,
        protocol=SimpleNamespace(model=spec),
        phase=SimpleNamespace(batch_size=4),
        draws=KeyedDraws(3),
        epoch=1,
        step=1,
    )
    images = torch.rand(4, 1, 32, 32)
    with pytest.raises(ReproError, match="dropout"):
        model(images)
    component = Dropout()
    component.start(s)
    component.draw(s)
    first = model(images)
    s.step = 2
    component.draw(s)
    second = model(images)
    s.step = 1
    component.draw(s)
    assert torch.equal(model(images), first)
    assert not torch.equal(second, first)
    zeros = [(m.noise < m.quantile).float().mean().item() for m in model.modules() if hasattr(m, "noise")]
    assert all(abs(z - 0.3) < 0.03 for z in zeros)
    assert torch.equal(model.eval()(images[:2]), model(images[:2]))
