"""Pruning once by thresholds, as a phase of a run, and what it reports."""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from shared.errors import ReproError
from shared.sparsity.masks import Masks
from shared.training.components.by_threshold import DECADES, PER_DECADE, prune_by_threshold


def run() -> Any:
    """Two linear layers; pixel 2 is never lit, so column 2 of the first weight is silent."""
    g = torch.Generator().manual_seed(7)
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(generator=g)
        model[0].weight[:, 2] = 100
    return SimpleNamespace(model=model, masks=Masks(dict(model.named_parameters())))


def images() -> Any:
    batch = torch.rand(16, 4, generator=torch.Generator().manual_seed(1))
    batch[:, 2] = 0
    return SimpleNamespace(eval_batches=lambda n: [SimpleNamespace(images=batch)])


@pytest.mark.parametrize("rule", ["absolute", "std-ratio"])
@pytest.mark.parametrize("density", [0.1, 0.5, 1.0])
def test_a_density_is_reached_exactly(rule: Any, density: float) -> None:
    state = run()
    report = prune_by_threshold(state, images(), rule=rule, density=density)
    left = sum(int((p != 0).sum()) for p in state.model.parameters())
    assert report["kept"] == left == round(density * state.masks.total)


def test_the_threshold_found_does_the_same_as_a_threshold() -> None:
    one, other = run(), run()
    found = prune_by_threshold(one, images(), rule="std-ratio", density=0.4)
    again = prune_by_threshold(other, images(), rule="std-ratio", threshold=found["threshold"] * (1 - 1e-6))
    assert again["kept"] == found["kept"]
    assert all(torch.equal(p, q) for p, q in zip(one.model.parameters(), other.model.parameters(), strict=True))


def test_silent_weights_are_counted_before_and_after() -> None:
    """Trap 8: five entries on the dark pixel hold nearly all squares, and the rule keeps them."""
    state = run()
    first = prune_by_threshold(state, images(), rule="std-ratio", threshold=0.5)["tensors"]["0.weight"]
    assert first["silent"] >= 5
    assert first["silent_squares"] > 0.99
    assert first["silent_kept"] == int((state.model[0].weight[:, 2] != 0).sum()) == 5


def test_sizes_are_counted_in_decades() -> None:
    state = run()
    with torch.no_grad():
        state.model[2].weight.copy_(torch.tensor([[0.0, 1.5e-3, 1e-12, 1.5, 1e9]]).expand(3, 5))
    report = prune_by_threshold(state, images(), rule="absolute", threshold=0.0)
    counts = report["sizes"]["counts"]["2.weight"]
    at = {math.floor((x - DECADES[0]) * PER_DECADE): 3 for x in (math.log10(1.5e-3), math.log10(1.5))}
    expected = [at.get(i, 0) for i in range((DECADES[1] - DECADES[0]) * PER_DECADE)]
    expected[0] = expected[-1] = 3
    assert counts == expected
    assert set(report["sizes"]["counts"]) == {"0.weight", "2.weight"}


def test_the_report_is_plain_json_without_infinities() -> None:
    state = run()
    with torch.no_grad():
        state.model[2].bias.fill_(1.0)
    report = prune_by_threshold(state, images(), rule="std-ratio", density=0.05)
    assert report["threshold"] is None or math.isfinite(report["threshold"])
    values = [v for facts in report["tensors"].values() for v in facts.values()]
    assert all(v is None or math.isfinite(v) for v in values)


@pytest.mark.parametrize("given", [{}, {"threshold": 0.1, "density": 0.1}, {"density": 0.0}, {"density": 1.5}])
def test_one_of_threshold_and_density(given: dict[str, float]) -> None:
    with pytest.raises(ReproError, match="density"):
        prune_by_threshold(run(), images(), rule="absolute", **given)


def test_a_run_can_be_pruned_to_a_density(make_engine: Callable[..., Any], tiny: Callable[..., Any]) -> None:
    from shared.protocol import Method, Prune

    options = {"rule": "std-ratio", "density": 0.03}
    plan = tiny(phases=(Prune(method=Method(name="prune-by-threshold", options=options)),))
    engine = make_engine(plan)
    engine.run()
    assert engine.extra["prune"]["kept"] == round(0.03 * engine.state.masks.total)
