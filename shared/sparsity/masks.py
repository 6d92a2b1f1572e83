"""Boolean masks over the prunable parameters of a network.

The index space of every global criterion is the flattened concatenation of the prunable tensors in module order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase as fnmatch

import torch
from torch import Tensor, nn

from shared.models.channel_scale import ChannelScale
from shared.protocol import Prunable

WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def prunable_parameters(model: nn.Module, rule: Prunable | None = None) -> dict[str, nn.Parameter]:
    """The parameters that may be pruned, in module order, weight before bias.

    Weights of convolutions and linear layers always; their biases if ``rule.bias``; the gammas of batch
    normalisation if ``rule.batchnorm``, and its betas only if both are set (flipout sheet, section 6.2); the factors of
    identity shortcuts if ``rule.scales``. Names that match a pattern of ``rule.exclude`` are left out.
    """
    rule = rule or Prunable()
    chosen: dict[str, nn.Parameter] = {}
    for prefix, module in model.named_modules():
        also = (isinstance(module, NORMS) and rule.batchnorm) or (isinstance(module, ChannelScale) and rule.scales)
        if not isinstance(module, WEIGHTED) and not also:
            continue
        for kind in ("weight", "bias"):
            parameter = getattr(module, kind, None)
            name = f"{prefix}.{kind}" if prefix else kind
            sheltered = any(fnmatch(name, pattern) for pattern in rule.exclude)
            if isinstance(parameter, nn.Parameter) and (kind == "weight" or rule.bias) and not sheltered:
                chosen[name] = parameter
    return chosen


class Masks:
    """Which prunable weights are live; ``True`` means live.

    Args:
        parameters: name to parameter, in the order that defines the flat index space.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter]) -> None:
        self.parameters = dict(parameters)
        self.live = {n: torch.ones_like(p, dtype=torch.bool) for n, p in self.parameters.items()}
        # The same masks in the parameters' dtype and layout, for fused multiplication.
        self.factors = [torch.ones_like(p, requires_grad=False) for p in self.parameters.values()]
        # On a CPU, whether every entry is known to be live: then there is nothing to multiply. A captured CUDA graph
        # must not depend on it, and finding it out would stall a GPU.
        self.whole = all(p.device.type == "cpu" for p in self.parameters.values())
        # How often the masks were set: tells a component that they moved, without comparing them.
        self.changes = 0
        # Values that removed entries would have, where a method keeps them (``keep_dormant``); 0 where live.
        self.dormant: list[Tensor] | None = None

    def __iter__(self) -> Iterator[str]:
        return iter(self.live)

    def __len__(self) -> int:
        return len(self.live)

    @property
    def sizes(self) -> list[int]:
        """Entries per tensor, in order."""
        return [m.numel() for m in self.live.values()]

    @property
    def total(self) -> int:
        """Prunable entries, live or not."""
        return sum(self.sizes)

    def remaining_per_tensor(self) -> dict[str, int]:
        """Exact number of live entries of each tensor."""
        return {n: int(m.sum()) for n, m in self.live.items()}

    @property
    def remaining(self) -> int:
        """Exact number of live entries."""
        return sum(self.remaining_per_tensor().values())

    @property
    def sparsity(self) -> float:
        """Fraction of prunable entries that are removed."""
        return 1 - self.remaining / self.total

    def flat(self) -> Tensor:
        """The masks as one bool vector of ``total`` entries."""
        return torch.cat([m.reshape(-1) for m in self.live.values()])

    def flat_weights(self) -> Tensor:
        """The prunable parameters as one detached vector of ``total`` entries."""
        return torch.cat([p.detach().reshape(-1) for p in self.parameters.values()])

    def split(self, flat: Tensor) -> dict[str, Tensor]:
        """Cut a vector over the flat index space into tensors of the parameters' shapes (views)."""
        parts = flat.split(self.sizes)
        return {n: part.view_as(m) for part, (n, m) in zip(parts, self.live.items(), strict=True)}

    def set_flat(self, live: Tensor) -> None:
        """Replace all masks by a bool vector over the flat index space, and zero what it removes."""
        self.set(self.split(live))

    def set(self, live: Mapping[str, Tensor]) -> None:
        """Replace the named masks, and zero what they remove.

        The tensors are changed in place: a captured CUDA graph keeps seeing them.
        """
        for name, mask in live.items():
            self.live[name].copy_(mask)
        for factor, mask in zip(self.factors, self.live.values(), strict=True):
            factor.copy_(mask)
        self.whole = all(m.device.type == "cpu" and bool(m.all()) for m in self.live.values())
        self.changes += 1
        self.apply()

    @torch.no_grad()
    def move(self, name: str, gone: Tensor, grown: Tensor) -> None:
        """Remove and add a few entries of one tensor, which costs as much as there are of them.

        Both kinds are 0 afterwards; dormant values stay as they are.

        Args:
            name: the tensor.
            gone: flat positions of live entries.
            grown: flat positions of removed ones.
        """
        parameter, factor = self.parameters[name], self.factors[list(self.live).index(name)]
        for at, live in ((gone, 0), (grown, 1)):
            for tensor, value in ((parameter.detach(), 0), (factor, live), (self.live[name], live)):
                fill(tensor, at, value)
        self.whole = False  # no longer known
        self.changes += 1

    @torch.no_grad()
    def apply(self) -> None:
        """Set every removed entry to 0, for all tensors in one fused call; dormant values are kept if asked for."""
        if self.whole and self.dormant is None:
            return
        parameters: list[Tensor] = list(self.parameters.values())
        if self.dormant is not None:
            torch._foreach_copy_(self.dormant, parameters)
        torch._foreach_mul_(parameters, self.factors)
        if self.dormant is not None:
            torch._foreach_sub_(self.dormant, parameters)

    def keep_dormant(self, values: list[Tensor] | None = None) -> list[Tensor]:
        """From now on keep what ``apply`` removes, beside the parameters: ``[p - p * mask]`` of the latest call.

        Some methods train ``mask * S`` and let ``S`` drift where the mask is 0; ``S`` is then parameter + dormant.

        Args:
            values: one tensor for each parameter to keep them in; without them, zeros.

        Returns:
            The tensors, changed in place by every later ``apply``.
        """
        fresh = (torch.zeros_like(p, requires_grad=False) for p in self.parameters.values())
        self.dormant = list(fresh) if values is None else values
        return self.dormant

    @torch.no_grad()
    def wake(self) -> None:
        """Add the dormant values to the parameters, until the next ``apply`` takes them out again."""
        if self.dormant is not None:
            torch._foreach_add_(list(self.parameters.values()), self.dormant)

    @torch.no_grad()
    def apply_to_gradients(self) -> None:
        """Set the gradient of every removed entry to 0, for all tensors in one fused call."""
        if self.whole:
            return
        pairs = [(p.grad, f) for p, f in zip(self.parameters.values(), self.factors, strict=True)]
        kept = [(g, f) for g, f in pairs if g is not None]
        if kept:
            torch._foreach_mul_([g for g, _ in kept], [f for _, f in kept])

    def state_dict(self) -> dict[str, Tensor]:
        """The masks, by parameter name."""
        return {n: m.clone() for n, m in self.live.items()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Put saved masks back; names and shapes must agree.

        Raises:
            ValueError: if a tensor is missing, unknown or has another shape.
        """
        if set(state) != set(self.live):
            raise ValueError(f"masks do not fit: {sorted(set(state) ^ set(self.live))}")
        if bad := [n for n, m in state.items() if m.shape != self.live[n].shape]:
            raise ValueError(f"mask shapes differ: {bad}")
        self.set(state)


def fill(tensor: Tensor, positions: Tensor, value: float) -> None:
    """Set the entries at these row-major positions, in place, however the memory is laid out."""
    if tensor.is_contiguous():
        tensor.view(-1).index_fill_(0, positions, value)
    else:
        tensor[torch.unravel_index(positions, tensor.shape)] = value


def indices(mask: Tensor) -> list[int]:
    """Ascending flat indices at which a bool vector is true."""
    return mask.nonzero().reshape(-1).tolist()


def from_indices(removed: Iterable[int], total: int) -> Tensor:
    """A live-mask vector with the stated flat indices removed."""
    live = torch.ones(total, dtype=torch.bool)
    live[list(removed)] = False
    return live
