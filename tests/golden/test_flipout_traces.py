"""The 18 training traces of the FlipOut reference file, through the real engine in float64 with the stated draws."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import conventions as c
import pytest
import torch

from papers.flipout.components import COMPONENTS
from shared.data.imageset import TensorSet
from shared.data.loader import EpochLoader
from shared.draws import ReplayedDraws
from shared.protocol import Data, Method, Model, Optimizer, Phase, Protocol, Prunable, Prune, Schedule, Train
from shared.training.engine import Engine
from shared.training.method import Component
from shared.training.rundir import RunDirectory
from shared.training.setup import Setup
from shared.training.state import State

CASES = c.load("flipout")
TRACES = sorted(i for i in CASES if i.startswith("trace-"))
CRITERIA = {"magnitude": "layerwise-magnitude", "global_magnitude": "global-magnitude"}


class Probe(Component):
    """Reads what the reference lists after every step."""

    def __init__(self) -> None:
        self.steps: dict[str, list[Any]] = {
            k: [] for k in ("cross_entropy", "penalty", "flip_total", "abs_sum_all", "grad_norm")
        }
        self.optimizer: torch.optim.Optimizer | None = None
        self.after: dict[str, dict[str, Any]] = {}

    def after_step(self, state: State) -> None:
        assert state.loss is not None
        penalty = 0.0 if state.penalty is None else state.penalty.item()
        self.optimizer = state.optimizer
        self.steps["cross_entropy"].append(state.loss.item())
        self.steps["penalty"].append(penalty)
        self.steps["abs_sum_all"].append(sum(p.abs().sum().item() for p in state.parameters))
        if "flips" in state.signals:
            self.steps["flip_total"].append(sum(int(f.sum()) for f in state.signals["flips"].values()))
        if "gradient-norm" in state.signals:
            self.steps["grad_norm"].append(state.signals["gradient-norm"]["before"].item())

    def after_epoch(self, state: State) -> None:
        self.after[str(state.epoch)] = {n: c.checksum(p) for n, p in state.model.named_parameters()}


def method(settings: Mapping[str, Any]) -> tuple[Method, ...]:
    """The components of the training phase, in FlipOut's order."""
    strength, kind = settings["regularizer_strength"], settings["regularizer"]
    anneal = {"anneal": True} if settings.get("anneal_weight_decay") else {}
    out = []
    if kind in ("l1", "l2"):
        out.append(Method(name=kind, options={"strength": strength, **anneal}))
    if "hoyer_lambda" in settings:
        options = {"strength": settings["hoyer_lambda"], "last_epoch": settings["hoyer_last_epoch"], **anneal}
        out.append(Method(name="hoyer-square", options=options))
    out.append(Method(name="mask-gradients"))
    if settings["method"] == "snip":
        out.append(Method(name="frozen-zeros"))
    if "noise_scale" in settings:
        noise = {
            "scale": settings["noise_scale"],
            "prunable_only": settings.get("noise_only_prunable"),
            "stop_epoch": settings.get("noise_only_while_epoch_less_than"),
        }
        out.append(Method(name="gradient-noise", options={k: v for k, v in noise.items() if v is not None}))
    if "clip_grad_norm" in settings:
        out.append(Method(name="clip-gradient-norm", options={"limit": settings["clip_grad_norm"]}))
    out += pruning(settings)
    if settings.get("anneal_weight_decay"):
        out.append(Method(name="anneal-weight-decay", options={"strength": strength}))
    if settings.get("anneal_lr"):
        out.append(Method(name="anneal-lr"))
    return tuple(out)


def pruning(settings: Mapping[str, Any]) -> list[Method]:
    name = settings["method"]
    if name in ("none", "snip"):
        return []
    criterion = CRITERIA.get(name, name)
    options: dict[str, Any] = {"criterion": criterion, "interval": settings["prune_interval_epochs"]}
    if "prune_only_while_epoch_less_than" in settings:
        options["stop_epoch"] = settings["prune_only_while_epoch_less_than"]
    if criterion == "threshold":
        options["threshold"] = settings["threshold"]
    else:
        options["fraction"] = settings["prune_fraction"]
    if criterion == "flipout":
        options |= {"p": settings["p"], "signed": True}
    if criterion in ("flipout", "global-magnitude", "random"):
        options["counts"] = "published"
    return ([Method(name="count-flips")] if criterion == "flipout" else []) + [Method(name="prune", options=options)]


def protocol(settings: Mapping[str, Any], batch_size: int, classes: int) -> Protocol:
    milestones = tuple(settings.get("lr_milestones", ()))
    schedule = Schedule(
        kind="multistep" if milestones else "constant", milestones=milestones, gamma=settings.get("lr_gamma", 0.1)
    )
    optimizer = Optimizer(
        name=settings["optimizer"],
        lr=settings["learning_rate"],
        momentum=settings["momentum"],
        weight_decay=settings["regularizer_strength"] if settings["regularizer"] == "wdecay" else 0.0,
    )
    train = Train(
        epochs=settings["epochs"],
        batch_size=batch_size,
        optimizer=optimizer,
        schedule=schedule,
        methods=method(settings),
    )
    phases: tuple[Phase, ...] = (train,)
    if settings["method"] == "snip":
        options = {"sparsity": settings["snip_sparsity"], "variant": "published"}
        phases = (Prune(method=Method(name="snip", options=options)), train)
    return Protocol(
        paper="flipout",
        model=Model(name="sequential", classes=classes),
        data=Data(name="stated"),
        prunable=Prunable(bias=settings.get("prune_bias", False), batchnorm=settings.get("prune_batchnorm", False)),
        phases=phases,
        precision="float64",
        seed=0,
    )


