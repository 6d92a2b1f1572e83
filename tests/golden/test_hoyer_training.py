"""Every training, finetuning and pipeline of DeepHoyer's reference file, through the real engine in float64."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import conventions as c
import hoyer_cases as h
import pytest
import torch
from torch import nn

from papers.hoyer.original_ids import SCRIPTS
from shared.data.imageset import TensorSet
from shared.data.loader import EpochLoader
from shared.draws import ReplayedDraws
from shared.protocol import Data, Method, Model, Optimizer, Phase, Protocol, Prunable, Prune, Schedule, Train
from shared.sparsity import alive
from shared.training.engine import Engine
from shared.training.evaluate import evaluate
from shared.training.method import Component
from shared.training.outcome import best
from shared.training.rundir import RunDirectory
from shared.training.selection import best_after_epoch, best_before_epoch, best_or_pruned
from shared.training.setup import Setup
from shared.training.state import State

TRAININGS = [
    "train-mlp-element-none", "train-mlp-element-l1", "train-mlp-element-hoyer", "train-mlp-element-hoyer-square",
    "train-mlp-element-transformed-l1", "train-mlp-structure-none", "train-mlp-structure-group-lasso",
    "train-mlp-structure-group-hoyer-square", "train-cnn-element-hoyer-square", "train-cnn-element-hoyer",
    "train-cnn-structure-group-lasso", "train-cnn-structure-group-hoyer-square", "train-cifar-group-lasso",
    "train-cifar-group-hoyer", "train-cifar-group-hoyer-square", "train-imagenet-group-lasso",
    "train-imagenet-group-hoyer-square",
]  # fmt: skip
FINETUNINGS = ["finetune-mlp-t", "finetune-mlp-v", "finetune-cnn-t", "finetune-cnn-v"]
MASKED = ["finetune-cifar", "finetune-cifar-zero-threshold", "finetune-imagenet"]
EVERYTHING = Prunable(bias=True)
WITH_BATCHNORM = Prunable(batchnorm=True)


class Probe(Component):
    """Reads what the reference lists: losses before the update, weights after it, the network after each epoch."""

    def __init__(self, threshold: float | None = None) -> None:
        self.rows: dict[str, list[float]] = {"loss": [], "penalty": [], "abs_sum_all": [], "nonzeros": []}
        self.first: dict[str, float] = {}
        self.threshold = threshold
        self.log: list[dict[str, float]] = []
        self.pruned: dict[str, torch.Tensor] = {}
        self.epochs: list[dict[str, torch.Tensor]] = []
        self.top5: list[float] = []

    def start(self, state: State) -> None:
        self.pruned = {n: p.detach().clone() for n, p in state.model.named_parameters()}
        self.epochs, self.in_epoch = [], 0
        for values in self.rows.values():
            values.clear()

    def after_step(self, state: State) -> None:
        assert state.loss is not None
        self.rows["loss"].append(state.loss.item())
        self.rows["penalty"].append(0.0 if state.penalty is None else state.penalty.item())
        self.rows["abs_sum_all"].append(sum(p.abs().sum().item() for p in state.parameters))
        self.rows["nonzeros"].append(sum(int((p != 0).sum()) for p in state.parameters))
        if not self.first:
            self.first = {n: p.abs().sum().item() for n, p in state.model.named_parameters()}
        if self.threshold is not None and self.in_epoch:
            self.log.append({"global_step": state.step - 1, **sparsity(state.model, self.threshold)})
        self.in_epoch += 1

    def after_epoch(self, state: State) -> None:
        self.in_epoch = 0
        self.epochs.append({n: p.detach().clone() for n, p in state.model.named_parameters()})


def sparsity(model: nn.Module, threshold: float) -> dict[str, float]:
    """What the ImageNet script logs, on a copy."""
    weights = {n: p for n, p in model.named_parameters() if n.endswith("weight")}
    cut = alive.thresholded(weights, threshold)
    structural, average = alive.structural_sparsity(alive.alive_table(cut).values())
    element = alive.element_sparsity(cut.values())
    return {"element": element, "structural": structural, "structural_average": average}


def method(case_id: str, inputs: Mapping[str, Any]) -> tuple[Method, ...]:
    """The regulariser, as the original script of the case computes it."""
    name = (inputs["regulariser"]).replace("_", "-")
    kind = "-".join(case_id.split("-")[1:3])
    script = {
        "mlp-element": "mnist-element",
        "cnn-element": "mnist-element",
        "mlp-structure": "mnist-structure-mlp",
        "cnn-structure": "mnist-structure-cnn",
        "cifar-group": "cifar-group",
        "imagenet-group": "imagenet-group",
        "resnet-8": "cifar-group",
    }[kind]
    found = SCRIPTS[script].method(name, inputs["strength"])
    return (found,) if found else ()


def train(settings: Mapping[str, Any], batch_size: int, name: str, methods: tuple[Method, ...]) -> Train:
    milestones = tuple(settings.get("milestones", ()))
    if "lr_step_size" in settings:
        milestones = tuple(range(settings["lr_step_size"], settings["epochs"], settings["lr_step_size"]))
    gamma = settings.get("gamma", settings.get("lr_gamma", 0.1))
    optimizer = Optimizer(
        name=settings["optimizer"],
        lr=settings["learning_rate"],
        momentum=settings.get("momentum", 0.0),
        weight_decay=settings["weight_decay"],
    )
    return Train(
        name=name,
        epochs=settings["epochs"],
        batch_size=batch_size,
        optimizer=optimizer,
        schedule=Schedule(kind="multistep", milestones=milestones, gamma=gamma) if milestones else Schedule(),
        methods=methods,
    )


def loader(images: Any, classes: int, batch_size: int, training: bool) -> EpochLoader:
    pixels = h.tensor(images)
    examples = TensorSet(pixels, c.labels(len(pixels), classes), classes)
    source = ReplayedDraws({})
    return EpochLoader(
        examples, Data(name="stated"), source, batch_size, dtype=torch.float64, train=training, shuffle=False
    )


def engine(
    inputs: Mapping[str, Any],
    phases: tuple[Phase, ...],
    prunable: Prunable,
    folder: Path,
    probe: Probe,
    model: nn.Module | None = None,
) -> Engine:
    network = model if model is not None else h.load(h.network(inputs["layers"]), inputs)
    batch, classes = inputs["batch_size"], inputs["classes"]
    test = inputs.get("test_images", inputs["images"])
    setup = Setup(
        network,
        loader(inputs["images"], classes, batch, True),
        loader(test, classes, inputs.get("test_batch_size", batch), False),
        inputs["images"]["shape"][0],
        ReplayedDraws({}),
        torch.device("cpu"),
        eval_batch=inputs.get("test_batch_size", 100),
    )
    plan = Protocol(
        paper="hoyer",
        model=Model(name="stated", classes=classes),
        data=Data(name="stated"),
        prunable=prunable,
        phases=phases,
        precision="float64",
        seed=0,
    )
    run = Engine(plan, setup, RunDirectory(folder), observers=[probe])
    assert run.run() == "finished"
    return run


def named(values: Mapping[str, torch.Tensor], summary: Any = h.check) -> dict[str, Any]:
    return {h.original(n): summary(v) for n, v in values.items()}


def current(run: Engine) -> dict[str, torch.Tensor]:
    return {n: p.detach() for n, p in run.state.model.named_parameters()}


@pytest.mark.parametrize("case_id", TRAININGS)
def test_regularised_training(case_id: str, tmp_path: Path) -> None:
    case = h.CASES[case_id]
    inputs, expected = case["inputs"], case["expected"]
    probe = Probe(inputs.get("sparsity_threshold"))
    prunable = EVERYTHING if "optimizer" in inputs and inputs["optimizer"] == "adam" else WITH_BATCHNORM
    phases = (train(inputs, inputs["batch_size"], "regularise", method(case_id, inputs)),)
    run = engine(inputs, phases, prunable, tmp_path, probe)
    losses, penalties = probe.rows["loss"], probe.rows["penalty"]
    actual = {
        "loss": losses,
        "regulariser": [p / inputs["strength"] for p in penalties],
        "total": [a + b for a, b in zip(losses, penalties, strict=True)],
        "abs_sum_all": probe.rows["abs_sum_all"],
        "parameters_after_step_1": {h.original(n): v for n, v in probe.first.items()},
        "parameters": named(current(run)),
    }
    if "learning_rate" in expected:
        steps = len(losses) // inputs["epochs"]
        actual["learning_rate"] = [row["lr"] for row in run.rows for _ in range(steps)]
    if "running_statistics" in expected:
        buffers = {n: b for n, b in run.state.model.named_buffers() if "running" in n}
        actual["running_statistics"] = named(buffers)
        actual["per_epoch"] = [
            {"test_loss": r["test_loss"], "test_accuracy": 100 * r["test_correct"] / r["test_total"]} for r in run.rows
        ]
    if "sparsity_log" in expected:
        actual["sparsity_log"] = probe.log
    c.close(actual, expected, case["tolerance"])


def finetuned(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> tuple[Phase, ...]:
    """The MNIST scripts' pruning and finetuning: a zero is its own mask."""
    options = {"rule": settings["rule"], "threshold": settings["s"]}
    return (
        Prune(method=Method(name="prune-by-threshold", options=options)),
        train(settings, inputs["batch_size"], "finetune", (Method(name="freeze-zeros"),)),
    )


