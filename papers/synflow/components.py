"""SynFlow's own training components: what the code of June 2020 and the course assignment did between prunings."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from papers.synflow.multiplicity import multiplicities
from shared.data.loader import EpochLoader
from shared.draws import KeyedDraws
from shared.training.components.score_and_prune import attach_dormant
from shared.training.method import Component
from shared.training.state import State


class StoredWeights(Component):
    """Removed weights keep a value behind their mask, which decays on (sheet 4.5); later prunings may revive them.

    Place it after ``mask-gradients``: a removed weight then has no loss gradient, as in the original.
    """

    def start(self, state: State) -> None:
        """Find the values that earlier phases left, or begin with none removed."""
        attach_dormant(state)

    def before_step(self, state: State) -> None:
        """Put the stored values back for the optimiser; the engine takes them out again after it."""
        state.masks.wake()


class RepeatUpdates(Component):
    """The optimiser of June 2020 listed each tensor once for every enclosing module, and stepped it as often (4.6).

    Each visit adds the weight decay to the gradient in place, so that it accumulates. The optimiser itself takes the
    last visit. Place it last. SGD with momentum only.

    Args:
        network: whose module nesting counts, as in ``papers.synflow.multiplicity``.
        visits: the number for each parameter in module order, where the network is none of those.
    """

    def __init__(self, network: str = "", visits: list[int] | None = None) -> None:
        self.network, self.given = network, visits

    def start(self, state: State) -> None:
        """Group the parameters by number of visits."""
        names = [n for n, _ in state.model.named_parameters()]
        visits = self.given or multiplicities(state.model, self.network)
        assert len(visits) == len(names)
        pairs = list(zip(state.model.parameters(), visits, strict=True))
        most = max(visits)
        # A tensor with m visits has m - 1 of them before the optimiser takes the last.
        self.rounds = [[p for p, m in pairs if m - 1 > done and p.requires_grad] for done in range(most - 1)]

    @torch.no_grad()
    def before_step(self, state: State) -> None:
        """All visits but the last."""
        assert state.optimizer is not None
        group = state.optimizer.param_groups[0]
        for parameters in self.rounds:
            held = [p for p in parameters if p.grad is not None]
            buffers: list[Tensor] = []
            for p in held:
                own = state.optimizer.state[p]
                if own.get("momentum_buffer") is None:
                    own["momentum_buffer"] = torch.zeros_like(p, requires_grad=False)
                buffers.append(own["momentum_buffer"])
            visit(held, buffers, group["lr"], group["momentum"], group["weight_decay"], group["nesterov"])


@torch.no_grad()
def visit(
    parameters: list[nn.Parameter],
    buffers: list[Tensor],
    lr: float,
    momentum: float,
    weight_decay: float,
    nesterov: bool,
) -> None:
    """One step of torch 1.4's SGD on tensors whose gradients it changes in place.

    A buffer of zeros stands for none: ``0.9 * 0 + g`` is what the first visit stores.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return
    weights: list[Tensor] = list(parameters)
    torch._foreach_add_(gradients, weights, alpha=weight_decay)
    torch._foreach_mul_(buffers, momentum)
    torch._foreach_add_(buffers, gradients)
    if nesterov:
        torch._foreach_add_(weights, gradients, alpha=-lr)
        torch._foreach_add_(weights, buffers, alpha=-lr * momentum)
    else:
        torch._foreach_add_(weights, buffers, alpha=-lr)


class KeepGradients(Component):
    """Keep the gradients of the latest step, which the original's next scoring adds to its own (trap 16).

    Place it last: ``repeat-updates`` has then left in the gradient what its visits add.

    Args:
        decay: add the weight decay of the step that the optimiser is about to take, as torch 1.4 did in place (sheet
            4.3); today's optimiser leaves the gradient alone.
    """

    def __init__(self, decay: bool = False) -> None:
        self.decay = decay

    def start(self, state: State) -> None:
        """Allocate."""
        for name, parameter in state.masks.parameters.items():
            state.kept.setdefault(f"gradient/{name}", torch.zeros_like(parameter, requires_grad=False))

    @torch.no_grad()
    def before_step(self, state: State) -> None:
        """Copy."""
        assert state.optimizer is not None
        decay = state.optimizer.param_groups[0]["weight_decay"] if self.decay else 0.0
        for name, parameter in state.masks.parameters.items():
            if parameter.grad is not None:
                kept = state.kept[f"gradient/{name}"].copy_(parameter.grad)
                if decay:
                    kept.add_(parameter, alpha=decay)


class SeedDropout(Component):
    """Dropout layers draw from the global generator: give it a state that belongs to the step."""

    def draw(self, state: State) -> None:
        """Seed it; with replayed draws there is no dropout to seed."""
        if isinstance(state.draws, KeyedDraws):
            torch.manual_seed(state.draws.key("dropout", (state.epoch, state.step, 0)))


def keep_initial(state: State, train: EpochLoader) -> dict[str, Any]:
    """Remember weights and biases as they are now, for ``restore_initial``."""
    for name, parameter in state.model.named_parameters():
        state.kept[f"initial/{name}"] = parameter.detach().clone()
    return {}


@torch.no_grad()
def restore_initial(state: State, train: EpochLoader) -> dict[str, Any]:
    """The reset of ``head``: weights and biases return, removed ones behind their mask; running statistics do not."""
    attach_dormant(state)
    for name, parameter in state.model.named_parameters():
        parameter.copy_(state.kept[f"initial/{name}"])
    state.masks.apply()
    return {}


COMPONENTS = {
    "stored-weights": "papers.synflow.components:StoredWeights",
    "repeat-updates": "papers.synflow.components:RepeatUpdates",
    "keep-gradients": "papers.synflow.components:KeepGradients",
    "seed-dropout": "papers.synflow.components:SeedDropout",
    "keep-initial": "papers.synflow.components:keep_initial",
    "restore-initial": "papers.synflow.components:restore_initial",
}
