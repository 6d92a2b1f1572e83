"""The network on which the report shows the theory: the demo's thin VGG-11 without batch normalisation, and its scores.

It is a chain, so that the laws of conservation apply to it, and small enough to be scored by all five pruners, over a
hundred rounds and in training, in seconds. The laws themselves are checked on full networks in ``papers.synflow.laws``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from papers.synflow.protocols import PRUNERS

if TYPE_CHECKING:
    from torch import Tensor, nn

    from shared.protocol import Protocol
    from shared.sparsity.rounds import Score
    from shared.training.setup import Setup

SEED = 1


@dataclass(frozen=True)
class Witness:
    """A network before training, and its scores under each pruner: of all entries, and by parameter name."""

    model: nn.Module
    weights: Mapping[str, Tensor]
    shape: tuple[int, ...]
    scorers: Mapping[str, Score]
    scores: Mapping[str, Mapping[str, Tensor]]

    @property
    def sizes(self) -> list[int]:
        """Entries of the prunable tensors."""
        return [w.numel() for w in self.weights.values()]


def protocol(network: str, data: str = "cifar10", epochs: int = 100) -> Protocol:
    """A dense run of a network at demo scale."""
    from papers.synflow import scales
    from papers.synflow.build import build

    options = {"network": network, "dataset": data, "pruner": "none", "epochs": epochs, "seed": SEED}
    return scales.demo(build(options))


def prepared(protocol: Protocol) -> Setup:
    """Its network and data on the CPU."""
    import torch

    from shared.training.setup import prepare_run

    return prepare_run(protocol, None, torch.device("cpu"))


def witness(network: str = "vgg11", data: str = "cifar10") -> Witness:
    """Score a network as ``corrected`` does: one sample of ten images a class, SynFlow in float64."""
    from shared.data.scoring import ScoringSample
    from shared.sparsity import pruners
    from shared.sparsity.masks import prunable_parameters

    setup = prepared(protocol(network, data))
    weights = {n: p.detach().clone() for n, p in prunable_parameters(setup.model).items()}
    sample = ScoringSample(setup.train, 10).batches
    shape = tuple(setup.train.batch(0, 0).images.shape[1:])
    scorers: dict[str, Score] = {
        "rand": pruners.random_scores(setup.draws),
        "mag": pruners.magnitude_scores(),
        "snip": pruners.snip_scores(setup.model, sample),
        "grasp": pruners.grasp_scores_of(setup.model, sample),
        "synflow": pruners.synflow_scores(setup.model, shape),
    }
    return Witness(setup.model, weights, shape, scorers, {p: _named(scorers[p], weights) for p in PRUNERS})


def _named(score: Score, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    import torch

    live = {n: torch.ones_like(w, dtype=torch.bool) for n, w in weights.items()}
    parts = score(weights, live, 0).double().split([w.numel() for w in weights.values()])
    return {n: part.view_as(w) for part, (n, w) in zip(parts, weights.items(), strict=True)}
