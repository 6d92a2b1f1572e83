"""The sanity checks as each code base does them, and which of them it defines for a method (sheet 4.11)."""

from __future__ import annotations

from papers.random_tickets.ticket import INITIAL, TRAINED, Ticket
from shared.protocol import Method

MASK, WEIGHT = "layerwise-rearrange", "layerwise-weight-shuffling"
DATA = ("random-labels", "random-pixels", "half-dataset")
PARTIAL = ("weight-rewinding", "lr-rewinding", "hybrid", "magnitude")

ANSWER42: dict[str, tuple[str, ...]] = {
    "snip": ("random-labels", "random-pixels", MASK),
    "grasp": ("random-labels", "random-pixels", MASK),
    **{method: ("half-dataset", WEIGHT) for method in PARTIAL},
}


def defined(t: Ticket) -> tuple[str, ...]:
    """The checks that a variant defines for a method, in the order in which they are applied."""
    if t.variant == "answer42":
        return ANSWER42.get(t.method, ())
    if t.method == "random":  # sees neither data nor trained weights
        return (MASK, WEIGHT)
    if t.method in INITIAL:
        return ("random-labels", "random-pixels", MASK, WEIGHT)
    return (*DATA, MASK, WEIGHT) if t.method in TRAINED else ()


def together(t: Ticket) -> tuple[str, ...]:
    """The checks of a ticket with those that come along: the published flag for pixels implies random labels, and
    answer42's GraSP corrupts both or neither."""
    asked = set(t.checks)
    if t.variant == "published" and "random-pixels" in asked:
        asked.add("random-labels")
    if t.variant == "answer42" and t.method == "grasp" and asked & {"random-labels", "random-pixels"}:
        asked |= {"random-labels", "random-pixels"}
    return tuple(name for name in (*DATA, MASK, WEIGHT) if name in asked)


def of_data(t: Ticket) -> tuple[Method, ...]:
    """Corruptions of the data that the ticket is chosen by."""
    return tuple(_data(t, name) for name in together(t) if name in DATA)


def of_masks(t: Ticket) -> tuple[Method, ...]:
    """The permutation of the masks."""
    return (Method(name=MASK),) if MASK in t.checks else ()


def of_weights(t: Ticket) -> tuple[Method, ...]:
    """The permutation of the weights: of the survivors, or with answer42 of the whole layer (trap 8)."""
    if WEIGHT not in t.checks:
        return ()
    return (Method(name=WEIGHT, options={"over": "layer"} if t.variant == "answer42" else {}),)


def _data(t: Ticket, name: str) -> Method:
    if name == "random-labels":
        return Method(name=name, options={} if t.variant == "published" else {"mode": "drawn"})
    if name == "random-pixels":
        mode = pixel_mode(t)
        return Method(name=name, options={} if mode == "values" else {"mode": mode})
    mode = t.half_mode or ("first" if t.variant == "published" else "random")
    return Method(name=name, options={} if mode == "first" else {"mode": mode})


def pixel_mode(t: Ticket) -> str:
    """The meaning of "random pixels": three operations under one name (trap 6)."""
    if t.pixel_mode is not None:
        return t.pixel_mode
    if t.variant != "answer42":
        return "values"
    return "rows-and-columns" if t.method == "grasp" else "rows"
