"""How the random_tickets reference file states networks, masks, permutations and runs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import conventions as c
import torch
from torch import Tensor, nn

from shared.data.imageset import TensorSet
from shared.data.loader import EpochLoader
from shared.draws import ReplayedDraws
from shared.models.registry import build
from shared.protocol import Data, Model, Optimizer, Phase, Protocol
from shared.sparsity.masks import Masks, prunable_parameters
from shared.training.engine import Engine
from shared.training.method import Component
from shared.training.rundir import RunDirectory
from shared.training.setup import Setup
from shared.training.state import Batch, State

CASES = c.load("random_tickets")
PROFILES = {
    "quadratic": "quadratic",
    "smart": "quadratic",
    "linear_decay": "linear",
    "cubic": "cubic",
    "ascend": "ascending",
    "uniform": "balanced",
}
OWN = {
    "random-ticket": "papers.random_tickets.components:random_ticket",
    "hybrid-ticket": "papers.random_tickets.components:hybrid_ticket",
    "snip-balanced": "papers.random_tickets.components:snip",
    "grasp-balanced": "papers.random_tickets.components:grasp",
    "stated-masks": "random_tickets_cases:stated_masks",
}


class BasicBlock(nn.Module):
    """The reference file's ``basicblock``."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.changes = stride != 1 or inputs != outputs
        if self.changes:
            self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.shortcut_bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + (self.shortcut_bn(self.shortcut(x)) if self.changes else x)).relu()


def layer(spec: Mapping[str, Any]) -> nn.Module:
    kind, o = spec["type"], spec
    made: nn.Module
    if kind == "conv":
        made = nn.Conv2d(o["in"], o["out"], o["kernel"], o["stride"], o["padding"], bias=o["bias"])
    elif kind == "linear":
        made = nn.Linear(o["in"], o["out"], bias=o["bias"])
    elif kind == "batchnorm":
        made = nn.BatchNorm2d(o["features"], affine=o["affine"])
    elif kind == "basicblock":
        made = BasicBlock(o["in"], o["out"], o["stride"])
    else:
        made = {
            "relu": nn.ReLU,
            "maxpool": lambda: nn.MaxPool2d(o["kernel"]),
            "avgpool": lambda: nn.AvgPool2d(o["kernel"]),
            "global_avgpool": lambda: nn.AdaptiveAvgPool2d(1),
            "flatten": nn.Flatten,
            "log_softmax": lambda: nn.LogSoftmax(1),
        }[kind]()
    return made


def network(spec: Mapping[str, Any], init: Mapping[str, Any] | None = None) -> nn.Module:
    """A network of the file in float64 with its stated parameters."""
    layers = OrderedDict((o.get("name", f"{o['type']}{i}"), layer(o)) for i, o in enumerate(spec["layers"]))
    model = nn.Sequential(layers).double()
    parameters = dict(model.named_parameters())
    stated = init or spec["init"]
    assert set(stated) == set(parameters)
    with torch.no_grad():
        for name, value in stated.items():
            parameters[name].copy_(c.tensor(value).view(parameters[name].shape))
    assert list(prunable_parameters(model)) == spec["prunable"]
    return model


def real(name: str, classes: int, weights: Sequence[Any], dtype: torch.dtype = torch.float64) -> nn.Module:
    """VGG19 or ResNet32 as the published code builds it, with stated prunable weights."""
    from papers.random_tickets.settings import SU, model_for

    dataset = {10: "cifar10", 100: "cifar100"}[classes]
    model = build(model_for(name, dataset, SU)).to(dtype)
    with torch.no_grad():
        for parameter, spec in zip(prunable_parameters(model).values(), weights, strict=True):
            parameter.copy_(c.tensor(spec, dtype))
    return model


def permutation(spec: Mapping[str, int]) -> Tensor:
    return (torch.arange(spec["n"]) * spec["a"] + spec["b"]) % spec["n"]


def permutations(specs: Sequence[Mapping[str, int]]) -> Any:
    """A source for ``ReplayedDraws``: permutation ``index`` of a list."""
    return lambda shape, epoch, step, index: permutation(specs[index])


def redrawn(model: nn.Module, stated: Mapping[str, Any]) -> Any:
    """A source of standard normals that a Xavier redraw turns into the stated weights."""
    parameters = prunable_parameters(model)
    names = list(parameters)

    def source(shape: tuple[int, ...], epoch: int, step: int, index: int) -> Tensor:
        weight = parameters[names[index]]
        fan = (weight.shape[0] + weight.shape[1]) * weight[0, 0].numel()
        return c.tensor(stated[names[index]]).view(shape) / (2 / fan) ** 0.5

    return source


def mask(spec: Mapping[str, Any]) -> Tensor:
    return torch.tensor([b == "1" for b in spec["bits"]]).view(spec["shape"])


