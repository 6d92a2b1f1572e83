"""The two ways of counting flips (written for a CPU, and for one fused kernel on a GPU) give the same counters."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from papers.flipout.components import count_and_remember_, count_by_signs_

VALUES = st.sampled_from([-2.0, -0.5, -0.0, 0.0, 0.5, 3.0])


@given(st.data())
def test_signs_on_a_cpu_and_the_fused_rule_agree(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 8))
    row = st.lists(VALUES, min_size=n, max_size=n).map(torch.tensor)
    live = torch.tensor(data.draw(st.lists(st.booleans(), min_size=n, max_size=n))).float()
    first, *steps = data.draw(st.lists(row, min_size=2, max_size=6))
    fused, plain = [torch.zeros(n)], [torch.zeros(n)]
    remembered = [first * live]
    before, scratch = [(first * live).sign()], [torch.empty(n)]
    for weights in steps:
        masked = weights * live
        count_and_remember_(fused, remembered, [masked], [live])
        count_by_signs_(plain, before, [masked], scratch)
        plain[0] *= live
        assert torch.equal(fused[0], plain[0])
