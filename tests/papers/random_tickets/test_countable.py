"""A ratio is refused exactly where the code that prunes would stop."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from papers.random_tickets import components, counts
from papers.random_tickets.countable import check_count
from papers.random_tickets.phases import pruner
from papers.random_tickets.settings import SU, model_for
from papers.random_tickets.ticket import METHODS, Ticket
from shared.draws import KeyedDraws
from shared.errors import ReproError
from shared.models.registry import build
from shared.sparsity.masks import Masks, prunable_parameters
from shared.sparsity.one_shot import decimal_quota, keep_largest
from shared.sparsity.snip import keep_published
from shared.training.components.one_shot import magnitude
from shared.training.state import State

NETWORK, DATASET = "resnet20", "cifar100"
DRAWN = [m for m in METHODS if m != "dense"]


def stops(action: Callable[[], object]) -> bool:
    try:
        action()
    except ReproError:
        return True
    return False


def prune(t: Ticket) -> None:
    """What the pruning phase does with the ticket, on random scores where it would score data."""
    model = build(model_for(NETWORK, DATASET, SU))
    masks = Masks(prunable_parameters(model))
    options = pruner(t).options
    scores = torch.rand(masks.total, dtype=torch.float64)
    if t.method == "snip":
        (keep_largest if t.variant == "corrected" else keep_published)(scores, t.ratio)
    elif t.method == "grasp":
        components.keep_grasp(scores, t.ratio, exact=t.variant == "corrected")
    else:
        from papers.random_tickets import paper

        state = State(paper.build({}), model, masks, KeyedDraws(0), torch.device("cpu"))
        known: dict[str, Callable[..., object]] = {
            "random": components.random_ticket,
            "hybrid": components.hybrid_ticket,
        }
        known.get(t.method, magnitude)(state, None, **options)


@pytest.mark.parametrize("variant", ["published", "corrected"])
@pytest.mark.parametrize("method", DRAWN)
def test_a_ratio_is_refused_where_pruning_would_stop(method: str, variant: str) -> None:
    sizes, linear, _ = counts.layers(NETWORK, DATASET)
    dense = sum(n for n, f in zip(sizes, linear, strict=True) if f) / sum(sizes)
    edges = (0.9, 1 - 1.01 * dense, 1 - 0.99 * dense, 1 - 0.31 * dense, 1 - 0.29 * dense, 1 - 1e-9, 1e-9)
    found = []
    for ratio in edges:
        t = Ticket(network=NETWORK, dataset=DATASET, method=method, variant=variant, ratio=ratio)
        found.append(stops(lambda t=t: check_count(t)))
        assert found[-1] == stops(lambda t=t: prune(t)), ratio
    assert set(found) == {True, False}


def test_corrected_tickets_of_every_method_keep_the_same_number() -> None:
    """Sheet 4.3: 0.9 is nine tenths, and one weight in ten of 20,024,000 is 2,002,400 (7.5: in doubles one fewer)."""
    assert decimal_quota(20_024_000, 0.9) == counts.total_kept(Ticket(ratio=0.9)) == 2_002_400
    scores = torch.arange(20_030, dtype=torch.float64)
    for ratio in (0.9, 0.95, 0.98):
        live = components.keep_grasp(scores, ratio, exact=True), keep_largest(scores, ratio)
        assert {int(mask.sum()) for mask in live} == {20_030 * round(100 * (1 - ratio)) // 100}
