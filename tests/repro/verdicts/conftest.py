"""A toy paper of three experiments, and records of runs that never happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from repro.evidence.record import Cost, Environment, Outcome, Record, Score
from shared.claims import Claim, Table
from shared.paper import Experiment, Paper
from shared.protocol import Data, Model, Protocol, Train

IMAGES = 10_000


def _protocol(method: str) -> Callable[[int], Protocol]:
    def build(seed: int) -> Protocol:
        return Protocol(
            paper="toy",
            model=Model(name="net", width=1.0),
            data=Data(name="cifar10"),
            phases=(Train(epochs=10, name=method),),
            seed=seed,
        )

    return build


def _demo(protocol: Protocol) -> Protocol:
    return protocol.with_(
        scale="demo", data=Data(name="digits"), phases=(Train(epochs=2, name=protocol.phases[0].name),)
    )


def _reduced(protocol: Protocol) -> Protocol:
    return protocol.with_(scale="reduced", phases=(Train(epochs=5, name=protocol.phases[0].name),))


@pytest.fixture(scope="session")
def paper() -> Paper:
    """Experiments ``a``, ``b``, ``c``; no tables."""
    return Paper(
        name="toy",
        title="Toy",
        citation="",
        experiments={m: Experiment(m, m.upper(), _protocol(m)) for m in "abc"},
        tables={},
        options=(),
        build=lambda options: _protocol("a")(0),
        scales={"paper": lambda p: p, "reduced": _reduced, "demo": _demo},
    )


@pytest.fixture(scope="session")
def with_claims(paper: Paper) -> Callable[..., Paper]:
    """The toy paper with one table ``t`` of the given claims."""

    def build(*claims: Claim) -> Paper:
        return replace(paper, tables={"t": Table("t", "T", claims)})

    return build


@pytest.fixture(scope="session")
def make_record() -> Callable[..., Record]:
    """A record of a protocol with an accuracy in percent of 10,000 images."""

    def build(protocol: Protocol, percent: float, best: float | None = None, **changes: Any) -> Record:
        last = Score(epoch=protocol.epochs, correct=round(percent * IMAGES / 100), total=IMAGES)
        top = Score(epoch=1, correct=round((percent if best is None else best) * IMAGES / 100), total=IMAGES)
        outcome = Outcome(
            status=changes.pop("status", "finished"),
            last=last,
            best=top,
            train_total=50_000,
            prunable=1000,
            remaining=100,
            parameters=1000,
            macs_dense=1,
            macs_sparse=1,
            layers=(),
            curve={"epoch": [1, 2], "test_correct": [last.correct, last.correct]},
        )
        fields: dict[str, Any] = {
            "identity": protocol.identity,
            "protocol": protocol,
            "outcome": outcome,
            "environment": Environment(versions={}, device="cpu"),
            "cost": Cost(seconds=2.0, epochs=protocol.epochs),
            "finished_at": "2026-01-01T00:00:00Z",
        }
        return Record(**(fields | changes))

    return build


@pytest.fixture(scope="session")
def make_runs(paper: Paper, make_record: Callable[..., Record]) -> Callable[..., list[Record]]:
    """Records of an experiment with the given accuracies, seeds 42, 43, ..."""

    def build(experiment: str, percents: Sequence[float], scale: str = "paper", first_seed: int = 42) -> list[Record]:
        return [
            make_record(paper.at_scale(experiment, scale, first_seed + i), p)  # type: ignore[arg-type]
            for i, p in enumerate(percents)
        ]

    return build
