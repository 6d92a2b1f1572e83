"""The one training loop: runs the phases of a protocol, and can be killed anywhere without losing more than an epoch.

Every random number is a function of (seed, purpose, epoch, step), so a run that is continued from a checkpoint ends
bit-identical to one that was never stopped.
"""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from shared.data.checks import corrupted
from shared.data.loader import EpochLoader
from shared.errors import ReproError
from shared.protocol import Phase, Protocol, Prune, Quantise, Rewind, Train
from shared.sparsity.masks import Masks, prunable_parameters
from shared.training import components as registry
from shared.training import rewind
from shared.training.evaluate import TOP5_FROM, Evaluation, evaluate
from shared.training.graph import GraphedStep
from shared.training.method import Component, overrides
from shared.training.optim import build_optimizer, learning_rate, set_hyperparameters
from shared.training.precision import backend
from shared.training.prefix import PrefixStore
from shared.training.rundir import RunDirectory
from shared.training.saved import Position, Saver, pack
from shared.training.setup import Setup
from shared.training.state import State
from shared.training.step import Step, Totals
from shared.training.stop import Stop, Stopped
from shared.training.structure import apply_checks, dense_weights, structural
from shared.training.team import Team
from shared.training.whole import WholeStore, whole_lock
from shared.training.world import World, digest


class Diverged(Exception):  # noqa: N818  (a result, not an error)
    """The loss is no longer finite."""


