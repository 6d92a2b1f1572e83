"""Rewinding, whole phases shared between runs, and checks of masks and weights, through the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from shared.protocol import Method, Optimizer, Prune, Rewind, Train
from shared.training.engine import Engine
from shared.training.method import Component
from shared.training.state import State

Make = Callable[..., Engine]
DENSE = Train(name="pretrain", epochs=4, batch_size=16, optimizer=Optimizer(lr=0.05, momentum=0.9))
TICKET = Train(
    epochs=2, batch_size=16, optimizer=Optimizer(lr=0.05, momentum=0.9), methods=(Method(name="mask-gradients"),)
)


def halve(*checks: Method) -> Prune:
    return Prune(method=Method(name="magnitude", options={"sparsity": 0.5}), checks=checks)


class Weights(Component):
    """The network's weights after each epoch, and its steps."""

    def __init__(self) -> None:
        self.after: list[dict[str, torch.Tensor]] = []
        self.steps = 0
        self.first: dict[str, torch.Tensor] = {}

    def before_epoch(self, state: State) -> None:
        if state.epoch == 1:
            self.first = {k: v.clone() for k, v in state.model.state_dict().items()}

    def after_step(self, state: State) -> None:
        self.steps += 1

    def after_epoch(self, state: State) -> None:
        self.after.append({k: v.clone() for k, v in state.model.state_dict().items()})


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor], masks: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal((v * masks.get(k, torch.ones(()))).to(v.dtype), b[k]) for k, v in a.items())


@pytest.mark.parametrize("epoch", [1, 3, 4])
def test_a_rewind_brings_back_weights_and_buffers_under_the_masks(make_engine: Make, tiny: Any, epoch: int) -> None:
    watch = Weights()
    engine = make_engine(
        tiny(phases=(DENSE, halve(), Rewind(phase="pretrain", epoch=epoch), TICKET)), observers=[watch]
    )
    assert engine.run() == "finished"
    assert 0.49 < engine.state.masks.sparsity < 0.51
    assert same(watch.after[epoch - 1], watch.first, engine.state.masks.live)


def test_epoch_0_is_the_initialisation(make_engine: Make, tiny: Any) -> None:
    watch = Weights()
    engine = make_engine(tiny(phases=(DENSE, halve(), Rewind(phase="pretrain"), TICKET)), observers=[watch])
    initial = {k: v.clone() for k, v in engine.state.model.state_dict().items()}
    engine.run()
    assert same(initial, watch.first, engine.state.masks.live)
    assert not same(initial, watch.after[3], {})


def test_the_optimiser_goes_back_only_where_asked(make_engine: Make, tiny: Any) -> None:
    class Momentum(Component):
        sizes: dict[tuple[int, int], float]

        def __init__(self) -> None:
            self.sizes = {}

        def before_epoch(self, state: State) -> None:
            assert state.optimizer is not None
            buffers = [v["momentum_buffer"] for v in state.optimizer.state.values() if "momentum_buffer" in v]
            self.sizes[(int(state.phase is TICKET), state.epoch)] = sum(float(b.abs().sum()) for b in buffers)

    seen = []
    for carry in (False, True):
        watch = Momentum()
        phases = (DENSE, Rewind(phase="pretrain", epoch=2, optimizer=carry), TICKET)
        make_engine(tiny(phases=phases), f"carry-{carry}", observers=[watch]).run()
        seen.append(watch.sizes)
    assert seen[0][(1, 1)] == 0.0
    assert seen[1][(1, 1)] == pytest.approx(seen[1][(0, 3)], rel=1e-6)


