"""The guarantee of one weight a layer is reported where it had to act, and only there (sheet 4.3)."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from papers.random_tickets import components, paper
from shared.draws import KeyedDraws
from shared.sparsity.masks import Masks, prunable_parameters
from shared.training.state import State

ASCENDING = {"profile": "ascending", "linear_keep": 0.1}


def report(ticket: str, **options: Any) -> tuple[dict[str, Any], list[int]]:
    """What a chain of three convolutions and a linear layer reports; at 97 % the first one's share is 0.4 weights."""
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 8, 3), nn.Conv2d(8, 8, 3), nn.Linear(8, 10))
    masks = Masks(prunable_parameters(model))
    state = State(paper.build({}), model, masks, KeyedDraws(0), torch.device("cpu"))
    said = getattr(components, ticket)(state, None, **options)
    return said, [*masks.remaining_per_tensor().values()]


@pytest.mark.parametrize("ticket", ["random_ticket", "hybrid_ticket"])
def test_a_layer_that_was_raised_to_one_weight_is_named(ticket: str) -> None:
    said, kept = report(ticket, sparsity=0.97, **ASCENDING)
    assert said["guaranteed_layers"] == ["0.weight"]
    assert kept[0] == 1
    assert "empty_layers" not in said


@pytest.mark.parametrize("ticket", ["random_ticket", "hybrid_ticket"])
def test_nothing_is_reported_where_it_did_not_act(ticket: str) -> None:
    assert "guaranteed_layers" not in report(ticket, sparsity=0.5, **ASCENDING)[0]
    said, kept = report(ticket, sparsity=0.97, arithmetic="published", **ASCENDING)
    assert "guaranteed_layers" not in said  # the published arithmetic guarantees nothing
    assert (kept[0], said["empty_layers"]) == (0, ["0.weight"])
