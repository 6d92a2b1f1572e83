"""GraSP: keep the weights whose removal would reduce the gradient flow.

The paper removes large ``-w * Hg``, that is small ``w * Hg``. One implementation; the published versions of it are sets
of parameters: the SynFlow code of June 2020 had the opposite sign, no temperature and the Hessian of each batch alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from shared.data.batch import Batch
from shared.sparsity.masked import Mode, Weights, flat, in_mode, leaves, run, under_masks

EPSILON = 1e-10


def grasp_scores(
    model: nn.Module,
    weights: Weights,
    batches: Sequence[Batch],
    second: Sequence[Batch] | None = None,
    *,
    live: Weights | None = None,
    temperature: float = 200.0,
    per_batch: bool = False,
    sign: int = 1,
    normalise: bool = True,
    stale: Weights | None = None,
    mode: Mode = "eval",
) -> Tensor:
    """``w * Hg`` for every prunable weight; the lowest are removed.

    ``g = sum_b dL_b/dw`` over ``batches`` and ``H`` the sum of the batches' Hessians over ``second``, with the mean
    cross-entropy ``L_b`` of each batch: batches of unequal size weigh the same.

    Args:
        model: the network; its parameters and gradients are not touched.
        weights: the prunable tensors by name, in index order.
        batches: first pass over the scoring sample.
        second: second pass; ``None``: the same batches (``corrected``; the original draws new ones).
        live: masks; the score of a masked weight is 0.
        temperature: logits are divided by it; 1 for none.
        per_batch: ``sum_b H_b g_b``, each batch with its own gradient (``published``; ``second`` is not used).
        sign: 1, or -1 for the inverted score of ``published`` (trap 5).
        normalise: divide by ``|sum of scores| + 1e-10``, which does not change the order.
        stale: gradients left over from training, which the original adds to ``Hg`` (trap 16).
        mode: of the network while scoring.

    Returns:
        Scores ``[n]``.

    Source: synflow sheet, section 4.3.
    """
    theta = leaves(weights)
    leaf = list(theta.values())

    def gradients(batch: Batch, *, graph: bool) -> tuple[Tensor, ...]:
        logits = run(model, under_masks(theta, live), batch.images) / temperature
        return torch.autograd.grad(F.cross_entropy(logits, batch.labels), leaf, create_graph=graph)

    products = [torch.zeros_like(w) for w in leaf] if stale is None else [stale[n].clone() for n in theta]
    with in_mode(model, mode), torch.enable_grad():
        totals = None
        if not per_batch:
            parts = [gradients(batch, graph=False) for batch in batches]
            totals = [torch.stack(g).sum(0) for g in zip(*parts, strict=True)]
        for batch in batches if per_batch or second is None else second:
            own = gradients(batch, graph=True)
            towards = totals if totals is not None else [g.detach() for g in own]
            inner = torch.stack([(a * b).sum() for a, b in zip(towards, own, strict=True)]).sum()
            for product, h in zip(products, torch.autograd.grad(inner, leaf), strict=True):
                product.add_(h)
    scores = sign * flat({n: w.detach() * p for (n, w), p in zip(theta.items(), products, strict=True)})
    return scores / (scores.sum().abs() + EPSILON) if normalise else scores
