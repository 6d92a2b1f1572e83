"""Training traces of the SynFlow reference file through the real engine in float64, in the stated batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import conventions as c
import pytest
import synflow_cases as s
import torch

from papers.synflow import theory
from papers.synflow.components import COMPONENTS, RepeatUpdates
from shared.data.imageset import TensorSet
from shared.data.loader import EpochLoader
from shared.draws import ReplayedDraws
from shared.protocol import Data, Method, Model, Optimizer, Phase, Protocol, Prune, Schedule, Train
from shared.sparsity.density import densities, of_exponent
from shared.training.engine import Engine
from shared.training.evaluate import evaluate
from shared.training.method import Component
from shared.training.optim import build_optimizer, learning_rate
from shared.training.rundir import RunDirectory
from shared.training.setup import Setup
from shared.training.state import Batch, State

CASES = s.CASES
MASKED = (Method(name="mask-gradients"), Method(name="stored-weights"))


def listed(given: Mapping[str, Any], at: Sequence[Sequence[int]], train: bool) -> EpochLoader:
    """The stated batches, the same in every epoch; they are consecutive slices of the reordered samples."""
    everything = s.data(given)
    order = [i for batch in at for i in batch]
    images, labels = everything.images[order], everything.labels[order]
    examples = TensorSet(images, labels, given["network"]["classes"])
    return EpochLoader(
        examples, Data(name="stated"), ReplayedDraws({}), len(at[0]), dtype=torch.float64, train=train, shuffle=False
    )


class Probe(Component):
    """The frame of the original, and losses of each step."""

    def __init__(self, test: EpochLoader, size: int) -> None:
        self.test, self.size = test, size
        self.losses: list[float] = []
        self.frames: dict[str, list[dict[str, float]]] = {}
        self.after: list[dict[str, torch.Tensor]] = []

    def start(self, state: State) -> None:
        assert state.phase is not None
        self.frames[state.phase.name] = [self.row(state)]

    def row(self, state: State) -> dict[str, float]:
        found = [e := evaluate(state.model, self.test.eval_batches(self.size)), top5(state.model, self.test)]
        return {"test_loss": e.loss, "top1_accuracy": 100 * e.correct / e.total, "top5_accuracy": found[1]}

    def after_step(self, state: State) -> None:
        assert state.loss is not None
        self.losses.append(state.loss.item())
        self.after.append({n: p.detach().clone() for n, p in state.model.state_dict().items()})

    def after_epoch(self, state: State) -> None:
        assert state.phase is not None
        self.frames[state.phase.name].append(self.row(state))


@torch.no_grad()
def top5(model: torch.nn.Module, test: EpochLoader) -> float:
    model.eval()
    best = min(5, test.examples.classes)
    hits = sum(
        int((model(b.images).topk(best).indices == b.labels[:, None]).any(1).sum()) for b in test.eval_batches(100)
    )
    return 100 * hits / len(test.examples)


def run(
    given: Mapping[str, Any], phases: tuple[Phase, ...], folder: Path, trained_scales: bool = False
) -> tuple[Engine, Probe]:
    model = s.network(given).train()
    for name, parameter in model.named_parameters():
        if parameter.ndim == 3 and not trained_scales:
            parameter.requires_grad_(False)
        elif parameter.ndim == 3:
            parameter.requires_grad_(True)
        assert name
    train = listed(given, given.get("train_batches") or given["batches"], True)
    tests = given.get("test_batches") or given["batches"][:2]
    test = listed(given, tests, False)
    setup = Setup(model, train, test, len(train.examples), ReplayedDraws({}), torch.device("cpu"), len(tests[0]))
    probe = Probe(test, len(tests[0]))
    plan = Protocol(
        paper="synflow",
        model=Model(name="sequential", classes=given["network"]["classes"]),
        data=Data(name="stated"),
        phases=phases,
        precision="float64",
        seed=0,
    )
    engine = Engine(plan, setup, RunDirectory(folder), own=COMPONENTS, observers=[probe])
    assert engine.run() == "finished"
    return engine, probe


def frame(engine: Engine, probe: Probe, phase: str) -> dict[str, list[Any]]:
    rows = [r for r in engine.rows if r["phase"] == phase]
    columns = {k: [row[k] for row in probe.frames[phase]] for k in probe.frames[phase][0]}
    return {"train_loss": ["NaN", *[r["train_loss"] for r in rows]], **columns}


def rows_close(found: Mapping[str, list[Any]], expected: Mapping[str, list[Any]], tolerance: Any) -> None:
    assert set(found) == set(expected)
    for key, column in expected.items():
        assert len(found[key]) == len(column)
        c.close(found[key], [float(v) if v != "NaN" else v for v in column], tolerance, key)


def stored_state(engine: Engine) -> dict[str, torch.Tensor]:
    """The state as the original stores it: removed weights keep a value behind their mask."""
    state = dict(engine.state.model.state_dict())
    for name in engine.state.masks:
        state[name] = state[name] + engine.state.kept.get(f"dormant/{name}", torch.zeros_like(state[name]))
    return {n: t for n, t in state.items() if not n.endswith("num_batches_tracked")}


def state_close(found: Mapping[str, torch.Tensor], expected: Mapping[str, Any], tolerance: Any) -> None:
    """Values that are rounding noise around 0 (biases in front of batch norm, trap 27) are held to be 0."""
    assert set(found) == set(expected)
    for name, wanted in expected.items():
        if "abs_sum" in wanted and wanted["abs_sum"] < 1e-9:
            assert float(found[name].abs().sum()) < 1e-9
        elif "data" in wanted and max(map(abs, wanted["data"]), default=0) < 1e-9:
            assert float(found[name].abs().max()) < 1e-9
        else:
            s.tensor_close(found[name], wanted, tolerance, name)


def prune(**options: Any) -> Prune:
    defaults = {"rule": "head", "stored": True}
    return Prune(method=Method(name="score-and-prune", options={**defaults, **options}))


def test_nesterov_on_a_pruned_network(tmp_path: Path) -> None:
    case = CASES["train-nesterov-masked-cnn"]
    given, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    optimizer = Optimizer(lr=given["lr"], momentum=0.9, nesterov=True, weight_decay=given["weight_decay"])
    schedule = Schedule(kind="multistep", milestones=tuple(given["milestones"]), gamma=given["gamma"])
    train = Train(epochs=given["epochs"], batch_size=8, optimizer=optimizer, schedule=schedule, methods=MASKED)
    first = prune(pruner="synflow", density=given["s"], rounds=given["prune_iterations"])
    engine, probe = run(given, (first, train), tmp_path)
    assert s.masks_of(engine.state.masks.live) == expected["masks"]
    c.close(probe.losses, expected["loss_per_step"], tolerance)
    rows_close(frame(engine, probe, "train"), expected["frame"], tolerance)
    state_close(stored_state(engine), expected["final_state"], tolerance)
    hidden = {n: engine.state.kept[f"dormant/{n}"].abs().sum() for n in engine.state.masks}
    c.close(hidden, expected["masked_weight_abs_sum"], tolerance)


def test_adam_on_a_pruned_network(tmp_path: Path) -> None:
    case = CASES["train-adam-masked-mlp"]
    given, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    optimizer = Optimizer(name="adam", lr=given["lr"])
    train = Train(epochs=given["epochs"], batch_size=8, optimizer=optimizer, methods=MASKED)
    engine, probe = run(given, (prune(pruner="mag", density=given["s"]), train), tmp_path)
    assert s.masks_of(engine.state.masks.live) == expected["masks"]
    c.close(probe.losses, expected["loss_per_step"], tolerance)
    rows_close(frame(engine, probe, "train"), expected["frame"], tolerance)
    state_close(stored_state(engine), expected["final_state"], tolerance)


def test_single_shot_from_end_to_end(tmp_path: Path) -> None:
    """One optimiser and one schedule before and after pruning, and a score that the last gradient contaminates."""
    case = CASES["singleshot-end-to-end"]
    given, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    a = given["arguments"]
    cut = {
        "epoch": a["pre_epochs"],
        "pruner": a["pruner"],
        "density": of_exponent(a["compression"]),
        "rounds": a["prune_epochs"],
        "rule": "head",
        "stored": True,
        "stale": True,
    }
    methods = (*MASKED, Method(name="keep-gradients"), Method(name="prune-after", options=cut))
    train = Train(
        epochs=a["pre_epochs"] + a["post_epochs"],
        batch_size=8,
        optimizer=Optimizer(name="adam", lr=a["lr"]),
        schedule=Schedule(kind="multistep", milestones=tuple(a["lr_drops"]), gamma=a["lr_drop_rate"]),
        methods=methods,
    )
    engine, probe = run(given, (train,), tmp_path)
    assert s.masks_of(engine.state.masks.live) == expected["final_masks"]
    whole = frame(engine, probe, "train")
    # The probe looks after the pruning of its epoch: its row there is the first of the second frame.
    cut_at = a["pre_epochs"]
    second = {k: ["NaN" if k == "train_loss" else v[cut_at], *v[cut_at + 1 :]] for k, v in whole.items()}
    rows_close(second, expected["post_train_frame"], tolerance)
    losses = {k: v[:cut_at] for k, v in expected["pre_train_frame"].items()}
    rows_close({k: v[:cut_at] for k, v in whole.items()}, losses, tolerance)
    before = engine.rows[cut_at - 1]
    assert before["test_loss"] == pytest.approx(expected["pre_train_frame"]["test_loss"][cut_at], rel=1e-6)
    assert before["train_loss"] == pytest.approx(expected["pre_train_frame"]["train_loss"][cut_at], rel=1e-6)
    # the schedule has stepped once more after the last epoch
    final = learning_rate(a["lr"], train.schedule, train.epochs + 1)
    assert final == pytest.approx(expected["final_lr"])
    state_close(stored_state(engine), expected["final_state"], tolerance)
    event = next(r["events"][0] for r in engine.rows if r["events"])
    assert event["count_off"] is expected["aborts"]
    summary = expected["summary"]
    kept = [
        round(x * n) for x, n, p in zip(summary["sparsity"], summary["size"], summary["prunable"], strict=True) if p
    ]
    assert event["kept_per_tensor"] == kept


@pytest.mark.parametrize("variant", ["head", "assignment"])
def test_multi_shot_from_end_to_end(variant: str, tmp_path: Path) -> None:
    case = CASES["multishot-end-to-end"]
    given, expected, tolerance = case["inputs"], case["expected"][variant], case["tolerance"]
    a = given["arguments"]
    (levels,), (exponent,) = a["level_list"], a["compression_list"]

    def train(name: str, epochs: int) -> Train:
        optimizer = Optimizer(lr=a["lr"], momentum=0.9, nesterov=True, weight_decay=a["weight_decay"])
        schedule = Schedule(kind="multistep", milestones=tuple(a["lr_drops"]), gamma=a["lr_drop_rate"])
        return Train(name=name, epochs=epochs, batch_size=8, optimizer=optimizer, schedule=schedule, methods=MASKED)

    phases: list[Phase] = [Prune(name="initial", method=Method(name="keep-initial"))] if variant == "head" else []
    for level, density in enumerate(densities(of_exponent(exponent), levels)):
        cut = prune(pruner="mag", density=density, rounds=a["prune_epochs"])
        phases += [train(f"level-{level}", a["pre_epochs"]), cut.model_copy(update={"name": f"prune-{level}"})]
        if variant == "head":
            phases.append(Prune(name=f"restore-{level}", method=Method(name="restore-initial")))
    engine, probe = run(given, (*phases, train("final", a["post_epochs"])), tmp_path)
    assert s.masks_of(engine.state.masks.live) == expected["final_masks"]
    rows_close(frame(engine, probe, "final"), expected["post_train_frame"], tolerance)
    state_close(stored_state(engine), expected["final_state"], tolerance)
    off = engine.extra[f"prune-{levels - 1}"]["count_off"]
    assert off is expected["aborts"]
    assert engine.extra[f"prune-{levels - 1}"]["kept_per_tensor"] == expected["kept_per_tensor"]
    assert set(expected) == {"aborts", "post_train_frame", "final_masks", "final_state", "kept_per_tensor"}


@pytest.mark.parametrize("variant", ["published", "corrected"])
def test_optimizer_multiplicity_of_a_network(variant: str, tmp_path: Path) -> None:
    case = CASES["optimizer-multiplicity-net"]
    given, expected, tolerance = case["inputs"], case["expected"][variant], case["tolerance"]
    optimizer = Optimizer(lr=given["lr"], momentum=given["momentum"], nesterov=True, weight_decay=given["weight_decay"])
    visits = case["expected"]["multiplicity_published"]
    names = [n for n, _ in s.network(given).named_parameters()]
    repeat = Method(name="repeat-updates", options={"visits": [visits[n] for n in names]})
    train = Train(epochs=1, batch_size=10, optimizer=optimizer, methods=(repeat,) if variant == "published" else ())
    engine, probe = run(given, (train,), tmp_path, trained_scales=variant == "published")
    c.close(probe.losses, expected["losses"], tolerance)
    for steps in (1, 3):
        wanted = expected[f"after_{steps}_step" + ("s" if steps > 1 else "")]
        found = {n: t for n, t in probe.after[steps - 1].items() if n in wanted}
        state_close(found, wanted, tolerance)
    assert engine.state.step == 3


def test_optimizer_multiplicity_of_steps() -> None:
    case = CASES["optimizer-multiplicity-steps"]
    given = case["inputs"]
    for settings, expected in zip(given["settings"], case["expected"]["runs"], strict=True):
        parameter = torch.nn.Parameter(torch.tensor(given["theta0"], dtype=torch.float64))
        model = torch.nn.Module()
        model.register_parameter("weight", parameter)
        spec = Optimizer(
            lr=settings["lr"],
            momentum=settings["momentum"],
            nesterov=settings["nesterov"],
            weight_decay=settings["weight_decay"],
        )
        optimizer = build_optimizer(spec, [parameter])
        state = State.__new__(State)
        state.model, state.optimizer = model, optimizer
        component = RepeatUpdates(visits=[settings["multiplicity"]])
        component.start(state)
        theta = []
        for gradient in given["gradients"]:
            parameter.grad = torch.tensor(gradient, dtype=torch.float64)
            component.before_step(state)
            optimizer.step()
            theta.append(parameter.detach().tolist())
        c.close({"multiplicity": settings["multiplicity"], "theta": theta}, expected, case["tolerance"])


def test_evaluation() -> None:
    case = CASES["evaluation"]
    given, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    model = s.network(given)
    batches = s.batches(given, given["test_batches"])
    found = evaluate(model, batches)
    test = listed(given, given["test_batches"], False)
    assert found.loss == pytest.approx(expected["loss"], rel=1e-8)
    assert 100 * found.correct / found.total == expected["top1"]
    assert top5(model, test) == expected["top5"]
    s.tensor_close(model(s.data(given).images[:2]), expected["logits"], tolerance)


def test_learning_rates() -> None:
    case = CASES["learning-rate-schedules"]
    for name, p in case["inputs"]["protocols"].items():
        schedule = Schedule(kind="multistep", milestones=tuple(p["milestones"]), gamma=p["gamma"])
        rates = [learning_rate(p["lr"], schedule, epoch) for epoch in range(1, p["epochs"] + 1)]
        changes = [[e + 1, r] for e, r in enumerate(rates) if e == 0 or r != rates[e - 1]]
        c.close(changes, case["expected"]["lr"][name], case["tolerance"])
    p = case["inputs"]["single_shot"]
    schedule = Schedule(kind="multistep", milestones=tuple(p["milestones"]), gamma=p["gamma"])
    rates = [learning_rate(p["lr"], schedule, e + 1) for e in range(p["pre_epochs"] + p["post_epochs"])]
    found = {"pre": rates[: p["pre_epochs"]], "post": rates[p["pre_epochs"] :]}
    c.close(found, case["expected"]["single_shot_pre_post"], case["tolerance"])


def test_squared_weights_in_training(tmp_path: Path) -> None:
    case = CASES["imp-conservation-measure"]
    given, expected, tolerance = case["inputs"], case["expected"], case["tolerance"]
    before = {n: p.detach().clone() for n, p in s.network(given).named_parameters()}
    optimizer = Optimizer(lr=0.2, momentum=0.9, nesterov=True, weight_decay=1e-3)
    train = Train(epochs=4, batch_size=6, optimizer=optimizer)
    engine, _ = run({**given, "train_batches": given["batches"]}, (train,), tmp_path)
    after = {n: p.detach() for n, p in engine.state.model.named_parameters()}
    change = {n: after[n].square() - w.square() for n, w in before.items()}
    found = {
        "W0_squared": theory.squared_averages(before),
        "WT_squared": theory.squared_averages(after),
        "WDelta_squared": theory.layer_averages(change)[0],
        "inverse_size": theory.layer_averages(before)[1],
    }
    c.close(found, expected, tolerance)


def test_batches_are_the_stated_ones() -> None:
    given = CASES["train-adam-masked-mlp"]["inputs"]
    loader = listed(given, given["train_batches"], True)
    everything = s.data(given)
    for batch, at in zip(loader.epoch(1), given["train_batches"], strict=True):
        assert isinstance(batch, Batch)
        assert torch.equal(batch.labels, everything.labels[at])
