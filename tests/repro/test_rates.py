"""Steps are measured where it matters, within a budget, and what was not measured says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from repro import cost, rates
from repro.rates import Cache, Kind, affordable, full_step, inferred, measure, rates_of
from repro.timing import Timing, timed
from shared.errors import ReproError
from shared.protocol import Augment, Data, Method, Model, Protocol, Prune, Train

CPU = torch.device("cpu")


def kind(name: str = "vgg19", batch: int = 64, macs: int = 1_000_000, weight: float = 1.0, classes: int = 10) -> Kind:
    plan = Protocol(
        paper="toy", model=Model(name=name, classes=classes), data=Data(name="cifar10", mean=(0.5,), std=(0.5,)),
        phases=(Train(epochs=1, batch_size=batch),), seed=0,
    )  # fmt: skip
    return Kind(plan, batch, macs, weight)


@pytest.fixture
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine of 10^9 operations a second whose clock only moves when a step is measured."""
    machine = SimpleNamespace(now=0.0, measured=[], room=10**9)

    def measured(protocol: Protocol, device: object, own: object, batch: int, seconds: float) -> Timing:
        if batch > machine.room:
            raise torch.OutOfMemoryError("no room")
        size = machine.sizes[protocol.model.name]
        step = 6 * size * batch / 1e9
        machine.now += 2 * step * 4 / 3
        machine.measured.append((protocol.model.name, protocol.model.classes, batch))
        return Timing(step, 2 * size / 1e9, batch, step)

    monkeypatch.setattr(rates, "timed", measured)
    monkeypatch.setattr(rates, "matmul_rate", lambda device: 4e9)
    monkeypatch.setattr(rates.time, "perf_counter", lambda: machine.now)
    return machine


def test_all_is_measured_where_steps_are_quick(stopwatch: SimpleNamespace, tmp_path: Path) -> None:
    kinds = {"a": kind(), "b": kind("lenet300", classes=7), "c": kind("lenet300", weight=3)}
    stopwatch.sizes = {"vgg19": 10**5, "lenet300": 10**4}
    found = measure(kinds, CPU, {}, Cache(tmp_path / "cost.json", "here"))
    assert stopwatch.measured == [("lenet300", 10, 64), ("vgg19", 10, 64), ("lenet300", 7, 64)]  # by weight
    assert {inferred(k, kinds, found).basis for k in kinds} == {"measured"}


def test_large_networks_keep_to_the_budget_and_one_stands_for_its_like(
    stopwatch: SimpleNamespace, tmp_path: Path
) -> None:
    sizes = {"vgg19": 4 * 10**7, "resnet50": 3 * 10**7, "vgg16": 2 * 10**7}
    stopwatch.sizes = sizes
    kinds = {
        f"{n}/{c}": kind(n, macs=m, weight=m, classes=c) for n, m in sizes.items() for c in (10, 100)
    }  # a full step takes 8 to 15 s
    found = measure(kinds, CPU, {}, Cache(tmp_path / "cost.json", "here"))
    assert stopwatch.now <= rates.BUDGET_SECONDS
    assert len({n for n, _, _ in stopwatch.measured}) == len(stopwatch.measured)
    assert all(2 <= batch < 64 for _, _, batch in stopwatch.measured)
    bases = {k: inferred(k, kinds, found).basis for k in kinds}
    assert bases["vgg19/10"] == "scaled"
    assert bases["vgg19/100"] == "extrapolated"
    for key, k in kinds.items():  # the toy machine is exactly proportional, so nothing is lost
        assert inferred(key, kinds, found).step == pytest.approx(k.flop(64) / 1e9)


def test_something_is_measured_however_long_it_takes(stopwatch: SimpleNamespace, tmp_path: Path) -> None:
    kinds = {"a": kind(macs=10**11, weight=2), "b": kind("vgg16", macs=10**10)}
    stopwatch.sizes = {"vgg19": 10**11, "vgg16": 10**10}
    found = measure(kinds, CPU, {}, Cache(tmp_path / "cost.json", "here"))
    assert stopwatch.measured == [("vgg19", 10, 2)]
    assert inferred("b", kinds, found).basis == "extrapolated"


def test_a_device_without_room_gets_fewer_images(stopwatch: SimpleNamespace, tmp_path: Path) -> None:
    stopwatch.sizes, stopwatch.room = {"vgg19": 10}, 20
    measure({"a": kind(macs=10)}, CPU, {}, Cache(tmp_path / "cost.json", "here"))
    assert stopwatch.measured == [("vgg19", 10, 16)]
    stopwatch.room = 1
    kinds = {"b": kind(macs=11)}
    found = measure(kinds, CPU, {}, Cache(tmp_path / "cost.json", "here"))
    with pytest.raises(ReproError, match="Not even two images"):
        inferred("b", kinds, found)


