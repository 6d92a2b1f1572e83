"""What a checkpoint of a run holds, and how it is put back."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from shared.errors import ReproError
from shared.training import checkpoint
from shared.training.method import Component
from shared.training.rundir import RunDirectory
from shared.training.state import State

Rows = list[dict[str, Any]]
"""One line for each epoch, as in the metric stream."""


@dataclass(frozen=True)
class Position:
    """Where a run stands: next phase, epochs done in it, epochs done in all."""

    phase: int
    epoch: int
    rows: int = 0


@dataclass(frozen=True)
class Found:
    """What a checkpoint holds besides tensors: where the run stood, what its phases said, and its epochs."""

    position: Position
    extra: dict[str, Any]
    rows: Rows


def pack(state: State, method: Sequence[Component] = ()) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """All tensors and plain values that determine how the run goes on."""
    tensors = {f"model/{k}": v for k, v in state.model.state_dict().items()}
    tensors |= {f"mask/{k}": v for k, v in state.masks.live.items()}
    tensors |= {f"kept/{k}": v for k, v in state.kept.items()}
    plain: dict[str, Any] = {"step": state.step, "sparsity": state.sparsity, "components": []}
    if state.optimizer is not None:
        for i, parameter in enumerate(state.parameters):
            for key, value in state.optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer/{i}/{key}"] = torch.as_tensor(value)
        group = state.optimizer.param_groups[0]
        plain["optimizer"] = {"lr": float(group["lr"]), "weight_decay": float(group["weight_decay"])}
    for i, component in enumerate(method):
        tensors |= {f"method/{i}/{k}": v for k, v in component.tensors().items()}
        plain["components"].append(component.plain())
    return tensors, plain


def unpack_network(state: State, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
    """Put back network, masks and counters, in place."""
    device = state.device
    state.model.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model/")})
    state.masks.load_state_dict({k[5:]: v.to(device) for k, v in tensors.items() if k.startswith("mask/")})
    state.kept = {k[5:]: v.to(device) for k, v in tensors.items() if k.startswith("kept/")}
    state.step, state.sparsity = plain["step"], plain["sparsity"]


def unpack_optimizer(state: State, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
    """Put back the optimiser's buffers, with the memory layout of their parameters."""
    assert state.optimizer is not None
    for i, parameter in enumerate(state.parameters):
        prefix = f"optimizer/{i}/"
        values = {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
        for key, value in values.items():
            if value.shape == parameter.shape:
                values[key] = torch.empty_like(parameter, requires_grad=False).copy_(value)
            elif parameter.is_cuda:
                values[key] = value.to(parameter.device)
        if values:
            state.optimizer.state[parameter] = values
    state.optimizer.param_groups[0].update(plain["optimizer"])


@torch.no_grad()
def unpack_method(method: Sequence[Component], tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
    """Put back the state of every component, in place."""
    for i, component in enumerate(method):
        for key, tensor in component.tensors().items():
            tensor.copy_(tensors[f"method/{i}/{key}"])
        component.load_plain(plain["components"][i])


class Saver:
    """Writes checkpoints of a run when they are due, and finds the newest sound one.

    Args:
        state: the run.
        directory: its directory.
        every_seconds: shortest time between two checkpoints.
        data: fingerprints of the data by split, where they are known; a run goes on only with those it began with.
    """

    def __init__(self, state: State, directory: RunDirectory, every_seconds: float, data: object = None) -> None:
        self.state, self.directory, self.every_seconds = state, directory, every_seconds
        self.data: dict[str, str] = dict(data) if isinstance(data, Mapping) else {}
        self._last = time.monotonic()
        self._loaded: tuple[dict[str, Tensor], dict[str, Any]] | None = None

    def save_if_due(
        self,
        position: Position,
        extra: dict[str, Any],
        rows: Rows,
        method: Sequence[Component],
        *,
        phase_over: bool = False,
        now: bool = False,
    ) -> None:
        """Save if enough time has passed, at the end of a phase, or ``now``."""
        if phase_over or now or time.monotonic() - self._last >= self.every_seconds:
            self.save(position, extra, rows, () if phase_over else method, finished=phase_over)

    def save(
        self,
        position: Position,
        extra: dict[str, Any],
        rows: Rows,
        method: Sequence[Component] = (),
        *,
        finished: bool = True,
    ) -> None:
        """Write a checkpoint; between phases (``finished``) it holds no optimiser and no method.

        It holds the epochs too: the metric stream is not flushed to disk line by line, and may lack some after a crash.
        """
        tensors, plain = pack(self.state, method)
        if finished:
            tensors = {k: v for k, v in tensors.items() if not k.startswith("optimizer/")}
            plain.pop("optimizer", None)
        number = position.phase * 1_000_000 + position.epoch
        plain |= {"position": asdict(position), "extra": extra, "identity": self.state.protocol.identity}
        plain |= {"data": self.data, "rows": rows}
        checkpoint.save_numbered(self.directory.checkpoints, number, tensors, plain)
        self._last = time.monotonic()

    def newest(self) -> Found | None:
        """Load the newest sound checkpoint; a damaged one is passed over with a notice.

        Raises:
            ReproError: if there are checkpoints and all of them are damaged or belong to another run, or if the data
                are not those of the checkpoint.
        """
        reasons = []
        for folder in checkpoint.names(self.directory.checkpoints):
            try:
                tensors, plain = checkpoint.read(folder)
                if plain["identity"] != self.state.protocol.identity:
                    raise checkpoint.DamagedCheckpointError(f"{folder} belongs to another run")
                self._same_data(plain.get("data", {}))
                position = Position(**plain["position"])
                rows = self._rows(plain, position)
                unpack_network(self.state, tensors, plain)
            except (checkpoint.DamagedCheckpointError, KeyError, ValueError, RuntimeError) as error:
                reasons.append(str(error))
                continue
            for reason in reasons:
                print(f"passed over a damaged checkpoint: {reason}", file=sys.stderr)
            self._loaded = (tensors, plain)
            return Found(position, plain["extra"], rows)
        if reasons:
            raise ReproError(
                f"No checkpoint of {self.directory.path} can be used ({reasons[0]}); "
                "delete its checkpoint folder to start this run again."
            )
        return None

    def _rows(self, plain: Mapping[str, Any], position: Position) -> Rows:
        rows: Rows = plain["rows"] if "rows" in plain else self.directory.rows()[: position.rows]
        if len(rows) < position.rows:
            raise checkpoint.DamagedCheckpointError(
                f"{self.directory.metrics} has {len(rows)} of the {position.rows} epochs before the checkpoint"
            )
        return rows

    def _same_data(self, before: Mapping[str, str]) -> None:
        changed = sorted(k for k in before.keys() & self.data.keys() if before[k] != self.data[k])
        if changed:
            raise ReproError(
                f"The data of {self.directory.path} changed since its last checkpoint ({', '.join(changed)}); put the "
                "former data back, or delete that folder to start this run again."
            )

    def restore_phase(self, method: Sequence[Component]) -> None:
        """Put back optimiser and method after the phase has built them."""
        assert self._loaded is not None
        tensors, plain = self._loaded
        unpack_optimizer(self.state, tensors, plain)
        unpack_method(method, tensors, plain)
        self._loaded = None