def draws(inputs: Mapping[str, Any]) -> ReplayedDraws:
    sources: dict[str, Any] = {}
    if "noise_draws" in inputs:
        sources["gradient-noise"] = c.draws_source(inputs["noise_draws"])
    if "redrawn_standard_normals" in inputs:
        sources["snip-redraw"] = c.listed_source(inputs["redrawn_standard_normals"]["draws"])
    if "random_choices" in inputs:
        left = list(inputs["random_choices"]["positions"])

        def choices(shape: tuple[int, ...], epoch: int, step: int, index: int) -> torch.Tensor:
            scores = torch.ones(shape, dtype=torch.float64)
            scores[left.pop(0)] = 0.0
            return scores

        sources["random-pruning"] = choices
    return ReplayedDraws(sources)


def loader(spec: Mapping[str, Any], source: ReplayedDraws, train: bool) -> EpochLoader:
    images = c.tensor(spec["images"])
    examples = TensorSet(images, c.labels(len(images), spec["classes"]), spec["classes"])
    return EpochLoader(
        examples,
        Data(name="stated"),
        source,
        spec["batch_size"],
        dtype=torch.float64,
        train=train,
        shuffle=False,
    )


def run(case: Mapping[str, Any], folder: Path) -> tuple[Engine, Probe]:
    inputs = case["inputs"]
    data, settings = inputs["data"], inputs["settings"]
    source = draws(inputs)
    test = data["val"] if settings.get("evaluate_on_validation") else data["test"]
    setup = Setup(
        c.network(inputs),
        loader(data["train"], source, True),
        loader(test, source, False),
        data["train"]["images"]["shape"][0],
        source,
        torch.device("cpu"),
        eval_batch=test["batch_size"],
    )
    probe = Probe()
    plan = protocol(settings, data["train"]["batch_size"], data["train"]["classes"])
    engine = Engine(plan, setup, RunDirectory(folder), own=COMPONENTS, observers=[probe])
    assert engine.run() == "finished"
    return engine, probe


def epochs(engine: Engine) -> dict[str, list[float]]:
    """The metric stream in the reference's terms: its losses include the penalty (trap T28)."""
    rows, size = engine.rows, engine.setup.train_size
    return {
        "lr": [r["lr"] for r in rows],
        "weight_decay": [r["weight_decay"] for r in rows],
        "train_accuracy": [r["train_correct"] / size for r in rows],
        "train_loss": [r["train_loss"] + r["penalty"] for r in rows],
        "test_accuracy": [r["test_correct"] / r["test_total"] for r in rows],
        "test_loss": [r["test_loss"] + r["test_penalty"] for r in rows],
        "sparsity": [r["sparsity_after"] for r in rows],
    }


@pytest.mark.parametrize("case_id", TRACES)
def test_trace_matches_the_original(case_id: str, tmp_path: Path) -> None:
    case = CASES[case_id]
    expected, tolerance = case["expected"], case["tolerance"]
    engine, probe = run(case, tmp_path)
    state = engine.state
    steps = {k: v for k, v in probe.steps.items() if k in expected["steps"]}
    c.close(steps, expected["steps"], tolerance, "steps")
    c.close(epochs(engine), expected["epochs"], tolerance, "epochs")
    parameters = dict(state.model.named_parameters())
    c.close({n: c.checksum(p) for n, p in parameters.items()}, expected["final_parameters"], tolerance, "parameters")
    if "batchnorm_buffers" in expected:
        buffers = {n: b for n, b in state.model.named_buffers() if n in expected["batchnorm_buffers"]}
        c.close(buffers, expected["batchnorm_buffers"], tolerance, "buffers")
    if "momentum_buffers" in expected:
        assert probe.optimizer is not None
        momentum = {n: c.checksum(probe.optimizer.state[p]["momentum_buffer"]) for n, p in parameters.items()}
        c.close(momentum, expected["momentum_buffers"], tolerance, "momentum")
    if "flip_counts" in expected:
        flips = {n: f.to(torch.int64) for n, f in state.signals["flips"].items()}
        c.close(flips, expected["flip_counts"], tolerance, "flips")
    if "checkpoints" in expected:
        checkpoints = {e: probe.after[e] for e in expected["checkpoints"]}
        c.close(checkpoints, expected["checkpoints"], tolerance, "checkpoints")
    if "zero_weights_at_the_end" in expected:
        assert c.masked(state.masks.flat_weights() != 0) == expected["zero_weights_at_the_end"]
    if "prunings" in expected:
        prunings = [(r["epoch"], r["events"][0]["remaining"]) for r in engine.rows if r["events"]]
        assert prunings == [(p["epoch"], p["kept_per_tensor"]) for p in expected["prunings"]]
        if expected["prunings"]:
            assert c.masked(state.masks.flat()) == expected["prunings"][-1]["masked"]


def test_every_stated_key_is_compared() -> None:
    compared = {
        "steps", "epochs", "prunings", "final_parameters", "batchnorm_buffers", "momentum_buffers", "flip_counts",
        "zero_weights_at_the_end", "checkpoints",
    }  # fmt: skip
    for case_id in TRACES:
        assert set(CASES[case_id]["expected"]) <= compared, case_id
