"""How much arithmetic a run is, counted and not measured."""

from __future__ import annotations

from functools import cache

from repro.cost import evaluations, training_images
from shared.protocol import Model, Protocol

FLOP_PER_MAC = 2
PASSES = 3
"""A training step is one forward pass and a backward pass of twice its multiply-adds."""


def forward_macs(model: Model) -> int:
    """Multiply-adds of one sample through the dense network, counted layer by layer as it is built."""
    return _forward_macs(model.model_dump_json())


@cache
def _forward_macs(spec: str) -> int:
    from shared.models.registry import build
    from shared.sparsity.accounting import layer_table, macs

    model = Model.model_validate_json(spec)
    return macs(layer_table(build(model), (model.channels, model.size, model.size)))[0]


def petaflop(protocol: Protocol) -> float:
    """Floating-point operations of convolutions and linear layers, in 10^15; 0 where the size of the data is unknown.

    Dense arithmetic: no kernel here skips a weight that is masked.
    """
    samples = PASSES * protocol.epochs * training_images(protocol) + evaluations(protocol)
    return FLOP_PER_MAC * forward_macs(protocol.model) * samples / 1e15