class Engine:
    """Runs one protocol in one directory.

    Args:
        protocol: what to run.
        setup: network, data and draws that belong to it.
        directory: where the run lives.
        own: the paper's component registrations.
        prefixes: where runs share their common beginnings; ``None`` shares nothing.
        checkpoint_seconds: shortest time between two checkpoints.
        observers: further components, called last and without effect on the run (tests, probes).
        stop: asked after every epoch whether the run must leave.
        world: the processes that train the run together, all of which run an engine; only the first writes, and
            beginnings are not shared with other runs. By default this one is alone.
    """

    def __init__(
        self,
        protocol: Protocol,
        setup: Setup,
        directory: RunDirectory,
        *,
        own: Mapping[str, str] | None = None,
        prefixes: Path | None = None,
        checkpoint_seconds: float = 30.0,
        observers: Sequence[Component] = (),
        stop: Stop | None = None,
        world: World | None = None,
    ) -> None:
        self.protocol, self.setup, self.directory, self.own = protocol, setup, directory, own
        self.observers, self.stop = list(observers), stop or Stop()
        masks = Masks(prunable_parameters(setup.model, protocol.prunable))
        self.state = State(protocol, setup.model, masks, setup.draws, setup.device, train=setup.train)
        self.saver = Saver(self.state, directory, checkpoint_seconds, setup.data.get("fingerprints"))
        self.world = world or World()
        alone = self.world.size == 1
        self.team = None if alone else Team(self.world, setup.model, protocol.precision)
        self.prefixes = PrefixStore(prefixes) if prefixes is not None and alone else None
        self.whole = WholeStore(prefixes) if prefixes is not None and alone else None
        self.train = setup.train  # the training data of the phase that runs
        self.rows: list[dict[str, Any]] = []
        self.extra: dict[str, Any] = {}
        self.finished_epochs = 0  # over all phases

    def run(self) -> str:
        """Run to the end, from the newest checkpoint if there is one.

        Returns:
            ``finished`` or ``diverged``. Rows, final state and ``extra`` are left on the engine.

        Raises:
            Stopped: the run was asked to leave, and has saved a checkpoint.
            DisagreementError: processes that train together do not hold the same state.
        """
        seen = f"{self.setup.data.get('fingerprints')} {self.setup.train_size}"
        self.world.same("protocol and data", f"{self.protocol.identity} {seen}")
        for phase in self.protocol.phases:
            if isinstance(phase, Quantise):
                quantisation().check(phase)  # refuse before training, not after
        with backend(self.protocol.precision, self.state.device):
            position = self._resume()
            try:
                for index in range(position.phase, len(self.protocol.phases)):
                    phase = self.protocol.phases[index]
                    self._run_phase(index, phase, position if index == position.phase else Position(index, 0))
            except Diverged:
                return "diverged"
        return "finished"

    def _resume(self) -> Position:
        found = self.saver.newest()
        self._compare("checkpoint", found.position if found else None)
        if found is None:
            self.directory.set_rows([])
            return Position(0, 0)
        self.extra, self.rows = found.extra, found.rows
        self.directory.set_rows(self.rows)
        return found.position

    def _run_phase(self, index: int, phase: Phase, position: Position) -> None:
        self.finished_epochs = sum(p.epochs for p in self.protocol.phases[:index] if isinstance(p, Train))
        if isinstance(phase, Train):
            self._train(index, phase, position)
        elif isinstance(phase, Prune):
            pruner = registry.resolve(phase.method.name, self.own)
            dense = dense_weights(self.state, phase.checks)
            scored = corrupted(self.setup.train, phase.checks)
            self.extra[phase.name] = pruner(self.state, scored, **phase.method.options)
            if structural(phase.checks):
                apply_checks(self.state, phase.checks, dense)
            self.state.sparsity = self.state.measured_sparsity()
            left = self.evaluate()
            self.extra[phase.name] = {**self.extra[phase.name], "test_correct": left.correct}
            if left.top5 is not None:
                self.extra[phase.name]["test_top5"] = left.top5
            self.extra[phase.name] |= self._selection()
            self._save(Position(index + 1, 0, len(self.rows)))
        elif isinstance(phase, Rewind):
            self.extra[phase.name] = rewind.rewind(self.state, self.directory, index, self.rows)
            self.state.sparsity = self.state.measured_sparsity()
            self._save(Position(index + 1, 0, len(self.rows)))
        elif isinstance(phase, Quantise):
            self.extra[phase.name] = quantisation().run_quantise_phase(
                self.state, phase, self.setup.train.epoch(0), self.setup.test.eval_batches(self.setup.eval_batch)
            )
        else:
            raise ReproError(f"phase {phase.kind!r} is not available in this version.")
        self._compare(f"result of phase {phase.name}")  # also: what this phase has kept is written now

    def _train(self, index: int, phase: Train, position: Position) -> None:
        state = self.state
        state.phase, self.train = phase, corrupted(self.setup.train, phase.checks)
        state.optimizer = build_optimizer(phase.optimizer, state.parameters)
        method = registry.build(phase.methods, self.own) + self.observers
        state.epoch, state.batches_per_epoch = position.epoch, len(self.train)
        for component in method:
            component.start(state)
        shared, returns = None, rewind.points(self.protocol, index)
        if position.epoch:
            self.saver.restore_phase(method)
        else:
            rewind.hand_over_optimizer(state, self.directory, index)
            if 0 in returns and self.world.leads:
                rewind.keep(state, self.directory, index)
            if self.prefixes is not None and not returns - {0} and not rewind.to_best(self.protocol, index):
                shared = self.prefixes.load(self, index, method)
        totals = Totals.zeros(state.device)
        plain = Step(state, method, totals, self.team)
        step: Step | GraphedStep = plain
        if state.device.type == "cuda" and self.team is None:
            example = self.train.batch(0, 0)
            step = GraphedStep(plain, example.images, example.labels)
        if shared is not None:
            state.epoch = shared
            self._finish_epoch(index, phase, method)
        with whole_lock(self.whole, self, index):
            for epoch in range(state.epoch + 1, phase.epochs + 1):
                if self.whole is not None and self.whole.jump(self, index, epoch - 1):
                    break
                state.epoch = epoch
                self.stop.begin_epoch()
                self._epoch(phase, method, step, totals)
                if self.prefixes is not None:
                    self.prefixes.offer(self, index, method)
                self._finish_epoch(index, phase, method)
        state.phase, state.optimizer = None, None

    def _epoch(self, phase: Train, method: list[Component], step: Step | GraphedStep, totals: Totals) -> None:
        """Train one epoch and evaluate; what follows an evaluation is ``_finish_epoch``."""
        state, optimizer = self.state, self.state.optimizer
        assert optimizer is not None
        started = time.perf_counter()
        set_hyperparameters(optimizer, lr=learning_rate(phase.optimizer.lr, phase.schedule, state.epoch))
        for component in method:
            component.before_epoch(state)
        group = optimizer.param_groups[0]
        if isinstance(step, GraphedStep):
            keys = tuple(c.capture_key(state) for c in method)
            step.invalidate((group["lr"], group["weight_decay"], keys))
        state.model.train()
        totals.reset()
        for batch in self.train.epoch(self.finished_epochs + state.epoch, self.world.part):
            state.step += 1
            step.draw()
            step(batch)
            step.settle()
        self.world.add_(totals.loss, totals.penalty, totals.correct)
        loss, penalty = float(totals.loss), float(totals.penalty)  # the epoch's only reads from the device
        size = len(self.train.examples) if phase.checks else self.setup.train_size
        row = {
            "epoch": self.finished_epochs + state.epoch,
            "phase": phase.name,
            "lr": group["lr"],
            "weight_decay": group["weight_decay"],
            "train_correct": int(totals.correct),
            "train_loss": loss / size,
            "penalty": penalty / size,
        }
        if not math.isfinite(loss + penalty):
            self._record_divergence(row, started)
        self._add_evaluation(row)
        row["test_penalty"] = self._penalty(method)
        row["sparsity_before"] = state.sparsity
        row["seconds"] = time.perf_counter() - started
        self.rows.append(row)

    def _record_divergence(self, row: dict[str, Any], started: float) -> None:
        row |= {"train_loss": None, "penalty": None, "sparsity_before": self.state.sparsity}
        row |= {"seconds": time.perf_counter() - started, "sparsity_after": self.state.sparsity}
        row |= {"remaining": self.state.masks.remaining, "events": [{"diverged": True}]}
        self._add_evaluation(row)
        self.rows.append(row)
        self.directory.append_row(row)
        raise Diverged

    @torch.no_grad()
    def _penalty(self, method: list[Component]) -> float:
        """The penalty of the weights as they stand; reported apart from the evaluated loss (trap T28)."""
        terms = [c.penalty(self.state) for c in method if overrides(c, "penalty")]
        return sum(float(t) for t in terms if t is not None)

    def _add_evaluation(self, row: dict[str, Any]) -> None:
        result = self.evaluate()
        row |= {"test_correct": result.correct, "test_total": result.total}
        row["test_loss"] = result.loss if math.isfinite(result.loss) else None
        if result.top5 is not None:
            row["test_top5"] = result.top5
        row |= self._selection()

    def _finish_epoch(self, index: int, phase: Train, method: list[Component]) -> None:
        """Prune, measure, log and checkpoint: everything after the evaluation of an epoch."""
        state, row = self.state, self.rows[-1]
        started = time.perf_counter()
        state.events = []
        for component in method:
            component.after_epoch(state)
        state.sparsity = state.measured_sparsity()
        row["sparsity_after"], row["remaining"] = state.sparsity, state.masks.remaining
        later = [e for e in state.events if not e.get("before_evaluation")]  # the others are in test_correct
        row["test_correct_after"] = self.evaluate().correct if later else None
        row["events"] = state.events
        row["seconds"] += time.perf_counter() - started
        self.directory.append_row(row)
        self._compare("weights and masks")
        if self.world.leads:
            rewind.keep_passed(state, self.directory, index, self.rows)
        if self.whole is not None:
            self.whole.offer(self, index)
        last = state.epoch == phase.epochs
        position = Position(index + 1, 0, len(self.rows)) if last else Position(index, state.epoch, len(self.rows))
        leave = self._leave()
        if self.world.leads:
            self.saver.save_if_due(position, self.extra, self.rows, method, phase_over=last, now=bool(leave))
        if leave and position.phase < len(self.protocol.phases):
            raise Stopped(leave)

    def _save(self, position: Position) -> None:
        """A checkpoint between phases."""
        if self.world.leads:
            self.saver.save(position, self.extra, self.rows)

    def _leave(self) -> str:
        """Why the run must leave now, in words; all processes leave if one must."""
        reason = self.stop.after_epoch()
        if self.world.any(bool(reason)) and not reason:
            reason = "Another process of this run was asked to stop; the same command continues it."
        return reason

    def _compare(self, what: str, position: Position | None = None) -> None:
        """Check that all processes hold the same weights and masks; waits until all are here."""
        if self.world.size > 1:
            self.world.same(what, f"{position} {self.state.step} {digest(pack(self.state)[0])}")

    def evaluate(self) -> Evaluation:
        """The network as it stands, on the split that the protocol names."""
        return self._evaluate(self.setup.test, top5=self.protocol.model.classes >= TOP5_FROM)

    def _selection(self) -> dict[str, int]:
        """The same on the images by which an epoch is chosen; nothing where none is."""
        if self.setup.selection is None:
            return {}
        found = self._evaluate(self.setup.selection)
        return {"val_correct": found.correct, "val_total": found.total}

    def _evaluate(self, images: EpochLoader, *, top5: bool = False) -> Evaluation:
        batches = images.eval_batches(self.setup.eval_batch, self.world.part)
        return evaluate(self.state.model, batches, self.protocol.precision, self.world, top5=top5)


def quantisation() -> Any:
    """The quantisation room, whose library is optional and slow to import."""
    return importlib.import_module("shared.quantisation")


def device_named(name: str | None) -> torch.device:
    """The device to run on: CUDA where there is one, unless the user says otherwise.

    Raises:
        ReproError: if the device does not exist here.
    """
    if name in (None, "auto"):
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(str(name))
        torch.empty(1, device=device).tolist()  # "meta" exists everywhere and holds no numbers
    except (RuntimeError, AssertionError) as error:
        raise ReproError(f"device {name!r} is not available here; use --device cpu.") from error
    return device
