"""Laws that hold at every reallocation, checked on small runs of the product's own event (dsr sheet, sections 4.1, 7).

Each returns 1 where the law held throughout, else 0; heavy imports stay inside.
"""

from __future__ import annotations

from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.training.state import State

EVENTS = 40
LAYERS = [{"type": "linear", "in": a, "out": b, "bias": False} for a, b in ((40, 60), (60, 20), (20, 10))]
ALIKE = [{"type": "linear", "in": 20, "out": 20, "bias": False}] * 5
"""Five equal tensors: of three units each gets 0.6, which rounds to five (sheet 7.4)."""


@cache
def trajectory(variant: str, method: str = "dsr", *, alike: bool = False, full: bool = False) -> dict[str, Any]:
    """Forty events of DSR or SET on a small network whose weights move at random in between.

    Args:
        variant: rules of the events.
        method: ``dsr`` or ``set``.
        alike: five equal tensors and a target of three units, where the published rounding creates some.
        full: nothing is removed from the last tensor at first, which then has no room to regrow what it drops.
    """
    import torch

    from papers.dsr import recipes
    from papers.dsr.settings import SCHEDULES
    from shared.models.layers import sequential
    from shared.training.components.reallocate import Reallocation

    state, target = _state(sequential(ALIKE if alike else LAYERS), full=full), 3 if alike else 60
    schedule = SCHEDULES["mnist_schedule"]
    by_threshold = recipes.dsr(schedule, target, None, variant)
    moves = recipes.set_(schedule, 0.1, None, variant) if method == "set" else by_threshold
    options = moves.options
    options = {k: v for k, v in options.items() if k not in ("period_epochs", "periods")}
    component = Reallocation(periods=[1], threshold=0.02, **options)  # type: ignore[arg-type]
    component.start(state)
    generator = torch.Generator().manual_seed(7)
    out: dict[str, Any] = {"before": state.masks.remaining, "remaining": [], "fresh": [], "thresholds": []}
    out["per_tensor"] = [state.masks.remaining_per_tensor()]
    for step in range(EVENTS):
        state.step = step
        before = {n: m.clone() for n, m in state.masks.live.items()}
        component.event(state)
        grown = {n: m & ~before[n] for n, m in state.masks.live.items()}
        zero = all(bool((state.masks.parameters[n][g] == 0).all()) for n, g in grown.items())
        out["remaining"].append(state.masks.remaining)
        out["per_tensor"].append(state.masks.remaining_per_tensor())
        out["fresh"].append(zero and all(bool((p[~state.masks.live[n]] == 0).all()) for n, p in _items(state)))
        out["thresholds"].append((component.log.events[-1]["threshold"], component.threshold))
        with torch.no_grad():
            for p in state.masks.parameters.values():
                p.add_(torch.randn(p.shape, generator=generator), alpha=0.05)
        state.masks.apply()
    out["events"] = component.log.events
    return out


def _items(state: State) -> Any:
    return state.masks.parameters.items()


def _state(model: Any, *, full: bool = False) -> State:
    import torch

    from shared.draws import KeyedDraws
    from shared.protocol import Data, Model, Protocol, Train
    from shared.sparsity.masks import Masks, prunable_parameters
    from shared.training.components.masked_weights import keep_dormant
    from shared.training.components.sparse_init import random_masks
    from shared.training.state import State

    plan = Protocol(
        paper="dsr", model=Model(name="lenet300"), data=Data(name="digits"), phases=(Train(epochs=1),), seed=7
    )
    masks = Masks(prunable_parameters(model))
    state = State(plan, model, masks, KeyedDraws(7), torch.device("cpu"))
    keep_dormant(state)
    sparsity = dict.fromkeys(masks, 0.8) | ({list(masks)[-1]: 0.0} if full else {})
    masks.set(random_masks(masks, state.draws, sparsity))
    return state


def constant_count() -> float:
    """``corrected``: the number of active weights is the same after every event, also where shares round up."""
    runs = [trajectory("corrected"), trajectory("corrected", alike=True)]
    return float(all(n == run["before"] for run in runs for n in run["remaining"]))


def published_surplus() -> float:
    """``published``: the number never falls, and rises by what rounding created, as it does here (trap 4)."""
    run = trajectory("published", alike=True)
    grown = [sum(e["grown"]) - sum(e["dropped"]) for e in run["events"]]
    counted = all(n == run["before"] + total for n, total in zip(run["remaining"], accumulate(grown), strict=True))
    return float(counted and min(grown) >= 0 and max(grown) > 0)


def grown_start_at_zero() -> float:
    """Grown weights are 0, and so is everything inactive, right after an event."""
    runs = [("published", "dsr"), ("corrected", "dsr"), ("published", "set")]
    return float(all(all(trajectory(*run)["fresh"]) for run in runs))


