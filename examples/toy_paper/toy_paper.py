"""A paper in a package of its own: LeNet-300-100 on the embedded digits, nine weights in ten removed in one cut."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from shared.claims import Exact, Ordering, Table, Value
from shared.outside import Entry
from shared.paper import Experiment, Option, Paper
from shared.protocol import Data, Method, Model, Optimizer, Protocol, Train

CRITERIA = {"global-magnitude": "smallest weights", "random": "random weights"}


def protocol(criterion: str, seed: int) -> Protocol:
    """As published: twelve epochs of SGD, one pruning after the sixth."""
    prune = {"criterion": criterion, "fraction": 0.9, "interval": 6}
    return Protocol(
        paper="toy",
        model=Model(name="lenet300", channels=1, size=8),
        data=Data(name="digits", mean=(0.3053,), std=(0.3760,)),
        phases=(
            Train(
                epochs=12,
                batch_size=64,
                optimizer=Optimizer(lr=0.05, momentum=0.9),
                methods=(Method(name="mask-gradients"), Method(name="prune", options=prune)),
            ),
        ),
        seed=seed,
    )


def demo(full: Protocol) -> Protocol:
    """A tenth of the width and a third of the epochs; the pruning stays in the middle."""
    train = full.phases[0]
    assert isinstance(train, Train)
    prune = Method(name="prune", options={**train.methods[-1].options, "interval": 2})
    short = train.model_copy(update={"epochs": 4, "methods": (*train.methods[:-1], prune)})
    return full.with_(scale="demo", model=full.model.model_copy(update={"width": 0.1}), phases=(short,))


def weights() -> float:
    """The weights of LeNet-300-100 on 8x8 images, counted in the network as it is built."""
    from shared.models.registry import build

    return sum(p.numel() for name, p in build(protocol("random", 0).model).named_parameters() if "weight" in name)


def run(options: Mapping[str, Any]) -> Protocol:
    """One run, from the options of ``repro run toy``."""
    return protocol(options.get("criterion") or "global-magnitude", options["seed"])


table = Table(
    id="digits",
    title="Accuracy with one weight in ten left",
    claims=(
        Value(
            id="magnitude",
            table="digits",
            text="smallest weights removed: 90.8 ± 0.7 %",
            experiment="global-magnitude",
            metric="top1_accuracy",
            value=90.8,
            sd=0.7,
            n=5,
            margin=1.5,
            margin_reason="with 360 test images one answer is 0.28 points",
            rounding=0.05,
        ),
        Ordering(
            id="order",
            table="digits",
            text="removing the smallest weights beats removing random ones",
            better="global-magnitude",
            worse="random",
        ),
        Exact(id="weights", table="digits", text="the network has 50,200 weights", measure=weights, value=50_200),
    ),
    seeds=(0, 1, 2, 3, 4),
)

paper = Paper(
    name="toy",
    title="A toy paper",
    citation="nobody, never",
    experiments={
        c: Experiment(c, t, partial(protocol, c), {"method": c, "sparsity_percent": 90.0}, "LeNet-300-100 on digits", t)
        for c, t in CRITERIA.items()
    },
    tables={table.id: table},
    options=(Option("criterion", str, "global-magnitude", "Which weights go.", tuple(CRITERIA)),),
    build=run,
    scales={"demo": demo, "paper": lambda full: full},
    entries=(Entry("score", "random", "prune", "once, after half of the training; nine weights in ten go"),),
)
