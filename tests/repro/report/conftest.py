import math
import random

import pytest

from repro.evidence.record import Cost, Environment, Layer, Outcome, Record, Score
from repro.registry import load

LAYERS = 16
TOTAL = 10_000
FINALS = {"flipout": 87.0, "global-magnitude": 82.0, "random": 10.0, "snip": 10.0, "layerwise-magnitude": 60.0}


@pytest.fixture(scope="session")
def paper():
    return load("flipout")


@pytest.fixture(scope="session")
def made(paper):
    """A record of a run that never happened: ``made(experiment, scale, seed)``; its numbers are invented."""

    def build(experiment, scale="demo", seed=42, **environment):
        protocol = paper.at_scale(experiment, scale, seed)
        rng = random.Random(protocol.identity)
        labels = paper.experiments[experiment].labels
        sparsity = float(labels.get("sparsity_percent", 99.89)) / 100 * (labels["method"] != "unpruned")
        easier = (95 - FINALS.get(labels["method"], 80.0)) * min(1.0, sparsity / 0.999) ** 40
        final = 95 - easier + rng.gauss(0, 0.3) if easier < 84 else 10.0
        layers = tuple(
            Layer(
                name=f"features.{i}.weight",
                shape=(64, 64, 3, 3),
                total=36_864,
                remaining=left,
                positions=1024 >> i // 3,
            )
            for i in range(LAYERS)
            for left in [round(36_864 * (1 - sparsity) * (1.8 - 1.6 * i / LAYERS)) if final > 10 or i < 12 else 0]
        )
        prunable, remaining = LAYERS * 36_864, sum(x.remaining for x in layers)
        curve = _curve(rng, protocol.epochs, final, prunable, remaining)
        last = Score(epoch=protocol.epochs, correct=curve["test_correct"][-1], total=TOTAL, loss=0.5)
        return Record(
            identity=protocol.identity,
            protocol=protocol,
            outcome=Outcome(
                status="finished",
                last=last,
                best=last,
                train_total=50_000,
                prunable=prunable,
                remaining=remaining,
                parameters=prunable + 5_000,
                macs_dense=sum(x.total * x.positions for x in layers),
                macs_sparse=sum(x.remaining * x.positions for x in layers),
                layers=layers,
                curve=curve,
                collapse=None if final > 10 else "features.12.weight has no weight left: no signal passes",
                extra={
                    "published_macs": {"total": 398_136_320, "nonzero": 1_250_000},
                    "weights": {"limit": 0.4, "bins": 9, "counts": {"a": [1, 5, 20, 90, 10, 80, 22, 6, 1]}},
                },
            ),
            environment=Environment.model_validate(
                {
                    "versions": {"python": "3.13.1", "torch": "2.14.0"},
                    "device": "NVIDIA H100 80GB HBM3",
                    "commit": "0123456789abcdef0123456789abcdef01234567",
                    "dirty": False,
                    "data": {"train": "a" * 64, "test": "b" * 64},
                    "platform": "Linux x86_64",
                    **environment,
                }
            ),
            cost=Cost(seconds=round(rng.uniform(900, 1000), 2), epochs=protocol.epochs),
            finished_at=f"2026-11-20T12:{seed % 60:02d}:00Z",
        )

    return build


def _curve(rng, epochs, final, prunable, remaining):
    at = max(1, epochs * 3 // 4)
    share = (remaining / prunable) ** (1 / 10)
    step = max(1, at // 10)
    left = [max(remaining, round(prunable * share ** min(10, e // step))) for e in range(1, epochs + 1)]
    left[-1] = remaining
    rise = [
        final * (1 - math.exp(-5 * e / epochs)) + rng.gauss(0, 0.8) * (1 - e / epochs) for e in range(1, epochs + 1)
    ]
    correct = [min(TOTAL, max(0, round(TOTAL / 100 * r))) for r in rise[:-1]] + [round(TOTAL / 100 * final)]
    return {"epoch": list(range(1, epochs + 1)), "test_correct": correct, "remaining": left}
