"""An exact number of units to drop."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.sparsity.reallocation import exactly

tensors = st.lists(
    st.lists(st.tuples(st.sampled_from([0.0, 0.0, 0.1, 0.2, 0.5]), st.booleans()), min_size=1, max_size=12),
    min_size=1,
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(tensors, st.integers(1, 30), st.sampled_from(["first", "largest", "none"]))
def test_as_many_go_as_are_asked_for_however_many_zeros_there_are(units, target, spare):
    scores = [torch.tensor([s for s, _ in t]) for t in units]
    live = [torch.tensor([m for _, m in t]) for t in units]
    dropped, highest = exactly(scores, live, target, spare)
    active = sum(int(m.sum()) for m in live)
    kept = 0 if spare == "none" else sum(bool(m.any()) for m in live)
    gone = sum(int(d.sum()) for d in dropped)
    assert gone >= min(target, active - kept)
    assert gone <= min(target, active)
    for d, m in zip(dropped, live, strict=True):
        assert not (d & ~m).any()
        assert spare == "none" or not m.any() or bool((m & ~d).any())
    if spare == "none":
        left = torch.cat([s[m & ~d] for s, m, d in zip(scores, live, dropped, strict=True)])
        assert not len(left) or not gone or highest <= float(left.min())


def test_a_tensor_that_would_be_emptied_spares_one_and_another_goes():
    scores = [torch.tensor([0.1, 0.2]), torch.tensor([0.3, 0.4, 0.9])]
    live = [torch.ones(2, dtype=torch.bool), torch.ones(3, dtype=torch.bool)]
    for spare, gone in (("first", [[1], [0]]), ("largest", [[0], [0]]), ("none", [[0, 1], []])):
        dropped, _ = exactly(scores, live, 2, spare)
        assert [d.nonzero().reshape(-1).tolist() for d in dropped] == gone
