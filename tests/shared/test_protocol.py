"""A run's identity is a promise: it names the same run in every later version of the suite."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.protocol import (
    Augment,
    Data,
    Method,
    Model,
    Optimizer,
    Protocol,
    Prunable,
    Prune,
    Quantise,
    Rewind,
    Schedule,
    Train,
    canonical,
)

IDENTITIES = Path(__file__).with_name("identities.json")


REFLECTED = Augment(kind="pad-crop", padding=2, padding_mode="reflect")
PICTURES = Data(
    name="d",
    resize=224,
    shorter_side=256,
    augment=(
        Augment(kind="resized-crop", scale=(0.2, 1)),
        Augment(kind="grayscale", probability=0.2),
        Augment(kind="colour-jitter", strength=0.4),
        Augment(kind="flip"),
    ),
)


def tiny(**changes: Any) -> Protocol:
    """The shortest protocol there is: one phase, everything else at its default."""
    plain = {"paper": "p", "model": {"name": "m"}, "data": {"name": "d"}, "phases": [{"epochs": 1}], "seed": 0}
    plain["phases"] = [{"kind": "train", "epochs": 1}]
    return Protocol.model_validate({**plain, **changes})


def full() -> Protocol:
    """Every field of the first version away from its default; fields that came later have rungs of their own."""
    crop, flip = Augment(kind="pad-crop", padding=4), Augment(kind="flip", probability=0.25)
    return Protocol(
        paper="p",
        variant="corrected",
        scale="reduced",
        model=Model(name="m", width=0.25, classes=100, channels=1, size=64, options={"norm": "batch"}),
        data=Data(
            name="d",
            resize=64,
            mean=(0.1, 0.2),
            std=(0.3, 0.4),
            augment=(crop, flip),
            per_class=500,
            test_per_class=50,
            val_size=1000,
            val_rule="permuted",
            evaluate_on="val",
            checks=(Method(name="random-labels"),),
        ),
        prunable=Prunable(bias=True, batchnorm=True),
        phases=(
            Prune(name="cut", method=Method(name="snip", options={"sparsity": 0.95, "layers": [1, 2, "last"]})),
            Train(
                name="long",
                epochs=160,
                batch_size=60,
                optimizer=Optimizer(name="sgd", lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True),
                schedule=Schedule(kind="multistep", milestones=(80, 120), gamma=0.2),
                methods=(Method(name="noise", options={"scale": 1.5, "on": True, "stop": None}),),
            ),
            Rewind(name="back", phase="long", epoch=3),
            Quantise(name="eight", weight_observer="histogram", scheme="symmetric", weight_scheme="affine"),
        ),
        precision="bf16",
        seed=7,
    )


def ladder() -> dict[str, Protocol]:
    """From the shortest protocol to the longest, one step at a time."""
    train = Train(epochs=2, batch_size=32)
    multistep = Schedule(kind="multistep", milestones=(1,))
    method = Method(name="prune", options={"criterion": "random", "fraction": 0.5, "interval": 1})
    data = Data(name="d", mean=(0.5,), std=(0.25,))
    return {
        "tiny": tiny(),
        "another seed": tiny(seed=1),
        "another paper": tiny(paper="q"),
        "demo": tiny(scale="demo"),
        "corrected": tiny(variant="corrected"),
        "double precision": tiny(precision="float64"),
        "half the width": tiny(model=Model(name="m", width=0.5)),
        "normalised": tiny(data=data),
        "augmented": tiny(data=data.model_copy(update={"augment": (Augment(kind="pad-crop", padding=2),)})),
        "held out": tiny(data=Data(name="d", val_size=10, evaluate_on="val")),
        "biases too": tiny(prunable=Prunable(bias=True)),
        "two epochs": tiny(phases=(train,)),
        "adam": tiny(phases=(train.model_copy(update={"optimizer": Optimizer(name="adam", lr=1e-3)}),)),
        "steps": tiny(phases=(train.model_copy(update={"schedule": multistep}),)),
        "pruned": tiny(phases=(train.model_copy(update={"methods": (method,)}),)),
        "pruned first": tiny(phases=(Prune(method=method), train)),
        "rewound": tiny(phases=(train, Rewind(epoch=1), train)),
        "quantised": tiny(phases=(train, Quantise())),
        "full": full(),
        "some stay dense": tiny(prunable=Prunable(exclude=("stem.*",))),
        "corrupted": tiny(phases=(train.model_copy(update={"checks": (Method(name="random-labels"),)}),)),
        "scored on corrupted": tiny(phases=(Prune(method=method, checks=(Method(name="random-pixels"),)), train)),
        "rewound with momentum": tiny(phases=(train, Rewind(optimizer=True, checks=(method,)), train)),
        "cropped pictures": tiny(data=PICTURES),
        "reflected": tiny(data=data.model_copy(update={"augment": (REFLECTED,)})),
        "an epoch chosen": tiny(data=Data(name="d", val_size=10, select_on="val")),
    }


def test_identities_never_change() -> None:
    pinned = json.loads(IDENTITIES.read_text())
    assert {name: [p.identity, p.study] for name, p in ladder().items()} == pinned


def test_identities_differ_and_are_the_digest_of_the_canonical_text() -> None:
    steps = ladder()
    assert len({p.identity for p in steps.values()}) == len(steps)
    for p in steps.values():
        assert p.identity == hashlib.sha256(p.canonical_json().encode()).hexdigest()
        assert Protocol.model_validate_json(p.canonical_json()) == p
        assert Protocol.model_validate_json(p.model_dump_json()).identity == p.identity


def test_a_new_field_with_a_neutral_default_keeps_every_identity() -> None:
    class LaterTrain(Train):
        ema: float = 0.0

    class LaterModel(Model):
        activation: str = "relu"

    class Later(Protocol):
        model: LaterModel
        phases: tuple[LaterTrain | Prune | Rewind | Quantise, ...]  # type: ignore[assignment]
        loss: str = "cross-entropy"

    for p in ladder().values():
        later = Later.model_validate_json(p.model_dump_json())
        assert (later.identity, later.study) == (p.identity, p.study)
        assert later.model_copy(update={"loss": "hinge"}).identity != p.identity


def test_the_study_is_what_runs_share_that_differ_in_seed_alone() -> None:
    assert {tiny(seed=s).study for s in range(5)} == {tiny().study}
    assert len({tiny(seed=s).identity for s in range(5)}) == 5
    assert tiny(precision="float64").study != tiny().study


@given(st.integers(1, 2**40))
def test_a_whole_number_and_the_same_as_a_float_are_one_setting(value: int) -> None:
    one, other = (tiny(phases=[Train(epochs=1, optimizer=Optimizer(lr=v))]) for v in (value, float(value)))
    assert one.identity == other.identity
    a, b = (Method(name="x", options={"strength": v, "each": [v]}) for v in (value, float(value)))
    assert canonical(a) == canonical(b)


def test_true_is_not_one() -> None:
    text = [tiny(model=Model(name="m", options={"flag": v})).canonical_json() for v in (True, 1)]
    assert text[0] != text[1]


def test_defaults_are_left_out_and_names_stay() -> None:
    assert canonical(tiny()) == {
        "paper": "p",
        "model": {"name": "m"},
        "data": {"name": "d"},
        "phases": [{"kind": "train", "name": "train", "epochs": 1}],
        "seed": 0,
    }
    assert tiny(precision="float32", scale="paper", variant="published").identity == tiny().identity


@pytest.mark.parametrize("where", ["", "model", "data", "prunable", "phases.0", "phases.1.optimizer"])
def test_an_unknown_field_is_refused_wherever_it_stands(where: str) -> None:
    plain = full().model_dump()
    target: Any = plain
    for part in where.split(".") if where else []:
        target = target[int(part)] if part.isdigit() else target[part]
    target["colour"] = "red"
    with pytest.raises(ValidationError, match="colour"):
        Protocol.model_validate(plain)


def test_a_protocol_is_frozen_and_a_changed_copy_is_validated() -> None:
    with pytest.raises(ValidationError):
        tiny().seed = 3  # type: ignore[misc]
    assert tiny().with_(seed=3) == tiny(seed=3)
    with pytest.raises(ValidationError):
        tiny().with_(seed=-1)
    with pytest.raises(ValidationError):
        tiny().with_(sede=1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: tiny(seed=-1), "greater than or equal to 0"),
        (lambda: tiny(phases=[]), "at least 1"),
        (lambda: tiny(scale="huge"), "demo"),
        (lambda: tiny(precision="float16"), "float32"),
        (lambda: tiny(phases=[{"kind": "dance", "epochs": 1}]), "dance"),
        (lambda: Train(epochs=0), "greater than 0"),
        (lambda: Train(epochs=-3), "greater than 0"),
        (lambda: Train(epochs=1, batch_size=0), "greater than 0"),
        (lambda: Model(name="m", width=0), "greater than 0"),
        (lambda: Model(name="m", classes=1), "greater than or equal to 2"),
        (lambda: Optimizer(lr=float("nan")), "finite|greater"),
        (lambda: Optimizer(lr=float("inf")), "finite"),
        (lambda: Optimizer(name="adam", momentum=0.9), "adam has no momentum"),
        (lambda: Optimizer(nesterov=True), "needs sgd with momentum"),
        (lambda: Schedule(kind="multistep"), "milestones belong"),
        (lambda: Schedule(milestones=(3,)), "milestones belong"),
        (lambda: Schedule(kind="multistep", milestones=(5, 3)), "increasing"),
        (lambda: Schedule(kind="multistep", milestones=(3, 3)), "increasing"),
        (lambda: Schedule(kind="multistep", milestones=(0, 3)), "increasing"),
        (lambda: Data(name="d", evaluate_on="val"), "val_size"),
        (lambda: Data(name="d", select_on="val"), "needs val_size > 0 and evaluate_on='test'"),
        (lambda: Data(name="d", select_on="val", val_size=9, evaluate_on="val"), "needs val_size > 0 and evaluate_on"),
        (lambda: Data(name="d", select_on="val", val_size=9, resize=8, shorter_side=8), "decoded once"),
        (lambda: Data(name="d", select_on="test", val_size=9), "select_on"),
        (lambda: Data(name="d", augment=(Augment(kind="resized-crop"),)), "need resize"),
        (lambda: Data(name="d", shorter_side=8), "need resize"),
        (lambda: Data(name="d", resize=9, shorter_side=8), "at least resize"),
        (lambda: Data(name="d", resize=9, augment=PICTURES.augment[::-1]), "come before"),
        (lambda: Data(name="d", resize=9, augment=(PICTURES.augment[1], PICTURES.augment[0])), "is the first"),
        (lambda: Augment(kind="flip", scale=(0.2, 1)), "belong to kind='resized-crop'"),
        (lambda: Augment(kind="resized-crop", scale=(0.5, 0.2)), "smaller value first"),
        (lambda: Augment(kind="resized-crop", ratio=(0, 1)), "positive"),
        (lambda: Augment(kind="colour-jitter"), "strength"),
        (lambda: Augment(kind="flip", strength=0.4), "strength"),
        (lambda: Augment(kind="flip", padding_mode="reflect"), "padding_mode belongs"),
        (lambda: Augment(kind="pad-crop", padding_mode="reflect"), "padding_mode belongs"),
        (lambda: Quantise(weight_scheme="affine"), "leave weight_scheme out"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(make: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        make()
