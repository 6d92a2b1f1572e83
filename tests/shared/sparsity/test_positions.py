"""Few moves: positions and masks end as if they had been made anew."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from shared.sparsity.masks import Masks
from shared.sparsity.positions import replaced


@given(st.data())
def test_replaced_positions_are_those_of_the_new_mask(data: st.DataObject) -> None:
    live = torch.tensor(data.draw(st.lists(st.booleans(), min_size=1, max_size=60)))
    at, free = live.nonzero().reshape(-1), (~live).nonzero().reshape(-1)
    k = data.draw(st.integers(0, min(len(at), len(free))))
    order = torch.Generator().manual_seed(data.draw(st.integers(0, 99)))
    ranks = torch.randperm(len(at), generator=order)[:k].sort().values
    by = free[torch.randperm(len(free), generator=order)[:k]].sort().values
    live[at[ranks]], live[by] = False, True
    assert replaced(at, ranks, by).tolist() == live.nonzero().reshape(-1).tolist()


def in_rows(tensor: Tensor) -> Tensor:
    return tensor


def channels_last(tensor: Tensor) -> Tensor:
    return tensor.to(memory_format=torch.channels_last)


@pytest.mark.parametrize("layout", [in_rows, channels_last])
def test_moved_entries_are_those_of_masks_set_anew(layout: object) -> None:
    assert callable(layout)
    torch.manual_seed(0)
    first = torch.rand(6, 5, 3, 3) < 0.4
    values = torch.randn(6, 5, 3, 3)
    moved, anew = (Masks({"w": nn.Parameter(layout(values.clone())), "v": nn.Parameter(torch.ones(3))}) for _ in "ab")
    for masks in (moved, anew):
        masks.set({"w": first})
    flat = first.reshape(-1)
    gone, grown = flat.nonzero().reshape(-1)[[1, 4, 30]], (~flat).nonzero().reshape(-1)[[0, 7, 9]]
    changes = moved.changes
    moved.move("w", gone, grown)
    second = flat.clone()
    second[gone], second[grown] = False, True
    anew.set({"w": second.view_as(first)})
    assert moved.changes == changes + 1
    for a, b in ((moved.live["w"], anew.live["w"]), (moved.factors[0], anew.factors[0])):
        assert torch.equal(a, b)
    assert torch.equal(moved.parameters["w"], anew.parameters["w"])
    assert bool(moved.live["v"].all())


def test_masks_are_not_taken_for_whole_after_a_move() -> None:
    masks = Masks({"w": nn.Parameter(torch.ones(4))})
    masks.move("w", torch.tensor([2]), torch.tensor([], dtype=torch.int64))
    masks.parameters["w"].data.fill_(1.0)
    masks.apply()
    assert masks.parameters["w"].tolist() == [1.0, 1.0, 0.0, 1.0]
