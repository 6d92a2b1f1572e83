"""The engine: order of events, exact resume, shared beginnings, divergence, locks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from shared.errors import ReproError
from shared.protocol import Method, Optimizer, Protocol, Prune, Schedule
from shared.training import checkpoint
from shared.training.engine import Engine
from shared.training.method import Component
from shared.training.outcome import summarise
from shared.training.rundir import RunDirectory
from shared.training.saved import Position
from shared.training.state import State

Make = Callable[..., Engine]
Print = Callable[[Engine], dict[str, Any]]
Tiny = Callable[..., Protocol]


class Stop(Component):
    """Ctrl-C in the middle of an epoch: after its third step."""

    def __init__(self, epoch: int) -> None:
        self.epoch, self.steps = epoch, 0

    def after_step(self, state: State) -> None:
        self.steps += state.epoch == self.epoch
        if self.steps == 3:
            raise KeyboardInterrupt


def interrupt(make: Make, folder: str, epoch: int, **options: Any) -> None:
    engine = make(folder=folder, checkpoint_seconds=0.0, observers=[Stop(epoch)], **options)
    with pytest.raises(KeyboardInterrupt):
        engine.run()


@pytest.mark.parametrize("epoch", [1, 3, 6])
def test_a_run_stopped_anywhere_ends_bit_identical(make_engine: Make, print_of: Print, epoch: int) -> None:
    whole = make_engine(folder="whole")
    assert whole.run() == "finished"
    interrupt(make_engine, "cut", epoch)
    again = make_engine(folder="cut")
    assert again.run() == "finished"
    assert print_of(again) == print_of(whole)
    assert len(again.directory.rows()) == 6


def test_prunings_happen_after_evaluation_and_counts_are_exact(make_engine: Make) -> None:
    engine = make_engine()
    engine.run()
    rows, total = engine.rows, engine.state.masks.total
    expected = [total, total - total // 2]
    expected.append(expected[1] - expected[1] // 2)
    assert [r["remaining"] for r in rows] == [total, expected[1], expected[1], expected[2], expected[2], expected[2]]
    assert [bool(r["events"]) for r in rows] == [False, True, False, True, False, False]
    assert rows[1]["sparsity_before"] == 0 < rows[1]["sparsity_after"]
    assert rows[1]["test_correct_after"] is not None
    assert rows[2]["test_correct_after"] is None


def test_runs_of_many_classes_count_the_five_highest_too(make_engine: Make, tiny: Tiny) -> None:
    few = make_engine()
    few.run()
    assert "test_top5" not in few.rows[-1]
    assert "test_top5" not in summarise(few, "finished")["curve"]
    plan = tiny()
    many = make_engine(plan.with_(model=plan.model.model_copy(update={"classes": 100})), folder="many")
    many.run()
    with torch.no_grad():
        batch = next(iter(many.setup.test.eval_batches(70)))
        order = many.state.model.eval()(batch.images).argsort(1, descending=True)
    near = sum(label in five for label, five in zip(batch.labels.tolist(), order[:, :5].tolist(), strict=True))
    assert many.rows[-1]["test_correct"] < near < 70
    assert summarise(many, "finished")["curve"]["test_top5"][-1] == many.rows[-1]["test_top5"] == near


def test_held_out_images_are_counted_after_every_epoch_and_pruning_where_an_epoch_is_chosen(
    make_engine: Make, print_of: Print, tiny: Tiny
) -> None:
    """Nothing else changes, and a run cut short goes on to the same counts."""
    plain = tiny()
    cut = Prune(method=Method(name="snip", options={"sparsity": 0.5, "variant": "corrected"}))
    plain = plain.with_(phases=(cut, *plain.phases))
    plan = plain.with_(data=plain.data.model_copy(update={"val_size": 24, "select_on": "val"}))
    other, whole = make_engine(plain, folder="plain"), make_engine(plan, folder="whole")
    other.run()
    assert whole.run() == "finished"
    counted = {"val_correct", "val_total"}
    assert all(counted <= row.keys() and row["val_total"] == 24 for row in whole.rows)
    bare = {k: v for k, v in print_of(whole).items() if k != "rows"}
    assert bare == {k: v for k, v in print_of(other).items() if k != "rows"}
    strip = [{k: v for k, v in row.items() if k not in counted | {"seconds"}} for row in whole.rows]
    assert strip == [{k: v for k, v in row.items() if k != "seconds"} for row in other.rows]
    assert counted <= whole.extra["prune"].keys()
    assert not counted & other.extra["prune"].keys()

    with torch.no_grad():
        batch = next(iter(whole.setup.selection.eval_batches(70)))
        right = int((whole.state.model.eval()(batch.images).argmax(1) == batch.labels).sum())
    curve = summarise(whole, "finished")["curve"]
    assert curve["val_correct"] == [row["val_correct"] for row in whole.rows]
    assert whole.rows[-1]["val_correct"] == right != whole.rows[-1]["test_correct"]
    assert "val_correct" not in summarise(other, "finished")["curve"]

    engine = make_engine(plan, folder="cut", checkpoint_seconds=0.0, observers=[Stop(3)])
    with pytest.raises(KeyboardInterrupt):
        engine.run()
    again = make_engine(plan, folder="cut")
    again.run()
    assert print_of(again) == print_of(whole)
    assert again.extra["prune"] == whole.extra["prune"]


def test_removed_weights_never_revive_under_momentum_and_decay(make_engine: Make) -> None:
    class Watch(Component):
        worst = 0.0

        def after_step(self, state: State) -> None:
            for name, parameter in state.masks.parameters.items():
                self.worst = max(self.worst, float(parameter.detach()[~state.masks.live[name]].abs().sum()))

    watch = Watch()
    engine = make_engine(observers=[watch])
    engine.run()
    assert engine.state.masks.remaining < engine.state.masks.total
    assert watch.worst == 0.0


def test_hooks_run_in_the_stated_order(make_engine: Make) -> None:
    calls: list[str] = []

    class Log(Component):
        def draw(self, state: State) -> None:
            calls.append("draw")

        def before_epoch(self, state: State) -> None:
            calls.append("before_epoch")

        def penalty(self, state: State) -> torch.Tensor:
            calls.append("penalty")
            return torch.zeros(())

        def before_step(self, state: State) -> None:
            assert state.parameters[0].grad is not None
            calls.append("before_step")

        def after_step(self, state: State) -> None:
            calls.append("after_step")

        def after_epoch(self, state: State) -> None:
            calls.append("after_epoch")

    make_engine(observers=[Log()]).run()
    step = ["draw", "penalty", "before_step", "after_step"]
    assert calls[: 2 + 5 * 4 + 1] == ["before_epoch", *step * 5, "penalty", "after_epoch"]


def test_runs_with_one_beginning_train_it_once(make_engine: Make, print_of: Print, tiny: Tiny, tmp_path: Path) -> None:
    def every(interval: int) -> Protocol:
        phase = tiny().phases[0]
        prune = Method(name="prune", options={"criterion": "flipout", "fraction": 0.5, "interval": interval})
        return tiny(phases=(phase.model_copy(update={"methods": (*phase.methods[:-1], prune)}),))

    alone = make_engine(every(3), "alone")
    alone.run()
    shared = tmp_path / "beginnings"
    make_engine(every(2), "earlier", prefixes=shared).run()
    later = make_engine(every(3), "later", prefixes=shared)
    steps: list[int] = []

    class Count(Component):
        def after_step(self, state: State) -> None:
            steps.append(state.step)

    later.observers.append(Count())
    later.run()
    assert steps[0] == 2 * 5 + 1  # the first two epochs came from the other run
    assert print_of(later) == print_of(alone)


def test_a_beginning_without_flip_counters_does_not_serve_flipout(
    make_engine: Make, tiny: Tiny, tmp_path: Path
) -> None:
    phase = tiny().phases[0]
    magnitude = Method(name="prune", options={"criterion": "global-magnitude", "fraction": 0.5, "interval": 2})
    plan = tiny(phases=(phase.model_copy(update={"methods": (*phase.methods[:2], magnitude)}),))
    shared = tmp_path / "beginnings"
    make_engine(plan, "magnitude", prefixes=shared).run()
    alone, after = make_engine(folder="alone"), make_engine(folder="after", prefixes=shared)
    alone.run()
    after.run()
    assert [f.sum() for f in after.state.signals["flips"].values()] == [
        f.sum() for f in alone.state.signals["flips"].values()
    ]


@pytest.mark.parametrize(
    "other",
    [{"checks": (Method(name="random-labels"),)}, {"schedule": Schedule(kind="linear", epochs=6)}],
    ids=["spoilt data", "falling rate"],
)
def test_a_beginning_serves_only_runs_that_train_alike(
    make_engine: Make, print_of: Print, tiny: Tiny, tmp_path: Path, other: dict[str, Any]
) -> None:
    different = tiny().phases[0].model_copy(update=other)
    alone = make_engine(folder="alone")
    alone.run()
    shared = tmp_path / "beginnings"
    make_engine(tiny(phases=(different,)), "different", prefixes=shared).run()
    after = make_engine(folder="after", prefixes=shared)
    after.run()
    assert print_of(after) == print_of(alone)


@pytest.mark.parametrize("whole", [False, True], ids=["up to the first pruning", "whole phase"])
def test_a_beginning_serves_only_runs_on_the_same_data(
    make_engine: Make, tiny: Tiny, tmp_path: Path, whole: bool
) -> None:
    phase = tiny().phases[0]
    ticket = Prune(method=Method(name="magnitude", options={"sparsity": 0.5}))
    plan = tiny(phases=(phase.model_copy(update={"methods": ()}), ticket)) if whole else tiny()
    shared = tmp_path / "beginnings"

    class Count(Component):
        steps = 0

        def after_step(self, state: State) -> None:
            self.steps += 1

    def steps(folder: str, data: str) -> int:
        count = Count()
        engine = make_engine(plan, folder, prefixes=shared, observers=[count])
        engine.saver.data = {"train": data}
        engine.run()
        return count.steps

    first = steps("first", "as it was")
    assert steps("again", "as it was") < first
    assert steps("changed", "another") == first


def test_divergence_is_a_result(make_engine: Make, tiny: Tiny) -> None:
    phase = tiny().phases[0].model_copy(update={"optimizer": Optimizer(lr=1e30)})
    engine = make_engine(tiny(phases=(phase,)))
    assert engine.run() == "diverged"
    assert engine.rows[-1]["events"] == [{"diverged": True}]
    assert json.loads(engine.directory.metrics.read_text().splitlines()[-1])["train_loss"] is None


def test_a_lost_metric_stream_is_written_again(make_engine: Make, print_of: Print) -> None:
    """The stream is not flushed line by line, so that a crash of the machine may cost it what a checkpoint holds."""
    whole = make_engine(folder="whole")
    whole.run()
    interrupt(make_engine, "cut", 4)
    (make_engine(folder="cut").directory.metrics).unlink()
    again = make_engine(folder="cut")
    assert again.run() == "finished"
    assert print_of(again) == print_of(whole)
    assert [row["epoch"] for row in again.directory.rows()] == [1, 2, 3, 4, 5, 6]


def test_a_checkpoint_without_its_epochs_is_no_checkpoint(make_engine: Make) -> None:
    """Checkpoints once left the epochs to the metric stream."""
    interrupt(make_engine, "cut", 4)
    cut = make_engine(folder="cut")
    for folder in checkpoint.names(cut.directory.checkpoints):
        tensors, plain = checkpoint.read(folder)
        checkpoint.write(folder, tensors, {k: v for k, v in plain.items() if k != "rows"})
    cut.directory.set_rows(cut.directory.rows()[:1])
    with pytest.raises(ReproError, match=r"has 1 of the \d epochs before the checkpoint"):
        make_engine(folder="cut").run()


def test_damaged_checkpoints_are_passed_over_or_named(
    make_engine: Make, print_of: Print, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = make_engine(folder="whole")
    whole.run()
    interrupt(make_engine, "cut", 5)
    folders = sorted((make_engine(folder="cut").directory.checkpoints).iterdir())
    assert len(folders) == 2
    newest = folders[-1] / "tensors.safetensors"
    newest.write_bytes(newest.read_bytes()[:-100])
    again = make_engine(folder="cut")
    again.run()
    assert print_of(again) == print_of(whole)
    assert "passed over a damaged checkpoint" in capsys.readouterr().err

    interrupt(make_engine, "worse", 5)
    for folder in make_engine(folder="worse").directory.checkpoints.iterdir():
        (folder / "state.json").write_text("{")
    with pytest.raises(ReproError, match="delete its checkpoint folder"):
        make_engine(folder="worse").run()


def test_a_run_does_not_go_on_with_other_data(make_engine: Make, print_of: Print) -> None:
    def made(folder: str, fingerprint: str, **options: Any) -> Engine:
        engine = make_engine(folder=folder, checkpoint_seconds=0.0, **options)
        engine.saver.data = {"train": fingerprint, "test": "0"}
        return engine

    whole, cut = made("whole", "a"), made("cut", "a", observers=[Stop(3)])
    whole.run()
    with pytest.raises(KeyboardInterrupt):
        cut.run()
    lines = cut.directory.metrics.read_text()
    with pytest.raises(ReproError, match=r"changed since its last checkpoint \(train\).*delete that folder"):
        made("cut", "b").run()
    assert cut.directory.metrics.read_text() == lines
    again = made("cut", "a")
    again.run()
    assert print_of(again) == print_of(whole)


def test_the_data_of_a_run_are_those_of_its_setup(make_engine: Make) -> None:
    engine = make_engine()
    known = replace(engine.setup, data={"fingerprints": {"train": "a"}})
    assert Engine(engine.protocol, known, engine.directory).saver.data == {"train": "a"}


def test_one_process_holds_a_run(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path / "run")
    with directory.locked():
        directory.set_status("running")
        with pytest.raises(ReproError, match="in use by process"), RunDirectory(tmp_path / "run").locked():
            pass


def test_a_directory_belongs_to_one_protocol(tmp_path: Path, tiny: Tiny) -> None:
    directory = RunDirectory(tmp_path)
    directory.start(tiny())
    directory.start(tiny())
    with pytest.raises(ReproError, match="holds another run"):
        directory.start(tiny(seed=43))


def test_an_option_a_component_does_not_have_is_refused(make_engine: Make, tiny: Tiny) -> None:
    phase = tiny().phases[0]
    wrong = Method(name="prune", options={"criterion": "random", "fraction": 0.5, "interval": 2, "p": 2})
    with pytest.raises(ReproError, match="refuses its options"):
        make_engine(tiny(phases=(phase.model_copy(update={"methods": (wrong,)}),))).run()


def test_a_run_of_a_hundred_phases_goes_on_from_the_last_of_them(make_engine: Make) -> None:
    """``repro run synflow --levels 60`` has 181 phases."""
    stands = [Position(phase, epoch) for phase in (98, 99, 100, 101) for epoch in (0, 2)]
    for position in stands:
        make_engine().saver.save(position, {"at": position.phase}, [])
        found = make_engine().saver.newest()
        assert found is not None
        assert (found.position, found.extra, found.rows) == (position, {"at": position.phase}, [])
