"""Cutting tensors into blocks visits every element once, in memory order, whatever the layout."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shared.training.blocks import buffers, cut, parts

SIZES = st.lists(st.integers(0, 12), min_size=1, max_size=6)


@given(SIZES, st.integers(1, 9))
def test_blocks_are_full_and_cover_every_element_once(sizes, length):
    blocks = cut(sizes, length)
    assert [b.length for b in blocks[:-1]] == [length] * (len(blocks) - 1)
    seen = [(p.tensor, p.start + i) for b in blocks for p in b.pieces for i in range(p.length)]
    assert seen == [(t, i) for t, size in enumerate(sizes) for i in range(size)]
    for block in blocks:
        ends = [p.at + p.length for p in block.pieces]
        assert [p.at for p in block.pieces] == [0, *ends[:-1]]
        assert ends[-1:] == [block.length]


@given(st.integers(1, 70), st.sampled_from([torch.contiguous_format, torch.channels_last]))
def test_work_in_blocks_is_work_on_the_whole(length, layout):
    generator = torch.Generator().manual_seed(length)
    tensors = [torch.randn(2, 3, 3, 2, generator=generator).to(memory_format=layout), torch.randn(5), torch.randn(4, 6)]
    expected = [t * 2 + 1 for t in tensors]
    blocks = cut([t.numel() for t in tensors], length)
    scratch = torch.empty(max(b.length for b in blocks))
    for pieces, views in zip(parts(tensors, blocks), buffers(scratch, tensors, blocks), strict=True):
        for piece, view in zip(pieces, views, strict=True):
            torch.mul(piece, 2, out=view)
            torch.add(view, 1, out=piece)
    assert all(torch.equal(t, e) for t, e in zip(tensors, expected, strict=True))


def test_a_tensor_with_gaps_cannot_be_cut():
    with pytest.raises(ValueError, match="not dense"):
        parts([torch.zeros(4, 6)[:, ::2]], cut([12], 5))