def set_within() -> float:
    """SET keeps the number of active weights of every tensor; as published only where it has room (sheet 4.2).

    The published rule makes the first event of a full tensor lose what it drops, and swaps in that hole ever after;
    ``corrected`` leaves a full tensor alone.
    """
    kept = [trajectory("published", "set"), trajectory("corrected", "set"), trajectory("corrected", "set", full=True)]
    law = all(c == run["per_tensor"][0] for run in kept for c in run["per_tensor"])
    first, *later = ([*c.values()] for c in trajectory("published", "set", full=True)["per_tensor"])
    first[-1] -= int(0.1 * first[-1]) + 1
    return float(law and all(c == first for c in later))


def rewired_within() -> float:
    """DeepR keeps the number of active weights of every tensor after every step, and what it grows starts at 0."""
    return float(all(_rewired(signs, EVENTS)[1] for signs in ("stale", "fixed")))


def lost_at_first() -> float:
    """As published DeepR drops about half of its weights before any has turned, with fixed signs none (trap 1)."""
    stale, fixed = _rewired("stale", 1)[0], _rewired("fixed", 1)[0]
    return float(0.4 < stale < 0.6 and fixed == 0)


@cache
def _rewired(signs: Any, steps: int) -> tuple[float, bool]:
    """Share of the weights that DeepR drops at its first step, and whether the laws held in all of them.

    Weights move at random after each step, not before the first.
    """
    import torch

    from papers.dsr.deep_rewiring import DeepRewiring
    from shared.models.layers import sequential

    state = _state(sequential(LAYERS))
    state.optimizer = torch.optim.SGD(state.model.parameters(), lr=0.1)
    component = DeepRewiring(eta=0.01, temperatures=[1e-5], signs=signs)
    component.start(state)
    before, law = state.masks.remaining_per_tensor(), True
    generator = torch.Generator().manual_seed(7)
    for step in range(steps):
        state.step = step
        masks = {n: m.clone() for n, m in state.masks.live.items()}
        component.after_batch(state)
        zero = all(not bool(p[~(masks[n] & state.masks.live[n])].any()) for n, p in _items(state))
        law = law and zero and state.masks.remaining_per_tensor() == before
        with torch.no_grad():
            for p in state.masks.parameters.values():
                p.add_(torch.randn(p.shape, generator=generator), alpha=0.05)
        state.masks.apply()
    return sum(component.counts[0]) / sum(before.values()), law


def threshold_rule() -> float:
    """H halves above 1.1 N_p, doubles below 0.9 N_p, and stays in between."""
    run = trajectory("published")
    law = True
    for (used, after), event in zip(run["thresholds"], run["events"], strict=True):
        k = sum(event["dropped"])
        law = law and after == (used / 2 if k > 66 else used * 2 if k < 54 else used)
    return float(law)


def threshold_example() -> float:
    """Example 7.2: the threshold after the stated counts, from 1e-3 at N_p = 600."""
    from shared.sparsity.reallocation import adapted

    h, out = 1e-3, []
    for k in (677, 1177, 660, 661, 540, 539, 600, 0):
        h = adapted(h, k, 600)
        out.append(h)
    return float(out == [5e-4, 2.5e-4, 2.5e-4, 1.25e-4, 1.25e-4, 2.5e-4, 2.5e-4, 5e-4])


def growth_example(layer: int) -> float:
    """Example 7.4: R = (10, 5, 5), K = (2, 3, 1) with the remainder drawn for one layer, as digits (``222``)."""
    from shared.sparsity.growth import proportional_published

    passes = proportional_published((10, 5, 5), (2, 3, 1), (1000,) * 3, lambda: layer)
    return float("".join(str(n) for n in passes[0][1]))


def events(schedule: str, per_epoch: int, epochs: int, stop: int) -> float:
    """Reallocations of a whole run (7.1)."""
    from papers.dsr.settings import SCHEDULES
    from shared.training.components.events import Clock

    table = SCHEDULES[schedule].period
    assert table is not None
    clock = Clock(table[0], [int(p) for p in table[1]], stop)
    return float(sum(len(e) for e in clock.iterations(epochs, per_epoch)))


def set_count(network: str, sparsity: float, fraction: float, width: float) -> float:
    """Weights that SET moves at its first event, later generation (7.3)."""
    import math

    from papers.dsr.counts import shapes
    from shared.sparsity.reallocation import fraction_count
    from shared.sparsity.units import active_count

    prunable, _ = shapes(network, width)
    return float(sum(fraction_count(active_count(math.prod(s), sparsity), fraction) for s in prunable))
