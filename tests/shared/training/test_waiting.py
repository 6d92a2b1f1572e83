"""A run that waits for another one's training can be stopped, and says whom it waits for."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from shared.protocol import Method, Protocol, Prune
from shared.training import waiting
from shared.training.engine import Engine
from shared.training.running import beginning_of
from shared.training.stop import Stop, Stopped
from shared.training.whole import whole_key

Make = Callable[..., Engine]


@pytest.fixture
def pair(make_engine: Make, tiny: Callable[..., Protocol], tmp_path: Path) -> Callable[..., tuple[Engine, Engine]]:
    """Two runs with one beginning; options go to the second."""

    def make(**options: object) -> tuple[Engine, Engine]:
        dense = tiny().phases[0].model_copy(update={"methods": (), "epochs": 2})
        ticket = Prune(method=Method(name="magnitude", options={"sparsity": 0.5}))
        plan = tiny(phases=(dense, ticket))
        store = tmp_path / "beginnings"
        return (
            make_engine(plan, folder="first", prefixes=store),
            make_engine(plan, folder="second", prefixes=store, **options),
        )

    return make


def lock_of(engine: Engine) -> Path:
    assert engine.whole is not None
    engine.whole.root.mkdir(parents=True, exist_ok=True)
    return engine.whole.root / f"{beginning_of(engine, whole_key(engine.protocol))}.lock"


def test_the_time_limit_ends_the_wait_for_another_run(
    pair: Callable[..., tuple[Engine, Engine]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair(stop=(stop := Stop(deadline=time.time() + 1e6)))
    second.directory.set_status("running", label="the second")
    monkeypatch.setattr(time, "sleep", lambda seconds: setattr(stop, "deadline", time.time()))
    with waiting.held(lock_of(first), first):
        with pytest.raises(Stopped, match=r"time limit while it waited for process .*, which.*; the same command"):
            second.run()
        status = second.directory.status()
    assert status["label"] == "the second"
    assert status["sentence"].startswith("Waits for process ")
    assert str(first.directory.path) in status["sentence"]
    assert second.directory.rows() == []


def test_a_run_goes_on_when_the_other_one_is_done(
    pair: Callable[..., tuple[Engine, Engine]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair()
    said, other = [], ExitStack()
    other.enter_context(waiting.held(lock_of(first), first))

    def sleep(seconds: float) -> None:
        said.append(second.directory.status()["sentence"])
        if len(said) == 2:
            other.close()

    with monkeypatch.context() as patch:
        patch.setattr(time, "sleep", sleep)
        assert second.run() == "finished"
    assert [s[:9] for s in said] == ["Waits for"] * 2
    assert second.directory.status()["sentence"] == ""
    assert not list(lock_of(first).parent.glob("*.holder"))
