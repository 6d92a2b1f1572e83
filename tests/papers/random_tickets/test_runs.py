"""Short runs of every method and check on the embedded digits, through the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from papers.random_tickets import paper
from papers.random_tickets.checks import defined
from papers.random_tickets.ticket import METHODS, Ticket
from shared.protocol import Protocol, Rewind, Train
from shared.training.engine import Engine
from shared.training.rundir import RunDirectory
from shared.training.setup import prepare_run

CPU = torch.device("cpu")
PAIRS = [(m, c) for m in ("random", "snip", "grasp", "weight-rewinding", "hybrid") for c in defined(Ticket(method=m))]


def tiny(options: dict[str, Any]) -> Protocol:
    """Two epochs on 24 digits of each class, at a sixteenth of the width."""
    ratio = {} if options.get("method") == "dense" else {"ratio": 0.7}
    p = paper.scales["demo"](paper.build({"seed": 1} | ratio | options))
    model = p.model.model_copy(update={"width": 1 / 16})
    data = p.data.model_copy(update={"per_class": 24, "test_per_class": 5})
    phases: list[Any] = []
    for phase in p.phases:
        if isinstance(phase, Train):
            schedule = phase.schedule.model_copy(update={"kind": "constant", "milestones": (), "epochs": None})
            phases.append(phase.model_copy(update={"epochs": 2, "schedule": schedule}))
        elif isinstance(phase, Rewind):
            phases.append(phase.model_copy(update={"epoch": min(phase.epoch, 1)}))
        else:
            phases.append(phase)
    return p.with_(model=model, data=data, phases=tuple(phases))


def run(plan: Protocol, folder: Path, **options: Any) -> Engine:
    engine = Engine(plan, prepare_run(plan, None, CPU), RunDirectory(folder), own=paper.components, **options)
    assert engine.run() == "finished"
    return engine


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Engine]:
    """One run of each method; the dense training is shared."""
    root = tmp_path_factory.mktemp("plain")
    return {m: run(tiny({"method": m}), root / m, prefixes=root / "beginnings") for m in METHODS}


@pytest.mark.parametrize("method", [m for m in METHODS if m != "dense"])
def test_a_ticket_keeps_what_was_asked_for(plain: dict[str, Engine], method: str) -> None:
    masks = plain[method].state.masks
    assert masks.remaining in (
        masks.total * 3 // 10,
        int(masks.total * (1 - 0.7)),
    )  # exact, or as SNIP's formula is read
    zeros = sum(int((p == 0).sum()) for p in masks.parameters.values())
    assert zeros >= masks.total - masks.remaining


def test_tickets_of_one_seed_start_from_one_network(plain: dict[str, Engine]) -> None:
    rows = {m: plain[m].rows[:2] for m in ("dense", "lt", "lr-rewinding", "hybrid")}
    losses = {m: [r["train_loss"] for r in found] for m, found in rows.items()}
    assert len({tuple(v) for v in losses.values()}) == 1
    assert all(len(plain[m].rows) == 4 for m in losses if m != "dense")


@pytest.mark.parametrize(("method", "check"), PAIRS)
def test_a_check_changes_the_run_and_not_the_count(
    plain: dict[str, Engine], tmp_path: Path, method: str, check: str
) -> None:
    beginnings = plain[method].directory.path.parent / "beginnings"
    checked = run(tiny({"method": method, "check": [check]}), tmp_path, prefixes=beginnings)
    ours, clean = checked.state.masks, plain[method].state.masks
    if check == "layerwise-rearrange":
        assert ours.remaining_per_tensor() == clean.remaining_per_tensor()
    if check == "layerwise-weight-shuffling":
        assert all(torch.equal(ours.live[n], clean.live[n]) for n in ours)
    else:
        assert any(not torch.equal(ours.live[n], clean.live[n]) for n in ours)
    assert ours.remaining == clean.remaining
    last = checked.rows[-1]["train_loss"], plain[method].rows[-1]["train_loss"]
    assert last[0] != last[1]
