"""Going back to an earlier state of the network (``shared.protocol.Rewind``).

The states that a later phase returns to are kept in the run directory while training passes them, so that a run which
is killed and started again still has them. Weights, buffers and, if asked for, the optimiser's momentum go back; masks
and the counter of steps stay, and the masks act on what comes back.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from shared.errors import ReproError
from shared.protocol import Protocol, Rewind, Train
from shared.training import checkpoint
from shared.training.rundir import RunDirectory
from shared.training.saved import pack, unpack_optimizer
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
    """Epochs of the training phase at ``index`` that later phases return to (0: the state it starts from)."""
    phases = protocol.phases
    return frozenset(
        phase.epoch
        for at, phase in enumerate(phases)
        if isinstance(phase, Rewind) and at > index and target(protocol, at) == index
    )


def kept_in(directory: RunDirectory, index: int, epoch: int) -> Path:
    """Where a run keeps the state after ``epoch`` of phase ``index``."""
    return directory.path / "rewind" / f"{index:02d}-{epoch:06d}"


def keep(state: State, directory: RunDirectory, index: int) -> None:
    """Keep the state as it is now, for a later phase to return to."""
    tensors, plain = pack(state)
    checkpoint.write(kept_in(directory, index, state.epoch), tensors, plain)


def rewind(state: State, directory: RunDirectory, index: int) -> dict[str, int]:
    """Carry out the rewind at ``index``.

    Returns:
        The position and epoch that the network was set back to.

    Raises:
        ReproError: if the kept state cannot be read.
    """
    phase = state.protocol.phases[index]
    assert isinstance(phase, Rewind)
    at = target(state.protocol, index)
    tensors = _read(directory, at, phase.epoch)[0]
    state.model.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model/")})
    apply_checks(state, phase.checks)
    return {"phase": at, "epoch": phase.epoch}


def hand_over_optimizer(state: State, directory: RunDirectory, index: int) -> None:
    """Give the optimiser of the phase at ``index`` the momentum of the epoch that was rewound to, where asked for."""
    before = state.protocol.phases[index - 1] if index else None
    if not isinstance(before, Rewind) or not before.optimizer:
        return
    tensors, plain = _read(directory, target(state.protocol, index - 1), before.epoch)
    assert state.optimizer is not None
    group = state.optimizer.param_groups[0]
    rates = {"lr": group["lr"], "weight_decay": group["weight_decay"]}
    unpack_optimizer(state, tensors, plain)
    group.update(rates)


def _read(directory: RunDirectory, index: int, epoch: int) -> tuple[dict[str, Tensor], dict[str, object]]:
    try:
        return checkpoint.read(kept_in(directory, index, epoch))
    except checkpoint.DamagedCheckpointError as error:
        raise ReproError(
            f"The state to rewind to is damaged ({error}); delete {directory.path} to start this run again."
        ) from error