def test_what_was_measured_once_is_not_measured_again(stopwatch: SimpleNamespace, tmp_path: Path) -> None:
    stopwatch.sizes = {"vgg19": 10**5}
    file = tmp_path / "cost.json"
    first = Cache(file, "here")
    measure({"a": kind()}, CPU, {}, first)
    first.save()
    assert measure({"a": kind()}, CPU, {}, Cache(file, "here"))["a"] == first.get("a")
    assert len(stopwatch.measured) == 1
    measure({"a": kind()}, CPU, {}, Cache(file, "another machine"))
    assert len(stopwatch.measured) == 2


@pytest.mark.parametrize("text", ["", "[]", '{"here": {"a": {"step": 1, "image": 1}}}', '{"here": 3}'])
def test_a_cache_that_cannot_be_read_is_empty(tmp_path: Path, text: str) -> None:
    file = tmp_path / "cost.json"
    file.write_text(text)
    cache = Cache(file, "here")
    assert cache.get("a") is None
    cache.put("a", Timing(1.0, 1.0, 2, 1.0))
    cache.save()
    assert Cache(file, "here").get("a") == cache.get("a") is not None


def test_fewer_images_add_their_passes_and_not_the_fixed_cost() -> None:
    assert full_step(kind(batch=64), Timing(step=1.0, image=0.01, batch=4, clock=1.0)) == pytest.approx(1 + 60 * 0.03)


def test_the_batch_that_fits_is_the_largest_of_the_halves() -> None:
    k = kind(batch=100, macs=10**6)  # measuring b images costs 2 * 8 * b million operations
    assert affordable(k, 1.6, 1e9) == 100
    assert affordable(k, 1.59, 1e9) == 50
    assert affordable(k, 0.032, 1e9) == 2
    assert affordable(k, 0.031, 1e9) is None


def test_a_real_step_is_measured_and_needs_no_data() -> None:
    plan = replace_batch(kind("lenet300").protocol, 16)
    plan = plan.with_(model=Model(name="lenet300", channels=1, size=28))
    t = timed(plan, CPU, {}, 8, 0.05)
    assert t.batch == 8
    assert 0 < t.step <= t.clock * 1.5
    assert 0 < t.image < t.clock


def test_a_step_on_cropped_pictures_is_measured_without_any_picture() -> None:
    data = Data(name="imagenet", resize=28, shorter_side=32, augment=(Augment(kind="resized-crop"),))
    plan = replace_batch(kind("lenet300").protocol, 16).with_(data=data)
    assert timed(plan.with_(model=Model(name="lenet300", channels=1, size=28)), CPU, {}, 8, 0.05).step > 0


def replace_batch(plan: Protocol, batch: int) -> Protocol:
    return plan.with_(phases=(Train(epochs=1, batch_size=batch),))


def test_rates_of_equal_steps_are_one_measurement(stopwatch: SimpleNamespace, tmp_path: Path) -> None:
    model = Model(name="lenet300", channels=1, size=28)
    plan = kind().protocol.with_(model=model)
    other = plan.with_(phases=(Prune(method=Method(name="snip-balanced")), *plan.phases))
    stopwatch.sizes = {"lenet300": 266_200}
    found = rates_of({"one": (plan, 1), "two": (other, 3)}, CPU, {}, Cache(tmp_path / "cost.json", "here"))
    assert found["one"] == found["two"]
    assert len(stopwatch.measured) == 1


def test_trainings_that_runs_share_are_counted_once() -> None:
    from repro.planning import Run
    from repro.registry import load

    paper = load("random_tickets")
    wanted = ("corrected/vgg19-cifar10/dense", "corrected/vgg19-cifar10/lr-rewinding/95",
              "corrected/vgg19-cifar10/lr-rewinding/95/half-dataset")  # fmt: skip
    runs = [Run(e, e, 0, paper.at_scale(e, "demo", 0), Path("x"), "new") for e in wanted]
    rate = rates.Rate(1.0, 0.0, 32, "measured", 32)
    saved = cost.shared_seconds(runs, dict.fromkeys(wanted, rate))
    assert saved == 12 * 32  # the dense epochs of rewinding are the dense network's; half of the data are others
    assert cost.shared_seconds([replace(r, seed=i, protocol=r.protocol.with_(seed=i)) for i, r in enumerate(runs)],
                               dict.fromkeys(wanted, rate)) == 0  # fmt: skip
