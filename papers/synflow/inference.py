"""Inference time, which the assignment asks for: measured once a run is over, on the machine it ran on, never compared
between machines. It is no part of a protocol: the same run elsewhere has other seconds and the same identity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.protocol import Train

if TYPE_CHECKING:
    from shared.training.engine import Engine

IMAGES = {"cpu": 16, "cuda": 256}
"""Test images of the timed batch."""
VARIANTS = ("assignment", "corrected")
"""Variants whose runs are timed: those of the assignment and of ``repro run``; the paper itself shows no times."""


def after(engine: Engine) -> dict[str, Any]:
    """``{"inference": ...}`` as ``shared.sparsity.inference`` measures it; nothing for runs that are not timed."""
    from shared.sparsity.inference import inference
    from shared.training.precision import autocast, backend

    protocol, state = engine.protocol, engine.state
    if protocol.variant not in VARIANTS or not isinstance(protocol.phases[-1], Train):
        return {}
    wanted = IMAGES["cuda" if state.device.type == "cuda" else "cpu"]
    images = next(iter(engine.setup.test.eval_batches(wanted))).images
    with backend(protocol.precision, state.device), autocast(protocol.precision, state.device):
        return {"inference": inference(state.model, list(state.masks.parameters), images)}
