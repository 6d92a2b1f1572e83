"""Whether pruning broke a network: empty layers, severed paths, predictions at chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from shared.models.channel_scale import ChannelScale
from shared.sparsity.accounting import evaluating
from shared.sparsity.masks import NORMS, WEIGHTED, Masks

Live = Masks | Mapping[str, Tensor]


def by_name(masks: Live) -> Mapping[str, Tensor]:
    """The bool tensors of masks, by parameter name."""
    return masks.live if isinstance(masks, Masks) else masks


def empty_tensors(masks: Live) -> list[str]:
    """Names of the masked weights without a live entry, in index order; biases carry no path and are left out."""
    return [name for name, live in by_name(masks).items() if name.endswith("weight") and not live.any()]


def connected_outputs(model: nn.Module, masks: Live, input_shape: Sequence[int]) -> Tensor:
    """Which outputs any input can still influence through live weights.

    The network is run on an image of ones with every weight replaced by its mask, unmasked weights by 1, biases by 0
    and normalisation by its mask of gamma: an activation is positive exactly where a live path arrives. Activations
    are cut back to 0 and 1 around each layer, so that path counts cannot overflow. Exact for networks of convolutions,
    linear layers, batch normalisation with running statistics, ReLU, max- and average pooling, sums and
    concatenations; a live path says nothing about the size of its weights, and several paths may cancel.

    Args:
        model: the network; nothing of it changes.
        masks: masks of a run, or bool tensors by parameter name.
        input_shape: of one sample, e.g. ``(3, 32, 32)``.

    Returns:
        Bool tensor ``[outputs]`` on the CPU.
    """
    device = next(model.parameters()).device
    shadow = {name: torch.zeros_like(p, dtype=torch.float32) for name, p in model.named_parameters()}
    shadow |= {name: torch.zeros_like(b, dtype=torch.float32) for name, b in model.named_buffers()}
    handles = []
    for path, module in model.named_modules():
        if isinstance(module, ChannelScale):
            shadow[f"{path}.weight"].fill_(1)
        if isinstance(module, WEIGHTED + NORMS):
            handles.append(module.register_forward_pre_hook(_binary_input))
            handles.append(module.register_forward_hook(_binary_output))
            prefix = f"{path}." if path else ""
            for name in ("weight", "running_var"):
                if f"{prefix}{name}" in shadow:
                    shadow[f"{prefix}{name}"].fill_(1)
    for name, live in by_name(masks).items():
        if not name.endswith("bias"):
            shadow[name].copy_(live)
    try:
        with evaluating(model), torch.no_grad():
            ones = torch.ones(1, *input_shape, device=device)
            arrived = torch.func.functional_call(model, shadow, (ones,))
    finally:
        for handle in handles:
            handle.remove()
    return (arrived[0] > 0).cpu()


def _binary_input(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return ((inputs[0] > 0).to(inputs[0].dtype),)  # sums and averages of zeros and ones: zero is exact


def _binary_output(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    return (output > 0.5).to(output.dtype)  # path counts; fast convolution algorithms may miss 0 by rounding


def collapse(masks: Live, model: nn.Module | None = None, input_shape: Sequence[int] | None = None) -> str | None:
    """Describe layer collapse in plain language.

    Args:
        masks: masks of a run, or bool tensors by parameter name (for a method without masks: ``weight != 0``).
        model: with ``input_shape`` of one sample, the paths from input to output are followed too: with shortcuts an
            empty layer need not cut them, and without an empty layer they may be cut all the same.

    Returns:
        Sentences naming the empty tensors and the outputs that are cut off; ``None`` if there are none of either.

    Raises:
        ValueError: if only one of ``model`` and ``input_shape`` is given.
    """
    if (model is None) != (input_shape is None):
        raise ValueError("to follow paths, collapse needs both model and input_shape")
    sentences = []
    if empty := empty_tensors(masks):
        total = sum(name.endswith("weight") for name in by_name(masks))
        shown = ", ".join(empty[:3]) + (f" and {len(empty) - 3} more" if len(empty) > 3 else "")
        verb = "is" if len(empty) == 1 else "are"
        sentences.append(f"{len(empty)} of {total} prunable weight tensors {verb} empty ({shown}).")
    if model is not None and input_shape is not None:
        connected = connected_outputs(model, masks, input_shape)
        cut = int((~connected).sum())
        if cut == len(connected):
            sentences.append("No path of live weights leads from input to output: the prediction is a constant.")
        elif cut:
            sentences.append(f"{cut} of {len(connected)} outputs are cut off from the input.")
        elif empty:
            sentences.append("Every output is still connected to the input.")
    return " ".join(sentences) or None


def is_chance(correct: int, total: int, chance: float, level: float = 0.999) -> bool:
    """Whether a count of correct answers lies in the exact binomial interval of chance, with equal tails.

    Args:
        correct: correct answers.
        total: evaluated images.
        chance: probability of a correct answer by chance (1/classes, or the frequency of one class).
        level: probability of the interval.

    Source: STATISTICS, section 2 (collapse).
    """
    from scipy.stats import binom

    tail = (1 - level) / 2
    return bool(binom.cdf(correct, total, chance) >= tail and binom.sf(correct - 1, total, chance) >= tail)