def bits(live: Tensor) -> str:
    return "".join("1" if b else "0" for b in live.reshape(-1).tolist())


def mask_bits(masks: Masks) -> dict[str, str]:
    return {n: bits(m) for n, m in masks.live.items()}


def expected_bits(masks: Mapping[str, Any]) -> dict[str, str]:
    return {n: m["bits"] for n, m in masks.items()}


def checksums(model: nn.Module, names: Mapping[str, Any]) -> dict[str, Any]:
    state = model.state_dict()
    return {n: c.checksum(state[n]) for n in names}


def stated_masks(state: State, train: object, *, masks: list[str]) -> dict[str, Any]:
    """A pruning phase that takes the masks of the file; they are ones and zeros, row by row."""
    shapes = [p.shape for p in state.masks.parameters.values()]
    live = [torch.tensor([b == "1" for b in m]).view(s) for m, s in zip(masks, shapes, strict=True)]
    state.masks.set(dict(zip(state.masks.live, live, strict=True)))
    return {}


class Batches(EpochLoader):
    """Stated batches: epoch ``-r`` is round r of a scoring."""

    def __init__(self, rounds: Sequence[Sequence[Batch]], classes: int) -> None:
        self.rounds = rounds
        self.examples = TensorSet(rounds[0][0].images, rounds[0][0].labels, classes)

    def epoch(self, e: int) -> Any:
        return iter(self.rounds[-e])


def loader(
    images: Tensor, labels: Tensor, classes: int, batch_size: int, draws: Any, train: bool = True
) -> EpochLoader:
    examples = TensorSet(images, labels, classes)
    return EpochLoader(
        examples, Data(name="stated"), draws, batch_size, dtype=torch.float64, train=train, shuffle=False
    )


class Probe(Component):
    """Losses, rates and the network after each epoch and at the start of the last phase."""

    def __init__(self) -> None:
        self.losses: dict[str, list[float]] = {}
        self.rates: dict[str, list[float]] = {}
        self.after: dict[str, list[dict[str, Tensor]]] = {}
        self.nonzero: dict[str, list[list[int]]] = {}
        self.begun: dict[str, dict[str, Tensor]] = {}
        self.optimizer: Any = None

    def before_epoch(self, state: State) -> None:
        assert state.phase is not None
        if state.epoch == 1:
            self.begun[state.phase.name] = {k: v.clone() for k, v in state.model.state_dict().items()}

    def after_step(self, state: State) -> None:
        assert state.loss is not None
        assert state.phase is not None
        assert state.optimizer is not None
        self.optimizer = state.optimizer
        self.losses.setdefault(state.phase.name, []).append(state.loss.item())
        self.rates.setdefault(state.phase.name, []).append(state.optimizer.param_groups[0]["lr"])

    def after_epoch(self, state: State) -> None:
        assert state.phase is not None
        snapshot = {k: v.clone() for k, v in state.model.state_dict().items()}
        self.after.setdefault(state.phase.name, []).append(snapshot)
        counts = [int((p != 0).sum()) for p in state.masks.parameters.values()]
        self.nonzero.setdefault(state.phase.name, []).append(counts)


def run(
    inputs: Mapping[str, Any], phases: tuple[Phase, ...], folder: Path, sources: Mapping[str, Any] | None = None,
    init: Mapping[str, Any] | None = None,
) -> tuple[Engine, Probe]:  # fmt: skip
    """Phases through the real engine in float64 on the stated network and data."""
    model = network(inputs["network"], init)
    draws = ReplayedDraws(dict(sources or {}))
    images = c.tensor(inputs["images"])
    labels, size = c.labels(len(images), inputs["classes"]), inputs["batch_size"]
    plan = Protocol(
        paper="random_tickets",
        model=Model(name="stated", classes=inputs["classes"]),
        data=Data(name="stated"),
        phases=phases,
        precision="float64",
        seed=0,
    )
    train = loader(images, labels, inputs["classes"], size, draws)
    test = loader(images, labels, inputs["classes"], size, draws, train=False)
    setup = Setup(model, train, test, len(images), draws, torch.device("cpu"), eval_batch=size)
    probe = Probe()
    engine = Engine(plan, setup, RunDirectory(folder), own=OWN, observers=[probe])
    assert engine.run() == "finished"
    return engine, probe


def optimizer(inputs: Mapping[str, Any]) -> Optimizer:
    o = inputs["optimizer"]
    return Optimizer(lr=o["lr"], momentum=o["momentum"], weight_decay=o["weight_decay"], nesterov=o["nesterov"])


def state_of(model: nn.Module, draws: Any = None) -> State:
    """The state of a run between phases."""
    masks = Masks(prunable_parameters(model))
    plan: Any = None
    return State(plan, model, masks, draws or ReplayedDraws({}), torch.device("cpu"))
