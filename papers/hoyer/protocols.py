"""The experiments of DeepHoyer as data, at paper scale (sheet 5 and 6)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from papers.hoyer import phases, settings
from papers.hoyer.cells import Cell, cells
from shared.paper import Experiment
from shared.protocol import Phase, Protocol


def experiments() -> dict[str, Experiment]:
    """Every experiment by id."""
    return {e.id: e for e in _mnist()}


def _mnist() -> Iterator[Experiment]:
    for cell in cells():
        labels: dict[str, str | float] = {
            "network": cell.network,
            "dataset": "fashion-mnist" if cell.fashion else "mnist",
            "method": cell.reg,
            "variant": "corrected" if cell.corrected else "published",
            "pruning": cell.end,
            "start": "dense" if cell.pretrained else "scratch",
        }
        if cell.strength:
            labels["strength"] = float(cell.strength)
        yield Experiment(cell.id, cell.title, partial(mnist, cell), labels)


def mnist(cell: Cell, seed: int) -> Protocol:
    """The run of a cell."""
    variant = "corrected" if cell.corrected else "published"
    script = phases.script_for(cell.network, cell.structure)
    methods = phases.regulariser(script, cell.reg, float(cell.strength or 0), variant)
    decay = settings.STRUCTURE_DECAY if cell.structure else 0.0
    plan: list[Phase] = [phases.pretrain()] if cell.pretrained else []
    plan.append(phases.adam("regularise", cell.epochs, float(cell.lr), decay, methods))
    if cell.end != "trained":
        how = settings.FINETUNES[cell.end[0]]
        plan += [phases.pruned(how.rule, float(cell.end[1:]), variant), phases.finetune(how, variant)]
    return phases.protocol(cell.network, plan, seed, fashion=cell.fashion, variant=variant)
