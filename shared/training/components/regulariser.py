"""Sparsity regularisers by name, over any network (hoyer sheet 4.1 to 4.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from shared.errors import ReproError, unknown
from shared.sparsity import element_regularisers, group_regularisers
from shared.training.method import Component
from shared.training.state import State

ELEMENT, GROUP = element_regularisers.FUNCTIONS, group_regularisers.FUNCTIONS


class Regulariser(Component):
    """``strength`` times the sum of a regulariser over tensors, each with weight 1 whatever its size.

    Args:
        kind: ``l1``, ``hoyer``, ``hoyer-square``, ``transformed-l1``, ``group-lasso``, ``group-hoyer`` or
            ``group-hoyer-square``.
        strength: the factor lambda, constant over the phase.
        tensors: ``all`` parameters, or ``weights``: those with two or more dimensions (no biases, no batch norm).
        zeros: ``published``: the original expressions, NaN at groups of zeros; ``corrected``: those are skipped.
        grouping: what a group of a convolution is; group regularisers only.
        guard: ``False`` for the published script that does not skip tensors of zeros; group regularisers only.
    """

    def __init__(
        self,
        kind: str,
        strength: float,
        tensors: Literal["all", "weights"] = "all",
        zeros: Literal["published", "corrected"] = "corrected",
        grouping: group_regularisers.Grouping | None = None,
        guard: bool = True,
    ) -> None:
        if kind not in ELEMENT | GROUP:
            raise unknown("regulariser", kind, [*ELEMENT, *GROUP])
        if kind in ELEMENT and (grouping is not None or not guard):
            raise ReproError(f"{kind} has no groups; leave grouping and guard out.")
        if kind in GROUP and tensors == "all":
            raise ReproError(f'{kind} needs channels and filters; set tensors to "weights".')
        self.function, self.each = {**ELEMENT, **GROUP}[kind], element_regularisers.EACH.get(kind)
        self.strength, self.over = strength, tensors
        self.options: dict[str, Any] = {"raw": zeros == "published"}
        if kind in GROUP:
            self.options |= {"grouping": grouping or "true", "guard": guard}

    def value(self, tensors: Sequence[Tensor]) -> Tensor:
        """The regulariser of these tensors, without its strength."""
        if self.each is not None:
            return self.each(tensors, **self.options).sum()
        return torch.stack([self.function(w, **self.options) for w in tensors]).sum()

    def covered(self, parameters: Sequence[Tensor]) -> list[Tensor]:
        """The tensors that count."""
        return [p for p in parameters if self.over == "all" or p.ndim > 1]

    def penalty(self, state: State) -> Tensor:
        """The scalar added to the mean cross-entropy."""
        return self.strength * self.value(self.covered(state.parameters))
