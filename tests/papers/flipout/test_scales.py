"""Cutting a protocol keeps the number and the relative place of its events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers.flipout import paper, scales
from papers.flipout.settings import MILESTONES, SPARSITIES, STUDIED
from shared.paper import Experiment
from shared.protocol import Method, Protocol, Scale, Schedule, Train
from shared.sparsity.schedule import interval_for, prune_epochs

CUTS: tuple[Scale, ...] = ("demo", "reduced")


def trains(p: Protocol) -> list[Train]:
    return [phase for phase in p.phases if isinstance(phase, Train)]


def events(train: Train) -> list[int]:
    found: list[int] = []
    for m in train.methods:
        if m.name == "prune":
            found += prune_epochs(train.epochs, int(str(m.options["interval"])))
    return found


@pytest.mark.parametrize("scale", CUTS)
@pytest.mark.parametrize("experiment", paper.experiments)
def test_events_keep_number_and_place(experiment: str, scale: Scale) -> None:
    cell: Experiment = paper.experiments[experiment]
    full, cut = cell.protocol(42), paper.at_scale(experiment, scale, 42)
    assert cut.scale == scale
    assert len(full.phases) == len(cut.phases)
    for before, after in zip(trains(full), trains(cut), strict=True):
        assert after.epochs < before.epochs
        assert len(events(before)) == len(events(after))
        for old, new in zip(events(before), events(after), strict=True):
            assert abs(old / before.epochs - new / after.epochs) < 0.05
        old_steps, new_steps = before.schedule.milestones, after.schedule.milestones
        assert len(old_steps) == len(new_steps)
        for old, new in zip(old_steps, new_steps, strict=True):
            assert abs(old / before.epochs - new / after.epochs) < 0.05
        assert [m.name for m in before.methods] == [m.name for m in after.methods]


def test_demo_numbers_of_the_readme_table() -> None:
    flipout = trains(paper.at_scale("vgg19/flipout/99.9", "demo", 42))[0]
    assert (flipout.epochs, flipout.methods[-1].options["interval"]) == (22, 2)
    assert flipout.schedule.milestones == (9, 16)
    hoyer = trains(paper.at_scale("vgg19/hoyer-square-6e-5", "demo", 42))[0]
    assert hoyer.epochs == 31
    assert hoyer.methods[0].options["last_epoch"] == hoyer.methods[-1].options["interval"] == 22


@pytest.mark.parametrize("network", STUDIED)
def test_demo_runs_on_embedded_digits_without_mirroring(network: str) -> None:
    p = paper.at_scale(f"{network}/flipout/99.9", "demo", 42)
    assert (p.data.name, p.data.resize, p.model.channels, p.model.size) == ("digits", 32, 1, 32)
    assert [a.kind for a in p.data.augment] == ["pad-crop"]
    assert p.model.width == scales.DEMO.width


@pytest.mark.parametrize("network", STUDIED)
def test_reduced_keeps_the_papers_data(network: str) -> None:
    full, cut = (paper.at_scale(f"{network}/flipout/99.9", s, 42) for s in ("paper", "reduced"))
    assert cut.data.name == full.data.name
    assert (cut.data.mean, cut.data.std) == (full.data.mean, full.data.std)
    assert [a.kind for a in cut.data.augment] == ["pad-crop", "flip"]
    assert cut.data.per_class == scales.REDUCED.per_class
    for a, b in zip(full.data.augment, cut.data.augment, strict=True):
        assert a.padding / full.model.size == b.padding / cut.model.size


@pytest.mark.parametrize("scale", ["demo", "reduced"])
def test_seeds_and_method_options_survive(scale: Scale) -> None:
    for s in SPARSITIES:
        p = paper.at_scale(f"vgg19/flipout-p1/{s.label}", scale, 44)
        assert p.seed == 44
        assert trains(p)[0].methods[-1].options["p"] == 1


def test_paper_scale_is_the_identity() -> None:
    p = paper.experiments["vgg19/flipout/99.9"].protocol(42)
    assert paper.scales["paper"](p) is p


def test_every_scale_has_a_note() -> None:
    assert set(paper.scale_notes) == set(paper.scales) == {"demo", "reduced", "paper"}


def test_a_validation_part_keeps_its_share() -> None:
    p = paper.build({"val_size": 5000, "eval_split": "val"})
    assert paper.scales["demo"](p).data.val_size == 100
    assert paper.scales["reduced"](p).data.val_size == 500


@given(rounds=st.integers(1, 12), epochs=st.integers(30, 600), ratio=st.floats(0.02, 1))
def test_shortening_keeps_any_number_of_prunings(rounds: int, epochs: int, ratio: float) -> None:
    try:
        interval = interval_for(epochs, rounds)
    except Exception:
        return
    prune = Method(name="prune", options={"criterion": "random", "fraction": 0.5, "interval": interval})
    schedule = Schedule(kind="multistep", milestones=tuple(sorted({max(1, m * epochs // 350) for m in MILESTONES})))
    short = scales.shorten(Train(epochs=epochs, methods=(prune,), schedule=schedule), ratio)
    assert len(events(short)) == rounds
    assert short.epochs >= round(epochs * ratio)
    Train.model_validate(short.model_dump())


@pytest.mark.parametrize("scale", CUTS)
@pytest.mark.parametrize("network", STUDIED)
def test_cut_networks_read_the_cut_data(network: str, scale: Scale) -> None:
    import torch

    from shared.models.registry import build

    p = paper.at_scale(f"{network}/flipout/99.9", scale, 42)
    assert p.data.resize in (None, p.model.size)
    with torch.no_grad():
        out = build(p.model)(torch.zeros(2, p.model.channels, p.model.size, p.model.size))
    assert out.shape == (2, 10)
