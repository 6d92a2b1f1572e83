"""Options that were typed and would do nothing are refused, never ignored."""

from __future__ import annotations

from collections.abc import Iterable

import typer


def refuse_without_effect(context: typer.Context, names: Iterable[str], why: str) -> None:
    """Refuse the named parameters where they were typed.

    Args:
        context: of the command.
        names: parameters that have no effect in this call.
        why: what makes them so, the beginning of the sentence.

    Raises:
        ReproError: naming the options as typed.
    """
    from shared.errors import ReproError

    flags = {p.name: p.opts[0] for p in context.command.params}
    typed = [flags[n] for n in names if getattr(context.get_parameter_source(n), "name", "") == "COMMANDLINE"]
    if typed:
        raise ReproError(
            f"{why}, so {' and '.join(typed)} would have no effect; leave {'it' if len(typed) == 1 else 'them'} out."
        )