def percent(correct: int, run: Engine) -> float:
    return 100 * correct / len(run.setup.test.examples)


def accuracies(run: Engine) -> tuple[float, list[float]]:
    pruned = percent(run.extra["prune"]["test_correct"], run)
    return pruned, [percent(r["test_correct"], run) for r in run.rows if r["phase"] == "finetune"]


@pytest.mark.parametrize("case_id", FINETUNINGS)
def test_pruned_and_finetuned(case_id: str, tmp_path: Path) -> None:
    case = h.CASES[case_id]
    inputs, expected = case["inputs"], case["expected"]
    probe = Probe()
    run = engine(inputs, finetuned(inputs, inputs), EVERYTHING, tmp_path, probe)
    pruned, after = accuracies(run)
    held = all((w == 0)[probe.pruned[n] == 0].all() for n, w in current(run).items())
    actual = {
        "nonzeros_after_pruning": {h.original(n): f["kept"] for n, f in run.extra["prune"]["tensors"].items()},
        "nonzeros_each_step": sorted(set(probe.rows["nonzeros"])),
        "loss": probe.rows["loss"],
        "zeros_all_held": held,
        "parameters_last_epoch": named(current(run)),
    }
    if inputs["rule"] == "absolute":
        actual["test_accuracy"] = {"after_pruning": pruned, "after_last_epoch": after[-1]}
        actual |= {"reported_accuracy": after[-1], "saved_model": named(current(run))}
    else:
        epoch, reported = best_before_epoch(pruned, after)
        actual["thresholds"] = {h.original(n): f["cut"] for n, f in run.extra["prune"]["tensors"].items()}
        actual["test_accuracy_before_epoch"] = [pruned, *after[:-1]]
        actual |= {"reported_accuracy": reported, "reported_epoch": epoch}
        actual["saved_model"] = named([probe.pruned, *probe.epochs][epoch])
    c.close(actual, expected, case["tolerance"])


