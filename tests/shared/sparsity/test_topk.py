"""Exact selection agrees with a stable sort."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shared.sparsity import topk
from shared.sparsity.topk import highest, lowest

VALUES = st.sampled_from([0.0, -0.0, 0.5, -0.5, 1.0, 2.0, math.inf, -math.inf, math.nan])
DTYPES = st.sampled_from([torch.float32, torch.float64])


def by_sorting(scores, k, first, sign):
    """Indices of the k first in the order: numbers before NaN, score, ``first``, position."""

    def key(i):
        value = scores[i]
        return (math.isnan(value), 0.0 if math.isnan(value) else sign * value, not first[i], i)

    return sorted(sorted(range(len(scores)), key=key)[:k])


@given(st.data(), DTYPES)
def test_selection_equals_stable_sort(data, dtype):
    values = data.draw(st.lists(VALUES | st.floats(-3, 3, width=32), min_size=1, max_size=40))
    k = data.draw(st.integers(0, len(values)))
    first = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    scores, mark = torch.tensor(values, dtype=dtype), torch.tensor(first)
    for function, sign in ((lowest, 1), (highest, -1)):
        for preferred, stated in ((mark, first), (None, [False] * len(values))):
            chosen = function(scores, k, preferred)
            assert chosen.dtype == torch.bool
            assert chosen.nonzero().reshape(-1).tolist() == by_sorting(values, k, stated, sign)


@pytest.mark.parametrize("k", [-1, 4])
def test_impossible_counts_are_refused(k):
    with pytest.raises(ValueError, match="of 3 entries"):
        lowest(torch.zeros(3), k)


def test_nan_is_taken_only_when_nothing_else_is_left():
    scores = torch.tensor([math.nan, math.inf, 1.0, math.nan])
    assert lowest(scores, 2).tolist() == [False, True, True, False]
    assert lowest(scores, 3).tolist() == [True, True, True, False]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_selection_is_the_same_on_a_gpu(dtype):
    scores = (torch.randint(0, 5000, (300_000,), generator=torch.Generator().manual_seed(1)) / 7).to(dtype)
    for k in (1, 12_345, 299_999):
        assert torch.equal(lowest(scores.cuda(), k).cpu(), lowest(scores, k))


@pytest.mark.parametrize("values", [(0.0,), (-torch.inf, 0.0, 1.0, torch.inf), None])
@pytest.mark.parametrize("arranged", ["as drawn", "ascending", "sample not typical"])
@pytest.mark.parametrize("sample", [4, 16, 64])
def test_the_kth_lowest_is_that_of_a_full_sort(monkeypatch, values, arranged, sample):
    monkeypatch.setattr(topk, "SAMPLE", sample)
    monkeypatch.setattr(topk, "MANY", 2 * sample)
    generator = torch.Generator().manual_seed(sample)
    for n in (2 * sample, 1000, 1601):
        scores = torch.randn(n, generator=generator, dtype=torch.float64)
        if values:
            scores = torch.tensor(values)[torch.randint(len(values), (n,), generator=generator)]
        if arranged == "ascending":
            scores = scores.sort().values
        if arranged == "sample not typical":
            scores[:: n // sample] = scores.max()
        expected = scores.sort().values
        for k in {1, 2, n // 3, n // 2, n - 1, n}:
            assert topk.kth(scores, k) == expected[k - 1]


def test_the_bracket_is_used_where_it_holds(monkeypatch):
    monkeypatch.setattr(topk, "SAMPLE", 1024)
    monkeypatch.setattr(topk, "MANY", 2048)
    partitioned = []
    whole = torch.Tensor.kthvalue
    monkeypatch.setattr(torch.Tensor, "kthvalue", lambda t, k: partitioned.append(t.numel()) or whole(t, k))
    scores = torch.rand(100_000, generator=torch.Generator().manual_seed(0))
    assert topk.kth(scores, 30_000) == scores.sort().values[29_999]
    assert partitioned[0] < 40_000
