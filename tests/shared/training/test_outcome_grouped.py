"""What a run of a network with grouped convolutions amounts to."""

from collections.abc import Callable
from typing import Any

from shared.protocol import Model, Train
from shared.training.outcome import summarise


def test_grouped_convolutions_have_an_outcome(make_engine: Callable[..., Any], tiny: Callable[..., Any]) -> None:
    """FlipOut's own FLOP counter has no rule for them; everything else is counted."""
    options = {"depth": 11, "cardinality": 2}
    spec = Model(name="cifar-resnext", width=0.0625, channels=1, size=8, options=options)
    engine = make_engine(tiny(phases=(Train(epochs=1, batch_size=32),), model=spec))
    outcome = summarise(engine, engine.run())
    assert "published_macs" not in outcome["extra"]
    assert outcome["macs_dense"] > 0
    assert outcome["remaining"] == outcome["prunable"]


def test_other_networks_keep_the_published_count(make_engine: Callable[..., Any], tiny: Callable[..., Any]) -> None:
    engine = make_engine(tiny(phases=(Train(epochs=1, batch_size=32),)))
    assert summarise(engine, engine.run())["extra"]["published_macs"]["total"] > 0