def test_pipeline(tmp_path: Path) -> None:
    case = h.CASES["pipeline-mlp"]
    inputs, expected = case["inputs"], case["expected"]
    first, second, third = (inputs[f"stage_{i}"] for i in (1, 2, 3))
    batch = inputs["batch_size"]
    phases = (
        train(first, batch, "pretrain", ()),
        train(second, batch, "regularise", method("train-mlp-element", second)),
        *finetuned(inputs, third),
    )
    probe = Stages()
    run = engine(inputs, phases, EVERYTHING, tmp_path, probe)
    rows = {name: [r["test_correct"] for r in run.rows if r["phase"] == name] for name in ("pretrain", "regularise")}
    done = probe.done
    actual = {
        "stage_1": {"loss": done["pretrain"]["loss"], "parameters": done["pretrain"]["parameters"]},
        "stage_2": {
            "loss": done["regularise"]["loss"],
            "regulariser": [p / second["strength"] for p in done["regularise"]["penalty"]],
            "parameters": done["regularise"]["parameters"],
        },
        "stage_3": {
            "nonzeros_after_pruning": {h.original(n): f["kept"] for n, f in run.extra["prune"]["tensors"].items()},
            "loss": done["finetune"]["loss"],
            "parameters_last_epoch": done["finetune"]["parameters"],
        },
        "accuracy": {
            "dense": percent(rows["pretrain"][-1], run),
            "loaded": percent(rows["pretrain"][-1], run),
            "sparse": percent(rows["regularise"][-1], run),
            "pruned": percent(run.extra["prune"]["test_correct"], run),
        },
    }
    expected_third = {k: expected["stage_3"][k] for k in expected["stage_3"]}
    c.close(actual, expected | {"stage_3": expected_third}, case["tolerance"])


class Stages(Probe):
    """Keeps what each phase left."""

    def __init__(self) -> None:
        super().__init__()
        self.done: dict[str, dict[str, Any]] = {}

    def after_epoch(self, state: State) -> None:
        super().after_epoch(state)
        assert state.phase is not None
        kept = {k: list(v) for k, v in self.rows.items()}
        self.done[state.phase.name] = {**kept, "parameters": named(dict(state.model.named_parameters()))}


