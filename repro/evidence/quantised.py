"""What 8-bit quantisation after training left of the accuracy."""

from __future__ import annotations

from repro.evidence.outcome import Outcome
from shared.protocol import Protocol, Quantise


def int8_accuracy(protocol: Protocol, outcome: Outcome) -> float | None:
    """Test accuracy in percent of the network with 8-bit weights and activations; ``None`` for a run without one.

    Args:
        protocol: of the run; the last phase that quantises counts.
        outcome: what came out.
    """
    names = [phase.name for phase in protocol.phases if isinstance(phase, Quantise)]
    score = outcome.extra.get(names[-1], {}).get("int8") if names else None
    return 100 * score["correct"] / score["total"] if score else None
