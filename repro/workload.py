"""How much work a run is, counted and not measured: images, steps, multiply-adds."""

from __future__ import annotations

from functools import cache

from shared.data.sizes import SIZES
from shared.protocol import Method, Model, Protocol, Train

FLOP_PER_MAC = 2
PASSES = 3
"""A training step is one forward pass and a backward pass of twice its multiply-adds."""


def training_images(protocol: Protocol) -> int:
    """Images of a training epoch, before checks."""
    data = protocol.data
    full = data.per_class * protocol.model.classes if data.per_class else SIZES.get(data.name, (0, 0))[0]
    return full - data.val_size


def phase_images(protocol: Protocol, phase: Train) -> int:
    """Images of an epoch of a phase; a check may leave it only half of them."""
    images = training_images(protocol)
    halved = any(_halves(c) for c in (*protocol.data.checks, *phase.checks))
    return images // 2 if halved else images


def _halves(check: Method) -> bool:
    return check.name == "half-dataset"


def evaluated_images(protocol: Protocol) -> int:
    """Images of one evaluation."""
    data = protocol.data
    if data.evaluate_on == "val":
        return data.val_size
    return data.test_per_class * protocol.model.classes if data.test_per_class else SIZES.get(data.name, (0, 0))[1]


def phase_steps(protocol: Protocol, phase: Train) -> int:
    """Optimiser steps of a phase."""
    return phase.epochs * -(-phase_images(protocol, phase) // phase.batch_size)


def steps_of(protocol: Protocol) -> int:
    """Optimiser steps of a run."""
    return sum(phase_steps(protocol, p) for p in protocol.phases if isinstance(p, Train))


def evaluations(protocol: Protocol) -> int:
    """Images evaluated over a run: once an epoch, and once more after each pruning."""
    from shared.sparsity.schedule import prune_epochs

    prunings = 0
    for phase in protocol.phases:
        for method in phase.methods if isinstance(phase, Train) else ():
            if isinstance(phase, Train) and "interval" in method.options:
                stop = method.options.get("stop_epoch")
                interval = int(str(method.options["interval"]))
                prunings += len(prune_epochs(phase.epochs, interval, int(str(stop)) if stop else None))
    each = evaluated_images(protocol) + (protocol.data.val_size if protocol.data.select_on else 0)
    return (protocol.epochs + prunings) * each


def forward_macs(model: Model) -> int:
    """Multiply-adds of one sample through the dense network, counted layer by layer; no weight is made for it."""
    return _forward_macs(model.model_dump_json())


@cache
def _forward_macs(spec: str) -> int:
    import torch

    from shared.models.registry import build
    from shared.sparsity.accounting import layer_table, macs

    model = Model.model_validate_json(spec)
    with torch.device("meta"):
        return macs(layer_table(build(model), (model.channels, model.size, model.size)))[0]


SLOW_FLOPS, SLOW_STEP = 5e9, 0.005
"""Operations a second, and seconds a step beside them, of a core that is slow and busy."""


def slow_seconds(protocol: Protocol) -> float:
    """What a run takes on a slow core, from its counted work alone: to tell, without measuring, that it is short."""
    return 1e15 * petaflop(protocol) / SLOW_FLOPS + SLOW_STEP * steps_of(protocol)


def petaflop(protocol: Protocol) -> float:
    """Floating-point operations of convolutions and linear layers, in 10^15; 0 where the size of the data is unknown.

    Dense arithmetic: no kernel here skips a weight that is masked.
    """
    seen = sum(p.epochs * phase_images(protocol, p) for p in protocol.phases if isinstance(p, Train))
    samples = PASSES * seen + evaluations(protocol)
    return FLOP_PER_MAC * forward_macs(protocol.model) * samples / 1e15