def test_a_killed_ticket_run_ends_bit_identical(make_engine: Make, tiny: Any, print_of: Any) -> None:
    plan = tiny(phases=(DENSE, halve(), Rewind(phase="pretrain", epoch=2), TICKET))
    whole = make_engine(plan, "whole")
    whole.run()

    class Stop(Component):
        def __init__(self, at: int) -> None:
            self.at, self.steps = at, 0

        def after_step(self, state: State) -> None:
            self.steps += 1
            if self.steps == self.at:
                raise KeyboardInterrupt

    for at in (13, 23):  # in the third epoch of pre-training, in the first of the ticket
        with pytest.raises(KeyboardInterrupt):
            make_engine(plan, f"cut-{at}", checkpoint_seconds=0.0, observers=[Stop(at)]).run()
        again = make_engine(plan, f"cut-{at}")
        again.run()
        assert print_of(again) == print_of(whole)


def test_one_dense_training_serves_several_tickets(make_engine: Make, tiny: Any, print_of: Any, tmp_path: Path) -> None:
    shared = tmp_path / "beginnings"
    plans = {
        "rewound": tiny(phases=(DENSE, halve(), Rewind(phase="pretrain", epoch=2), TICKET)),
        "initial": tiny(phases=(DENSE, halve(), Rewind(phase="pretrain"), TICKET)),
        "final": tiny(phases=(DENSE, halve(), TICKET)),
        "later": tiny(phases=(DENSE, halve(), Rewind(phase="pretrain", epoch=3), TICKET)),
    }
    steps = {}
    for name, plan in plans.items():
        alone = make_engine(plan, f"alone-{name}")
        alone.run()
        watch = Weights()
        sharing = make_engine(plan, name, prefixes=shared, observers=[watch])
        sharing.run()
        steps[name] = watch.steps
        assert print_of(sharing) == print_of(alone)
    each = 5
    assert steps == {"rewound": 6 * each, "initial": 2 * each, "final": 2 * each, "later": (3 + 2) * each}


def test_a_rewind_needs_a_training_before_it(tiny: Any) -> None:
    with pytest.raises(ValidationError, match="no training before it has"):
        tiny(phases=(Rewind(phase="pretrain"), TICKET))
    with pytest.raises(ValidationError, match="past the 4 epochs"):
        tiny(phases=(DENSE, Rewind(phase="pretrain", epoch=5), TICKET))


def test_rearranging_keeps_counts_and_lets_other_initial_weights_survive(make_engine: Make, tiny: Any) -> None:
    plain, moved = (
        make_engine(tiny(phases=(halve(*checks),)), f"{len(checks)}")
        for checks in ((), (Method(name="layerwise-rearrange"),))
    )
    initial = {n: p.detach().clone() for n, p in plain.state.masks.parameters.items()}
    for engine in (plain, moved):
        engine.run()
    a, b = plain.state.masks, moved.state.masks
    assert a.remaining_per_tensor() == b.remaining_per_tensor()
    assert any(not torch.equal(a.live[n], b.live[n]) for n in a)
    for name, weight in b.parameters.items():
        assert torch.equal(weight.detach(), initial[name] * b.live[name])


@pytest.mark.parametrize("over", ["survivors", "layer"])
def test_shuffling_keeps_the_mask_and_a_multiset(make_engine: Make, tiny: Any, over: str) -> None:
    check = Method(name="layerwise-weight-shuffling", options={"over": over})
    plain, moved = make_engine(tiny(phases=(halve(),)), "a"), make_engine(tiny(phases=(halve(check),)), "b")
    initial = {n: p.detach().clone() for n, p in plain.state.masks.parameters.items()}
    for engine in (plain, moved):
        engine.run()
    moves = 0
    for name, live in plain.state.masks.live.items():
        assert torch.equal(live, moved.state.masks.live[name])
        before = plain.state.masks.parameters[name].detach()[live].sort().values
        after = moved.state.masks.parameters[name].detach()[live].sort().values
        same = torch.equal(before, after)
        if over == "survivors":
            assert same
        else:
            assert set(after.tolist()) <= set(initial[name].reshape(-1).tolist())
            moves += not same
    assert over == "survivors" or moves
