"""Options that were typed and would do nothing are refused, never ignored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

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


def one_table(tables: Sequence[str] | None, all_by: str) -> str | None:
    """The one table that was named, ``None`` where none was.

    Args:
        tables: as typed after ``--table``.
        all_by: how to have all of them, the end of the sentence.

    Raises:
        ReproError: if there are several.
    """
    from shared.errors import ReproError

    if tables and len(tables) > 1:
        raise ReproError(f"--table takes one table here, not {' and '.join(tables)}; {all_by}.")
    return tables[0] if tables else None


def refuse_places(device: str, data_dir: Path | None) -> None:
    """Refuse, where nothing is run yet, the places that running would refuse: so that a plan is one of what can be.

    Raises:
        ReproError: for a device that is not here, or a data folder that does not exist.
    """
    from repro.request import check_device
    from shared.data.places import roots

    roots(data_dir)
    check_device(device)