class Ranked(Probe):
    """Measures top-5 before training and after every epoch as well."""

    def __init__(self, images: Any, classes: int, batch: int) -> None:
        super().__init__()
        self.test, self.classes = loader(images, classes, batch, False), classes
        self.sparsities: list[float] = []
        self.ranks: list[list[float]] = []

    def measure(self, state: State) -> None:
        weights = [p for n, p in state.model.named_parameters() if n.endswith("weight")]
        self.sparsities.append(alive.element_sparsity(weights))
        found = evaluate(state.model, self.test.eval_batches(100), top5=self.classes > 5)
        self.ranks.append([100 * n / found.total for n in (found.correct, found.top5) if n is not None])

    def start(self, state: State) -> None:
        super().start(state)
        self.measure(state)

    def after_epoch(self, state: State) -> None:
        super().after_epoch(state)
        self.measure(state)


@pytest.mark.parametrize("case_id", MASKED)
def test_masked_finetuning(case_id: str, tmp_path: Path) -> None:
    case = h.CASES[case_id]
    inputs, expected = case["inputs"], case["expected"]
    options = {"rule": "absolute", "threshold": inputs["threshold"], "mask": "explicit"}
    phases = (
        Prune(method=Method(name="prune-by-threshold", options=options)),
        train(inputs, inputs["batch_size"], "finetune", (Method(name="mask-gradients"),)),
    )
    probe = Ranked(inputs["test_images"], inputs["classes"], inputs.get("test_batch_size", 100))
    run = engine(inputs, phases, WITH_BATCHNORM, tmp_path, probe)
    masks = run.state.masks
    steps = len(probe.rows["loss"]) // inputs["epochs"]
    actual: dict[str, Any] = {
        "mask_zeros": {h.original(n): int((~m).sum()) for n, m in masks.live.items()},
        "loss": probe.rows["loss"],
        "learning_rate": [row["lr"] for row in run.rows for _ in range(steps)],
        "parameters_last_epoch": named(current(run)),
    }
    pruned, after = accuracies(run)
    if case_id == "finetune-imagenet":
        top5 = [r[1] for r in probe.ranks]
        epoch = best_or_pruned(top5[0], top5[1:])
        actual |= imagenet_report(probe) | {
            "top1_top5_after_pruning": probe.ranks[0],
            "top1_top5_after_epoch": probe.ranks[1:],
            "saved_epoch": epoch,
        }
        assert [r[0] for r in probe.ranks] == pytest.approx([pruned, *after])
    else:
        epoch = best_after_epoch(after)
        if inputs["threshold"]:  # a record's best epoch is the one reported, where pruning left a sparsity to hold
            found = best(run.rows, masks.total)
            assert found is not None
            assert found["epoch"] == epoch + 1
        zero = {n: probe.pruned[n] == 0 for n in probe.pruned}
        moved = {n: int((w[zero[n]] != 0).sum()) for n, w in current(run).items()}
        actual |= {
            "test_accuracy": {
                "after_pruning": pruned,
                "after_epoch": after,
                "final_evaluation_of_saved_model": after[epoch],
            },
            "reported_epoch": epoch,
            "zero_elements_that_moved": {h.original(n): v for n, v in moved.items()},
            # the script's last call evaluates the saved model
            "logged_element_sparsity": [*probe.sparsities, probe.sparsities[epoch + 1]],
        }
    actual["saved_model"] = named([probe.pruned, *probe.epochs][epoch + 1])
    c.close(actual, expected, case["tolerance"])


def imagenet_report(probe: Ranked) -> dict[str, Any]:
    weights = {h.original(n): w for n, w in probe.pruned.items() if n.endswith("weight")}
    table = alive.alive_table(weights)
    structural, average = alive.structural_sparsity(table.values())
    tensors = {
        n: {
            "nonzeros": int((w != 0).sum()),
            "alive_inputs_outputs": [table[n].inputs, table[n].outputs],
            "inputs_outputs": [table[n].all_inputs, table[n].all_outputs],
        }
        for n, w in weights.items()
    }
    kept, total = sum(t["nonzeros"] for t in tensors.values()), sum(w.numel() for w in weights.values())
    totals = {
        "alive": kept,
        "pruned": total - kept,
        "total": total,
        "compression_2dp": f"{total / kept:.2f}",
        "percent_pruned_2dp": f"{100 * (total - kept) / total:.2f}",
    }
    return {
        "element_sparsity": alive.element_sparsity(weights.values()),
        "structural": structural,
        "structural_average": average,
        "report": {"tensors": tensors, "totals": totals},
    }
