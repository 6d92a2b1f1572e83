"""Rewinding, whole phases shared between runs, and checks of masks and weights, through the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from shared.errors import ReproError
from shared.protocol import Method, Optimizer, Prune, Rewind, Train
from shared.training import checkpoint
from shared.training.engine import Engine
from shared.training.method import Component
from shared.training.rewind import best_epoch, kept_in, rewind
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


BUMPY = Train(name="pretrain", epochs=6, batch_size=16, optimizer=Optimizer(lr=0.15, momentum=0.9))
"""A rate so high that the last epoch is not the best, by far."""


def best_of(engine: Engine) -> int:
    """The most accurate epoch of pre-training; were it the first or the last, the tests would show nothing."""
    correct = [row["test_correct"] for row in engine.rows if row["phase"] == "pretrain"]
    best = 1 + correct.index(max(correct))
    assert 1 < best < len(correct)
    return best


def test_the_best_epoch_is_the_most_accurate(make_engine: Make, tiny: Any) -> None:
    watch = Weights()
    engine = make_engine(tiny(phases=(BUMPY, halve(), Rewind(phase="pretrain", best=True), TICKET)), observers=[watch])
    assert engine.run() == "finished"
    best = best_of(engine)
    assert engine.extra["rewind"] == {"phase": 0, "epoch": best}
    assert same(watch.after[best - 1], watch.first, engine.state.masks.live)
    assert not same(watch.after[-3], watch.first, engine.state.masks.live)  # the last of pre-training


def test_the_first_of_equals_is_the_best_and_a_pruned_network_counts_as_it_was_evaluated_again() -> None:
    rows = [{"test_correct": 5}, {"test_correct": 9, "test_correct_after": 2}, {"test_correct": 5}]
    assert best_epoch(rows) == 1


def test_a_later_phase_has_its_own_best_epoch(make_engine: Make, tiny: Any) -> None:
    """Its epochs are counted from its own first one."""
    later = BUMPY.model_copy(update={"name": "more"})
    watch = Weights()
    engine = make_engine(tiny(phases=(DENSE, later, Rewind(phase="more", best=True), TICKET)), observers=[watch])
    engine.run()
    correct = [row["test_correct"] for row in engine.rows[4:10]]
    best = engine.extra["rewind"]["epoch"]
    assert (best, engine.extra["rewind"]["phase"]) == (1 + correct.index(max(correct)), 1)
    assert same(watch.after[4 + best - 1], watch.first, {})


def test_a_killed_run_keeps_its_best_epoch(make_engine: Make, tiny: Any, print_of: Any) -> None:
    """Wherever it stops: before the best epoch, after it, and with a checkpoint that is older than the best."""
    plan = tiny(phases=(BUMPY, Rewind(phase="pretrain", best=True), TICKET))
    whole = make_engine(plan, "whole")
    whole.run()
    best = best_of(whole)

    class Stop(Component):
        def before_epoch(self, state: State) -> None:
            if state.phase is BUMPY and state.epoch == self.at:
                raise KeyboardInterrupt

        def __init__(self, at: int) -> None:
            self.at = at

    for at in (2, best, best + 1):
        for seconds in (0.0, 1e9):  # after every epoch, or only between phases
            folder = f"cut-{at}-{seconds}"
            with pytest.raises(KeyboardInterrupt):
                make_engine(plan, folder, checkpoint_seconds=seconds, observers=[Stop(at)]).run()
            again = make_engine(plan, folder)
            again.run()
            assert print_of(again) == print_of(whole)
            assert again.extra == whole.extra


def test_a_kept_epoch_that_is_not_the_best_is_refused(make_engine: Make, tiny: Any) -> None:
    """What a run left that was continued on a machine where it trains otherwise."""
    plan = tiny(phases=(BUMPY, Rewind(phase="pretrain", best=True), TICKET))
    engine = make_engine(plan)
    engine.run()
    tensors, plain = checkpoint.read(kept_in(engine.directory, 0, None))
    checkpoint.write(kept_in(engine.directory, 0, None), tensors, plain | {"epoch": 1})
    with pytest.raises(ReproError, match="does not train alike"):
        rewind(engine.state, engine.directory, 1, engine.rows)


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


def test_the_best_epoch_is_shared_too(make_engine: Make, tiny: Any, print_of: Any, tmp_path: Path) -> None:
    plans = {
        "final": tiny(phases=(BUMPY, halve(), TICKET)),
        "best": tiny(phases=(BUMPY, halve(), Rewind(phase="pretrain", best=True), TICKET)),
        "again": tiny(phases=(BUMPY, Rewind(phase="pretrain", best=True), TICKET)),
    }
    alone = {name: make_engine(plan, f"alone-{name}") for name, plan in plans.items()}
    for engine in alone.values():
        engine.run()
    best = best_of(alone["best"])
    for order in (("final", "best", "again"), ("again", "best", "final")):
        steps = []
        for name in order:
            watch = Weights()
            folder, shared = f"{name}-after-{order[0]}", tmp_path / f"beginnings-{order[0]}"
            sharing = make_engine(plans[name], folder, prefixes=shared, observers=[watch])
            sharing.run()
            steps.append(watch.steps)
            assert print_of(sharing) == print_of(alone[name])
            assert sharing.extra == alone[name].extra
        # where the first kept only the end, the second trains as far as the best epoch and keeps it
        assert steps == [8 * 5, (best + 2) * 5 if order[0] == "final" else 2 * 5, 2 * 5]


def test_a_rewind_needs_a_training_before_it(tiny: Any) -> None:
    with pytest.raises(ValidationError, match="no training before it has"):
        tiny(phases=(Rewind(phase="pretrain"), TICKET))
    with pytest.raises(ValidationError, match="past the 4 epochs"):
        tiny(phases=(DENSE, Rewind(phase="pretrain", epoch=5), TICKET))
    with pytest.raises(ValidationError, match="leave epoch at 0"):
        Rewind(phase="pretrain", epoch=2, best=True)


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
