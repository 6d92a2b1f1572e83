"""Going back to an earlier state of the network (``shared.protocol.Rewind``).

The states that a later phase returns to are kept in the run directory while training passes them, so that a run which
is killed and started again still has them. Weights, buffers and, if asked for, the optimiser's momentum go back; masks
and the counter of steps stay, and the masks act on what comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from shared.errors import ReproError
from shared.protocol import Protocol, Rewind, Train
from shared.training import checkpoint
from shared.training.rundir import RunDirectory
from shared.training.saved import pack, unpack_optimizer
from shared.training.selection import best_after_epoch
from shared.training.state import State
from shared.training.structure import apply_checks


def target(protocol: Protocol, index: int) -> int:
    """Position of the training phase that the rewind at ``index`` returns to: the nearest before it of that name.

    Raises:
        ReproError: if there is none.
    """
    phase = protocol.phases[index]
    assert isinstance(phase, Rewind)
    for at in range(index - 1, -1, -1):
        earlier = protocol.phases[at]
        if isinstance(earlier, Train) and earlier.name == phase.phase:
            return at
    raise ReproError(f"phase {phase.name!r} rewinds to {phase.phase!r}, but no training phase before it has that name.")


def points(protocol: Protocol, index: int) -> frozenset[int]:
    """Epochs of the training phase at ``index`` that later phases return to (0: the state it starts from).

    The best epoch is not among them: which one it is shows only when the phase is over (``to_best``).
    """
    return frozenset(phase.epoch for phase in _to(protocol, index) if not phase.best)


def to_best(protocol: Protocol, index: int) -> bool:
    """Whether a later phase returns to the best epoch of the training phase at ``index``."""
    return any(phase.best for phase in _to(protocol, index))


def _to(protocol: Protocol, index: int) -> list[Rewind]:
    return [
        phase
        for at, phase in enumerate(protocol.phases)
        if isinstance(phase, Rewind) and at > index and target(protocol, at) == index
    ]


def best_epoch(rows: Sequence[dict[str, Any]]) -> int:
    """The most accurate epoch of a training phase, from 1: the first of equals.

    Args:
        rows: the metric stream of the phase. What was pruned after an evaluation counts as it was evaluated again.
    """
    after = [row.get("test_correct_after") for row in rows]
    return 1 + best_after_epoch([r["test_correct"] if a is None else a for r, a in zip(rows, after, strict=True)])


def kept_in(directory: RunDirectory, index: int, epoch: int | None) -> Path:
    """Where a run keeps the state after ``epoch`` of phase ``index``; after the best so far for ``None``."""
    return directory.path / "rewind" / f"{index:02d}-{'best' if epoch is None else f'{epoch:06d}'}"


def keep(state: State, directory: RunDirectory, index: int) -> None:
    """Keep the state as it is now, for a later phase to return to."""
    tensors, plain = pack(state)
    checkpoint.write(kept_in(directory, index, state.epoch), tensors, plain)


def keep_passed(state: State, directory: RunDirectory, index: int, rows: Sequence[dict[str, Any]]) -> None:
    """Keep the epoch just finished where a later phase returns to it, or to the best and it is the best so far.

    A run that is continued passes the epochs after its checkpoint again, the best of them too, and keeps what it kept.

    Args:
        state: the run.
        directory: of the run.
        index: the training phase.
        rows: the metric stream up to this epoch.
    """
    if state.epoch in points(state.protocol, index):
        keep(state, directory, index)
    if to_best(state.protocol, index) and best_epoch(rows[-state.epoch :]) == state.epoch:
        tensors, plain = pack(state)
        checkpoint.write(kept_in(directory, index, None), tensors, plain | {"epoch": state.epoch})


def rewind(state: State, directory: RunDirectory, index: int, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Carry out the rewind at ``index``.

    Args:
        state: the run.
        directory: of the run.
        index: the rewind.
        rows: the metric stream so far.

    Returns:
        The position and epoch that the network was set back to.

    Raises:
        ReproError: if the kept state cannot be read, or is not that of the best epoch.
    """
    phase = state.protocol.phases[index]
    assert isinstance(phase, Rewind)
    at = target(state.protocol, index)
    tensors, plain = _read(directory, at, None if phase.best else phase.epoch)
    epoch = phase.epoch
    if phase.best:
        epoch = best_epoch(_rows_of(state.protocol, at, rows))
        if plain["epoch"] != epoch:
            raise ReproError(
                f"The best epoch of {phase.phase} is {epoch}, but the one kept is {plain['epoch']}: the run was "
                f"continued where it does not train alike. Delete {directory.path} to start it again."
            )
    state.model.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model/")})
    apply_checks(state, phase.checks)
    return {"phase": at, "epoch": epoch}


def _rows_of(protocol: Protocol, at: int, rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """The part of the metric stream that belongs to the training phase at ``at``."""
    lengths = [p.epochs if isinstance(p, Train) else 0 for p in protocol.phases]
    return rows[sum(lengths[:at]) : sum(lengths[: at + 1])]


def hand_over_optimizer(state: State, directory: RunDirectory, index: int) -> None:
    """Give the optimiser of the phase at ``index`` the momentum of the epoch that was rewound to, where asked for."""
    before = state.protocol.phases[index - 1] if index else None
    if not isinstance(before, Rewind) or not before.optimizer:
        return
    epoch = None if before.best else before.epoch
    tensors, plain = _read(directory, target(state.protocol, index - 1), epoch)
    assert state.optimizer is not None
    group = state.optimizer.param_groups[0]
    rates = {"lr": group["lr"], "weight_decay": group["weight_decay"]}
    unpack_optimizer(state, tensors, plain)
    group.update(rates)


def _read(directory: RunDirectory, index: int, epoch: int | None) -> tuple[dict[str, Tensor], dict[str, object]]:
    try:
        return checkpoint.read(kept_in(directory, index, epoch))
    except checkpoint.DamagedCheckpointError as error:
        raise ReproError(
            f"The state to rewind to is damaged ({error}); delete {directory.path} to start this run again."
        ) from error
