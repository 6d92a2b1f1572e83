"""SNIP: prune before training by the sensitivity of the loss to a multiplicative mask.

One implementation; the published versions of it are sets of parameters (flipout sheet, section 4.6).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shared.data.batch import Batch
from shared.draws import Draws
from shared.errors import ReproError
from shared.sparsity.masked import Mode, Weights, flat, in_mode, leaves, run, under_masks
from shared.sparsity.scores import sensitivity
from shared.sparsity.topk import highest, kth

Loss = Literal["cross-entropy", "log-likelihood-of-logits"]


def snip_loss(logits: Tensor, labels: Tensor, loss: Loss) -> Tensor:
    """Mean loss of a batch: cross-entropy, or minus the raw logit of the true class (the original's slip, trap T7)."""
    return F.cross_entropy(logits, labels) if loss == "cross-entropy" else F.nll_loss(logits, labels)


def snip_scores(
    model: nn.Module,
    params: Mapping[str, Tensor],
    images: Tensor,
    labels: Tensor,
    *,
    loss: Loss = "cross-entropy",
    reinitialise: Literal["xavier-normal"] | None = None,
    draws: Draws | None = None,
    mode: Literal["train", "eval"] = "train",
) -> tuple[Tensor, Tensor]:
    """Score the named parameters on one batch; the network itself, running statistics included, is not touched.

    Args:
        model: the network as initialised.
        params: the prunable parameters by name, in the order of the flat index space.
        images: ``[B, C, H, W]`` or ``[B, D]``.
        labels: ``[B]``.
        loss: see ``snip_loss``.
        reinitialise: draw the prunable weights anew in a copy before scoring; biases and norms stay.
        draws: source of the redraw, purpose ``snip-redraw``, index = position in ``params``.
        mode: whether batch normalisation uses batch statistics (``train``) or running ones.

    Returns:
        The scores ``|w * dL/dw| = |dL/dmask|`` ``[n]`` and the loss (0-d).

    Raises:
        ValueError: if a redraw is asked for without a source of draws.
    """
    rounds = [(images, labels)]
    return snip_scores_over(model, params, rounds, loss=loss, reinitialise=reinitialise, draws=draws, mode=mode)


def snip_scores_over(
    model: nn.Module,
    params: Mapping[str, Tensor],
    rounds: Iterable[tuple[Tensor, Tensor]],
    *,
    loss: Loss = "cross-entropy",
    reinitialise: Literal["xavier-normal"] | None = None,
    draws: Draws | None = None,
    mode: Literal["train", "eval"] = "train",
) -> tuple[Tensor, Tensor]:
    """``snip_scores`` with the gradients of several batches summed before the product (random_tickets sheet, 4.5).

    Args:
        rounds: images and labels of each batch; the others are those of ``snip_scores``.

    Returns:
        The scores ``[n]`` and the sum of the losses (0-d).
    """
    trial = copy.deepcopy(model).train(mode == "train")
    weights = [trial.get_parameter(name) for name in params]
    if reinitialise is not None:
        if draws is None:
            raise ValueError("a redraw needs a source of draws")
        for i, w in enumerate(weights):
            if w.ndim > 1:
                w.data = xavier_normal(w.data, draws, index=i)
    gradients = [torch.zeros_like(w) for w in weights]
    values = []
    with torch.enable_grad():
        for images, labels in rounds:
            value = snip_loss(trial(images), labels, loss)
            torch._foreach_add_(gradients, torch.autograd.grad(value, weights))
            values.append(value.detach())
    scores = [sensitivity(w.detach(), g).reshape(-1) for w, g in zip(weights, gradients, strict=True)]
    return torch.cat(scores), torch.stack(values).sum()


def snip_scores_under_masks(
    model: nn.Module,
    weights: Weights,
    batches: Sequence[Batch],
    *,
    live: Weights | None = None,
    stale: Weights | None = None,
    normalise: bool = True,
    mode: Mode = "eval",
) -> Tensor:
    """``|dL/dm|`` for multiplicative masks m, summed over batches: batches of unequal size weigh the same.

    A masked weight has a score too, because the gradient is taken with respect to its mask; with its stored value at 0
    (as the SynFlow code of June 2020 does before each round) it has none.

    Args:
        model: the network; its parameters are not touched, in training mode its running statistics move.
        weights: the prunable tensors by name, in index order.
        batches: the scoring sample.
        live: masks in force.
        stale: gradients left over from training, which the code of June 2020 adds (synflow sheet, trap 16).
        normalise: divide by the sum of the scores, which does not change the order.
        mode: of the network while scoring.

    Returns:
        Scores ``[n]``.

    Source: synflow sheet, section 4.3.
    """
    effective = leaves(under_masks({n: w.detach() for n, w in weights.items()}, live))
    leaf = list(effective.values())
    slopes = [torch.zeros_like(w) for w in leaf] if stale is None else [stale[n].clone() for n in effective]
    with in_mode(model, mode), torch.enable_grad():
        for batch in batches:
            loss = F.cross_entropy(run(model, effective, batch.images), batch.labels)
            for slope, g in zip(slopes, torch.autograd.grad(loss, leaf), strict=True):
                slope.add_(g)
    scores = flat({n: sensitivity(weights[n].detach(), s) for n, s in zip(effective, slopes, strict=True)})
    return scores / scores.sum() if normalise else scores


def xavier_normal(weights: Tensor, draws: Draws, *, index: int, purpose: str = "snip-redraw") -> Tensor:
    """N(0, 2 / (fan_in + fan_out)) values, both fans times the kernel area, for a weight ``[out, in, ...]``."""
    area = weights[0, 0].numel()
    std = (2.0 / (weights.shape[0] * area + weights.shape[1] * area)) ** 0.5
    return draws.normal(weights, purpose, index=index) * std


def snip_quota(total: int, sparsity: float) -> int:
    """Weights to keep: ``floor(N * (1 - sparsity))`` in double precision.

    Raises:
        ReproError: if none would be kept.
    """
    keep = int(total * (1 - sparsity))
    if keep < 1:
        raise ReproError(f"A sparsity of {sparsity:g} keeps none of {total:,} weights; ask for a lower sparsity.")
    return keep


def keep_published(scores: Tensor, sparsity: float, offset: float = 0.0) -> Tensor:
    """Live mask of every weight whose normalised score reaches the keep-th highest.

    Ties keep more than asked for, and a threshold of 0 (dead units) keeps everything.

    Args:
        scores: ``[n]``.
        sparsity: fraction removed.
        offset: added to the sum that scores are divided by (1e-10 in the sanity-checking code).

    Raises:
        ReproError: if none would be kept, or if the scores cannot be normalised.
    """
    total = scores.sum()
    if not 0 < float(total) < float("inf"):
        raise ReproError("The SNIP scores sum to zero or are not finite, so they rank nothing; check data and network.")
    normalised = scores / (total + offset)
    keep = snip_quota(scores.numel(), sparsity)
    return normalised >= kth(normalised, scores.numel() - keep + 1)


def keep_exactly(scores: Tensor, sparsity: float) -> Tensor:
    """Live mask of exactly ``snip_quota`` weights with the highest scores; ties by lower index.

    Raises:
        ReproError: if none would be kept.
    """
    return highest(scores, snip_quota(scores.numel(), sparsity))
