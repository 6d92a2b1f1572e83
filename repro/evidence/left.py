"""Metrics of what pruning left of the layers and of their operations (synflow sheet, sections 4.10, 5.2 and 5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repro.evidence.layers import Layer
    from repro.evidence.outcome import Outcome

LEFT = ("nonempty_layers", "mac_fraction_remaining", "macs_remaining:")


def left_metric(outcome: Outcome, name: str) -> float | None:
    """A metric of the layer table, ``None`` where the run has none or cannot tell.

    Args:
        outcome: what came out.
        name: ``nonempty_layers`` (weight tensors with a live weight), ``macs_remaining:PLACE`` (multiply-adds of the
            live weights of the layer at that place, from 0 at the input, for one image), or ``mac_fraction_remaining``
            (of the operations as the SynFlow code counts them, in percent).
    """
    layers = [layer for layer in outcome.layers if len(layer.shape) > 1]
    if not layers:
        return None
    if name == "nonempty_layers":
        return float(sum(layer.remaining > 0 for layer in layers))
    if name == "mac_fraction_remaining":
        return _percent(outcome, layers)
    place = int(name.partition(":")[2])
    return float(layers[place].remaining * layers[place].positions) if place < len(layers) else None


def _percent(outcome: Outcome, layers: list[Layer]) -> float | None:
    """The code counts a bias once for each output and as dense always (trap 21).

    A record does not list what cannot be pruned; that its other parameters are one bias for each output of each layer,
    and no normalisation, is seen by their number.
    """
    outputs = sum(layer.shape[0] for layer in layers)
    if outcome.parameters != sum(layer.total for layer in layers) + outputs:
        return None
    biases = sum(layer.shape[0] * layer.positions for layer in layers)
    live = sum(layer.remaining * layer.positions for layer in layers)
    return 100 * (live + biases) / (sum(layer.total * layer.positions for layer in layers) + biases)
