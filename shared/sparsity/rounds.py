"""Pruning in several rounds: score, prune to the next density, score what is left.

The variants of the SynFlow code are parameters (synflow sheet, sections 4.1 and 4.2): ``lock`` keeps removed weights
removed, ``zero_masked`` sets their stored values to 0 at the start of each round, ``rule`` is how a density becomes a
mask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from shared.sparsity.keep import Rule, Scope, inverted, keep, standardised
from shared.sparsity.masked import flat

Score = Callable[[Mapping[str, Tensor], Mapping[str, Tensor], int], Tensor]
"""Stored weights by name, masks by name, round from 0 -> scores ``[n]``."""
Variant = Literal["published", "head", "corrected"]


@dataclass(frozen=True)
class How:
    """How each round turns scores into masks.

    Attributes:
        rule: ``exact`` (locked, ties by position) or the original's ``threshold``.
        scope: rank over all tensors or within each.
        lock: removed weights stay removed.
        zero_masked: set removed weights to 0 at the start of each round (code of June 2020).
        invert: rank in reverse.
        standardise: rank deviations from each tensor's mean (option of June 2020).
    """

    rule: Rule = "exact"
    scope: Scope = "global"
    lock: bool = True
    zero_masked: bool = False
    invert: bool = False
    standardise: bool = False


VARIANTS: dict[Variant, How] = {
    "published": How(rule="threshold", lock=False, zero_masked=True),
    "head": How(rule="threshold", lock=False),
    "corrected": How(),
}


@dataclass
class Rounds:
    """What came out.

    Attributes:
        live: final masks by name.
        stored: final stored weights by name, masks not applied: the last round removes without setting to 0.
        scores: of the last round, before its mask, ``[n]``.
        kept: live entries of each tensor after each round.
        revived: weights that came back in each round.
    """

    live: dict[str, Tensor]
    stored: dict[str, Tensor]
    scores: Tensor
    kept: list[list[int]] = field(default_factory=list)
    revived: list[int] = field(default_factory=list)

    @property
    def remaining(self) -> int:
        """Live entries at the end."""
        return sum(self.kept[-1])


def prune_in_rounds(
    score: Score,
    weights: Mapping[str, Tensor],
    densities: Sequence[float],
    how: How | None = None,
    live: Mapping[str, Tensor] | None = None,
) -> Rounds:
    """Prune to each density in turn.

    Args:
        score: scores of all entries, called once in each round.
        weights: the prunable tensors by name, in index order; not changed.
        densities: fraction that shall remain after each round.
        how: variant; ``corrected`` by default.
        live: masks to start from; all live by default.
    """
    how = how or How()
    stored = {n: w.detach().clone() for n, w in weights.items()}
    masks = {n: torch.ones_like(w, dtype=torch.bool) for n, w in stored.items()}
    masks |= {n: m.clone() for n, m in (live or {}).items()}
    sizes = [w.numel() for w in stored.values()]
    out = Rounds(masks, stored, torch.empty(0))
    for index, density in enumerate(densities):
        if how.zero_masked:
            for name, mask in masks.items():
                stored[name].mul_(mask)
        out.scores = score(stored, masks, index)
        ranked = standardised(out.scores, sizes) if how.standardise else out.scores
        ranked = inverted(ranked, how.rule) if how.invert else ranked
        before = flat(masks)
        after = keep(ranked, before, sizes, density, rule=how.rule, scope=how.scope)
        after = after & before if how.lock else after
        for part, mask in zip(after.split(sizes), masks.values(), strict=True):
            mask.copy_(part.view_as(mask))
        out.kept.append([int(m.count_nonzero()) for m in masks.values()])
        out.revived.append(int((after & ~before).count_nonzero()))
    return out
