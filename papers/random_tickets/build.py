"""From typed options to a paper-scale run (``repro run random_tickets ...``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from papers.random_tickets.countable import check_count
from papers.random_tickets.options import OPTIONS
from papers.random_tickets.phases import protocol
from papers.random_tickets.refusals import check, check_values, dead_layers
from papers.random_tickets.ticket import CHECKS, Ticket
from shared.errors import ReproError, unknown
from shared.protocol import Protocol

OPTION = {option.name: option for option in OPTIONS}
VARIANTS = ("published", "answer42", "corrected")
BESIDE = {"seed": 42, "variant": "corrected"}
"""Settings every paper has, declared by the command line itself; new runs are ``corrected`` unless asked otherwise."""


def build(options: Mapping[str, Any]) -> Protocol:
    """The run that these options describe; what is not given follows the variant.

    Args:
        options: typed options by name (``None`` counts as not typed), ``seed`` and ``variant`` among them.

    Raises:
        ReproError: an option is unknown, out of range, without effect, or undefined for the method or variant.
    """
    typed = read(options)
    check_values(typed)
    t = ticket(typed)
    check(t, typed)
    check_count(t)
    if not typed.get("allow_dead_layers"):
        dead_layers(t)
    try:
        return protocol(t, typed.get("seed", BESIDE["seed"]))
    except ValidationError as error:
        first = error.errors()[0]
        raise ReproError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}.") from error


def read(options: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed: names checked, switches that are off where off is the default left out.

    Raises:
        ReproError: naming the option and what it takes.
    """
    typed = {name: value for name, value in options.items() if value is not None and value != []}
    for name, value in typed.items():
        if name not in OPTION and name not in BESIDE:
            raise unknown("random_tickets option", name, [*OPTION, *BESIDE])
        choices = OPTION[name].choices if name in OPTION else VARIANTS if name == "variant" else ()
        for one in value if isinstance(value, list | tuple) else (value,):
            if choices and one not in choices:
                raise unknown(f"value of {OPTION[name].flag if name in OPTION else '--' + name}", str(one), choices)
    return {n: v for n, v in typed.items() if not (n == "allow_dead_layers" and v is False)}


def ticket(typed: Mapping[str, Any]) -> Ticket:
    """The typed options as a ticket."""
    fields = {n: v for n, v in typed.items() if n in Ticket.__dataclass_fields__ and n != "variant"}
    asked = set(typed.get("check", ()))
    return Ticket(
        **fields,
        variant=typed.get("variant", BESIDE["variant"]),
        checks=tuple(c for c in CHECKS if c in asked),
        linear_lr=typed.get("lr_schedule") == "linear",
    )
