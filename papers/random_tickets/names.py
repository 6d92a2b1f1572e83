"""How methods, checks and sparsities are called in ids and in sentences."""

from __future__ import annotations

METHOD = {
    "dense": "dense",
    "random": "random tickets",
    "snip": "SNIP",
    "grasp": "GraSP",
    "lt": "lottery tickets",
    "weight-rewinding": "weight rewinding",
    "lr-rewinding": "learning-rate rewinding",
    "hybrid": "hybrid tickets",
    "magnitude": "one-shot magnitude",
}
CHECK = {
    (): "",
    ("random-labels",): "random-labels",
    ("random-labels", "random-pixels"): "corrupted",
    ("half-dataset",): "half-dataset",
    ("layerwise-rearrange",): "rearranged",
    ("layerwise-weight-shuffling",): "shuffled",
}
SPOKEN_CHECK = {
    "random-labels": "scored on random labels",
    "corrupted": "scored on random labels and pixels",
    "half-dataset": "drawn from half of the data",
    "rearranged": "with masks rearranged in each layer",
    "shuffled": "with weights shuffled in each layer",
}


def check_name(checks: tuple[str, ...]) -> str:
    """The last part of an id; empty without checks."""
    return CHECK.get(checks) or "+".join(checks)


def percent(ratio: float) -> str:
    """A fraction as it stands in ids: ``95``, ``99.5``."""
    return f"{100 * ratio:.6g}"
