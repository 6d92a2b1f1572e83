"""Synthetic records that satisfy every law of a real one; the numbers in them are invented by a seeded generator."""

import math
import random

from repro.evidence.record import Cost, Environment, Layer, Outcome, Record, Score
from shared.protocol import Data, Method, Model, Optimizer, Protocol, Schedule, Train

METHODS = {"flipout": 0.90, "global_magnitude": 0.85, "snip": 0.82, "random": 0.10}
PRUNED_EVERY = 2
COLUMNS = (
    "epoch",
    "lr",
    "test_correct",
    "test_loss",
    "train_correct",
    "train_loss",
    "penalty",
    "sparsity_before",
    "sparsity_after",
    "remaining",
    "test_correct_after",
)


def make_protocol(seed=42, method="flipout", network="vgg19", sparsity=0.999, scale="demo", epochs=20, **fields):
    methods = (Method(name=method, options={"sparsity": sparsity, "every": PRUNED_EVERY, "noise": 1.0}),)
    phase = Train(
        epochs=epochs,
        optimizer=Optimizer(momentum=0.9, weight_decay=5e-4),
        schedule=Schedule(kind="multistep", milestones=(epochs // 2 or 1,)) if epochs > 1 else Schedule(),
        methods=methods,
    )
    defaults = {"paper": "flipout", "model": Model(name=network, width=0.25), "data": Data(name="digits", resize=32)}
    return Protocol(**{**defaults, "scale": scale, "phases": (phase,), "seed": seed, **fields})


def make_record(protocol=None, *, status="finished", device="cpu", layers=8, finished_at=None, **of_protocol):
    protocol = protocol or make_protocol(**of_protocol)
    rng = random.Random(f"{protocol.identity}/{device}")
    component = protocol.phases[0].methods[0]
    kept = 1 - component.options["sparsity"]
    shapes = [(2 ** (3 + i // 2), 2 ** (3 + (i - 1) // 2) if i else 3, 3, 3) for i in range(layers)]
    totals = [math.prod(shape) for shape in shapes]
    rows = tuple(
        Layer(
            name=f"features.{3 * i}.weight", shape=shape, total=n, remaining=round(kept * n), positions=1024 >> i // 2
        )
        for i, (shape, n) in enumerate(zip(shapes, totals, strict=True))
    )
    dense, remaining = sum(totals), sum(row.remaining for row in rows)
    epochs = protocol.epochs if status == "finished" else max(1, protocol.epochs // 2)
    curve = _curve(rng, epochs, METHODS.get(component.name, 0.8), dense, remaining)
    at = max(range(epochs), key=lambda e: curve["test_correct"][e] if curve["remaining"][e] == remaining else -1)
    return Record(
        identity=protocol.identity,
        protocol=protocol,
        outcome=Outcome(
            status=status,
            last=_score(curve, epochs - 1),
            best=_score(curve, at),
            train_total=1437,
            prunable=dense,
            remaining=remaining,
            parameters=dense + 64 * layers,
            macs_dense=sum(row.total * row.positions for row in rows),
            macs_sparse=sum(row.remaining * row.positions for row in rows),
            layers=rows,
            curve=curve,
        ),
        environment=Environment(
            versions={"python": "3.13.1", "torch": "2.14.0"},
            device=device,
            commit="0123456789abcdef0123456789abcdef01234567",
            dirty=False,
            data={"train": "a" * 64, "test": "b" * 64},
            platform="Linux x86_64",
        ),
        cost=Cost(seconds=round(rng.uniform(10, 20), 2), epochs=epochs),
        finished_at=finished_at or f"2026-11-26T15:{protocol.seed % 60:02d}:00+00:00",
    )


def _score(curve, i):
    return Score(epoch=i + 1, correct=curve["test_correct"][i], total=360, loss=curve["test_loss"][i])


def _curve(rng, epochs, level, dense, remaining):
    columns = {name: [] for name in COLUMNS}
    for e in range(1, epochs + 1):
        left = dense if e < epochs / 2 else remaining
        rise = level * (1 - math.exp(-4 * e / epochs)) + rng.gauss(0, 0.01)
        columns["epoch"].append(e)
        columns["lr"].append(0.1 if e <= epochs / 2 else 0.01)
        columns["test_correct"].append(min(360, max(0, round(360 * rise))))
        columns["test_loss"].append(2.3 * math.exp(-3 * e / epochs) + abs(rng.gauss(0, 0.01)))
        columns["train_correct"].append(min(1437, max(0, round(1437 * (rise + 0.05)))))
        columns["train_loss"].append(2.3 * math.exp(-4 * e / epochs) + abs(rng.gauss(0, 0.01)))
        columns["penalty"].append(0.0)
        columns["sparsity_before"].append(0.0 if left == dense else 1 - remaining / dense)
        columns["sparsity_after"].append(1 - left / dense)
        columns["remaining"].append(left)
        columns["test_correct_after"].append(None)
    return columns
