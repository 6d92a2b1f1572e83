"""Runs that differ only later share what lies before: the common beginning is trained once.

Two runs of one seed have the same beginning up to the first pruning of the earlier one if everything but pruning is
the same (flipout sheet 3: runs with intervals 32, 39, 50, 70 and 117 are identical up to their first pruning).
Observers such as flip counters do not change a run, but a beginning is only useful to a run whose observers it carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from shared.protocol import Method, Protocol, Train, canonical, digest
from shared.training import checkpoint
from shared.training.method import Component
from shared.training.running import Running, beginning_of
from shared.training.saved import pack, unpack_network, unpack_optimizer

UNSHARED = frozenset({"outside-watch"})
"""Components with state of their own that no beginning holds: their runs share none."""
LATER = frozenset({"prune", "prune-after"})
OBSERVERS = frozenset({"count-flips"})


def prefix_key(protocol: Protocol, epoch: int) -> str:
    """Name of the beginning of a run up to the evaluation of ``epoch`` in its first phase.

    Equal for two protocols exactly if they train alike until then: paper, variant, scale, length, later milestones,
    pruning and observers are left out.
    """
    phase = protocol.phases[0]
    assert isinstance(phase, Train)
    early = tuple(m for m in phase.schedule.milestones if m < epoch)
    plan = canonical(protocol)
    for field in ("paper", "variant", "scale", "phases"):
        plan.pop(field, None)
    plan["train"] = {
        "batch_size": phase.batch_size,
        "optimizer": canonical(phase.optimizer),
        "milestones": list(early),
        "gamma": phase.schedule.gamma if early else None,
        "methods": [canonical(m) for m in _always(phase.methods)],
    }
    if phase.checks:  # spoilt data; left out where there are none, so that beginnings kept earlier keep their names
        plan["train"]["checks"] = [canonical(m) for m in phase.checks]
    if phase.schedule.epochs is not None:  # a rate that falls all the time
        plan["train"]["falls over"] = phase.schedule.epochs
    return digest(plan)


def _always(methods: tuple[Method, ...]) -> list[Method]:
    return [m for m in methods if m.name not in LATER | OBSERVERS]


class PrefixStore:
    """Checkpoints of common beginnings, by key and epoch.

    Args:
        root: the folder they live in.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def load(self, run: Running, index: int, method: Sequence[Component]) -> int | None:
        """Put a run at the latest beginning that is its own.

        Returns:
            The epoch reached (its evaluation is done, what follows is not), or ``None``.
        """
        if index != 0 or _alone(run):
            return None
        phase = run.protocol.phases[0]
        assert isinstance(phase, Train)
        latest = self._first_event(run, index, method) or phase.epochs - 1
        for epoch in range(latest, 0, -1):
            folder = self._folder(run, epoch)
            if not folder.is_dir():
                continue
            try:
                tensors, plain = checkpoint.read(folder)
                self._restore(run, method, tensors, plain)
            except (checkpoint.DamagedCheckpointError, KeyError):
                continue
            return epoch
        return None

    def offer(self, run: Running, index: int, method: Sequence[Component]) -> None:
        """Save the beginning if this is the run's last epoch before its first event."""
        epoch = run.state.epoch
        if self._first_event(run, index, method) != epoch or _alone(run):
            return
        folder = self._folder(run, epoch)
        observers = _observed(run, method)
        if folder.is_dir() and not observers:
            return
        tensors, plain = pack(run.state)
        for name, component in observers.items():
            tensors |= {f"observer/{name}/{k}": v for k, v in component.tensors().items()}
        checkpoint.write(folder, tensors, plain | {"rows": run.rows, "observers": sorted(observers)})

    def _restore(
        self, run: Running, method: Sequence[Component], tensors: dict[str, torch.Tensor], plain: dict[str, Any]
    ) -> None:
        wanted = _observed(run, method)
        if missing := set(wanted) - set(plain["observers"]):
            raise KeyError(f"no state of {sorted(missing)}")
        unpack_network(run.state, tensors, plain)
        unpack_optimizer(run.state, tensors, plain)
        for name, component in wanted.items():
            for key, tensor in component.tensors().items():
                tensor.copy_(tensors[f"observer/{name}/{key}"])
        run.rows = plain["rows"]
        run.directory.set_rows(run.rows[:-1])

    def _first_event(self, run: Running, index: int, method: Sequence[Component]) -> int | None:
        """The first pruning epoch, where sharing is possible: in the first phase, with an event before its end."""
        if index != 0:
            return None
        events = [e for c in method if (e := c.first_event(run.state)) is not None]
        return min(events, default=None)

    def _folder(self, run: Running, epoch: int) -> Path:
        return self.root / beginning_of(run, prefix_key(run.protocol, epoch)) / f"{epoch:06d}"


def _alone(run: Running) -> bool:
    phase = run.protocol.phases[0]
    assert isinstance(phase, Train)
    return any(m.name in UNSHARED for m in phase.methods)


def _observed(run: Running, method: Sequence[Component]) -> dict[str, Component]:
    phase = run.protocol.phases[0]
    assert isinstance(phase, Train)
    return {m.name: c for m, c in zip(phase.methods, method, strict=False) if m.name in OBSERVERS}
