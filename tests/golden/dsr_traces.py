"""How the traces of the DSR reference file become runs of the real engine."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import conventions as c
import torch
from torch import Tensor, nn

from papers.dsr.components import COMPONENTS
from shared.data.imageset import TensorSet
from shared.data.loader import EpochLoader
from shared.draws import ReplayedDraws
from shared.models import registry
from shared.protocol import Data, Method, Model, Optimizer, Protocol, Prunable, Train
from shared.sparsity.masks import NORMS
from shared.sparsity.tying import index_map
from shared.sparsity.units import Granularity, live_units, of_units
from shared.training.engine import Engine
from shared.training.method import Component
from shared.training.rundir import RunDirectory
from shared.training.setup import Setup
from shared.training.state import Batch, State

DENSE_IN_WRN = ("stem.*", "*.shortcut.*", "fc.*")


def positions(mask: Mapping[str, Any]) -> Tensor:
    """The units of a mask as one bool vector."""
    n = c.sizes([mask["shape"]])[0]
    units = torch.zeros(n, dtype=torch.bool)
    if "active" in mask:
        units[mask["active"]] = True
        return units
    m, count = mask["modular"]["m"], mask["modular"]["c"]
    return (m * torch.arange(n)) % n < count


def chain(layers: Sequence[Mapping[str, Any]]) -> nn.Sequential:
    """A small net of linear layers, 1-D normalisations and ReLUs."""
    made: OrderedDict[str, nn.Module] = OrderedDict()
    for i, spec in enumerate(layers):
        if spec["type"] == "linear":
            made[spec["name"]] = nn.Linear(spec["inputs"], spec["outputs"], bias=spec["bias"])
        elif spec["type"] == "batch_norm":
            made[spec["name"]] = nn.BatchNorm1d(spec["features"])
        else:
            made[f"relu{i}"] = nn.ReLU()
    return nn.Sequential(made)


def network(inputs: Mapping[str, Any]) -> tuple[nn.Module, Prunable]:
    """The network of a trace with its parameters, in float64, and what may be pruned in it."""
    about, exclude = inputs["architecture"], ()
    if isinstance(about, list):
        model: nn.Module = chain(about)
    elif about["family"].startswith("lenet"):
        model = registry.build(Model(name="lenet300", channels=1, size=28, options={"batchnorm": True}))
    elif about["family"].startswith("wrn"):
        options = {"depth": about["depth"]}
        model = registry.build(Model(name="wide_resnet", width=about["widen_factor"], options=options))
        exclude = DENSE_IN_WRN
    else:
        model = registry.build(
            Model(name="imagenet_resnet50", width=about["widen_factor"], classes=about["classes"], size=224)
        )
        exclude = ("stem.*", "*.downsample.*")
    model = model.double()
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for spec in inputs["parameters"]:
            if spec["name"] in parameters:
                parameters[spec["name"]].copy_(c.tensor(spec))
    stated = {spec["name"] for spec in inputs["parameters"]}
    assert {n for n in parameters if n.replace(".weight", ".bank") not in stated} <= stated
    return model, Prunable(exclude=exclude)


class Stated:
    """Sources of draws that take the positions, layers and normals the reference states, in order of use."""

    def __init__(self, inputs: Mapping[str, Any]) -> None:
        rule = inputs.get("reallocation", {})
        self.state: State | None = None
        self.layers = list(rule.get("layer_draws", []))
        self.events: dict[int, list[list[int]]] = {}
        for event in [*rule.get("growth", []), *inputs.get("deep_rewiring", {}).get("growth", [])]:
            self.events[event["step"]] = event["positions"]
        self.normals = list(rule.get("standard_normal_draws", []))
        self.signs = inputs.get("deep_rewiring", {}).get("stored_signs_at_start", [])
        self.noises = list(inputs.get("deep_rewiring", {}).get("standard_normal_draws", []))

    def sources(self, tensors: int) -> dict[str, Callable[..., Tensor]]:
        def growth(shape: tuple[int, ...], epoch: int, step: int, index: int) -> Tensor:
            scores = torch.arange(1, shape[0] + 1, dtype=torch.float64)
            if self.events:
                scores[self.events[step - 1][index]] = 0.0
            return scores

        def remainder(shape: tuple[int, ...], epoch: int, step: int, index: int) -> Tensor:
            return torch.tensor([(self.layers.pop(0) + 0.5) / tensors], dtype=torch.float64)

        def noise(shape: tuple[int, ...], epoch: int, step: int, index: int) -> Tensor:
            whole = c.tensor(self.noises.pop(0)).reshape(-1)
            assert self.state is not None
            not_full = [m for m in self.state.masks.live.values() if not bool(m.all())]
            return whole[not_full[index].reshape(-1)]

        def normals(shape: tuple[int, ...], epoch: int, step: int, index: int) -> Tensor:
            return c.tensor(self.normals.pop(0)).view(shape)

        def stale(shape: tuple[int, ...], epoch: int, step: int, index: int) -> Tensor:
            return 0.5 + 0.25 * torch.tensor(self.signs[index], dtype=torch.float64)

        return {
            "stale-signs": stale,
            "growth": growth,
            "remainder": remainder,
            "deep-rewiring-noise": noise,
            "new-weights": normals,
        }


class Probe(Component):
    """Reads loss, accuracy and the stored values (those under the masks included) after every step and epoch."""

    def __init__(self, granularity: Granularity) -> None:
        self.granularity = granularity
        self.loss: list[float] = []
        self.epochs: list[dict[str, Any]] = []

    def after_step(self, state: State) -> None:
        assert state.loss is not None
        self.loss.append(state.loss.item() + (0.0 if state.penalty is None else state.penalty.item()))

    def after_epoch(self, state: State) -> None:
        assert state.optimizer is not None
        stored = {n: p.detach().clone() for n, p in state.model.named_parameters()}
        for name, dormant in zip(state.masks, state.masks.dormant or (), strict=True):
            stored[name] += dormant
        buffers = {n: state.optimizer.state[p]["momentum_buffer"] for n, p in state.model.named_parameters()}
        norms = [m for m in state.model.modules() if isinstance(m, NORMS)]
        statistics = [checks({"running_mean": m.running_mean, "running_var": m.running_var}) for m in norms]  # type: ignore[dict-item]
        active = [int(live_units(m, self.granularity).sum()) for m in state.masks.live.values()]
        self.epochs.append(
            {
                "parameters": checks(stored) | banks(state),
                "momentum": checks(buffers),
                "normalisation": {f"normalisation_{i}": s for i, s in enumerate(statistics, 1)},
                "active_per_tensor": active,
            }
        )


def banks(state: State) -> dict[str, Any]:
    """The bank of every tied tensor: the value at one position of each group."""
    values = {}
    for key in (k for k in state.kept if k.startswith("tied/")):
        name, groups = key.removeprefix("tied/"), state.kept[key]
        bank = torch.empty(int(groups.max()) + 1, dtype=torch.float64)
        bank[groups] = state.masks.parameters[name].detach().reshape(-1)
        values[name.replace(".weight", ".bank")] = bank
    return checks(values)


def checks(values: Mapping[str, Tensor]) -> dict[str, Any]:
    """Checksums with shapes, as the reference has them."""
    return {n: {"shape": list(v.shape), **c.checksum(v)} for n, v in values.items()}


def run(inputs: Mapping[str, Any], methods: tuple[Method, ...], folder: Path) -> tuple[Engine, Probe]:
    """The trace through the engine: stated masks, values, data, draws and methods."""
    model, prunable = network(inputs)
    optimiser = inputs["optimiser"]
    rates = optimiser["learning_rate_per_epoch"]
    epochs, batch = inputs["epochs"], inputs["batch_size"]
    table = Method(name="learning-rate-table", options={"epochs": list(range(epochs)), "values": rates})
    spec = Optimizer(momentum=optimiser["momentum"], nesterov=True, weight_decay=optimiser["weight_decay"])
    train = Train(epochs=epochs, batch_size=batch, optimizer=spec, methods=(table, *methods))
    plan = Protocol(
        paper="dsr",
        model=Model(name="stated", classes=inputs["classes"]),
        data=Data(name="stated"),
        prunable=prunable,
        phases=(train,),
        precision="float64",
        seed=0,
    )
    stated = Stated(inputs)
    sources = stated.sources(len(inputs.get("masks", {})))
    draws = ReplayedDraws(sources)
    images = c.tensor(inputs["images"])
    per_epoch = inputs["steps_per_epoch"] * batch
    labels = (7 * torch.arange(len(images)) + 3) % inputs["classes"]
    examples = TensorSet(images, labels, inputs["classes"])
    loader = InOrder(examples, draws, batch, per_epoch)
    test = EpochLoader(examples, Data(name="stated"), draws, len(images), dtype=torch.float64, train=False)
    setup = Setup(model, loader, test, per_epoch, draws, torch.device("cpu"), eval_batch=len(images))
    probe = Probe(inputs.get("reallocation", {}).get("granularity", "weight"))
    engine = Engine(plan, setup, RunDirectory(folder), own=COMPONENTS, observers=[probe])
    state = stated.state = engine.state
    dormant = state.masks.keep_dormant()
    state.kept |= {f"dormant/{n}": d for n, d in zip(state.masks, dormant, strict=True)}
    if "masks" in inputs:
        state.masks.set({n: of_units(positions(m), state.masks.live[n].shape) for n, m in inputs["masks"].items()})
    for layer, order in inputs.get("orders", {}).items():
        spec = next(p for p in inputs["parameters"] if p["name"] == f"{layer}.bank")
        groups = index_map(torch.tensor(order), spec["shape"][0])
        state.kept[f"tied/{layer}.weight"] = groups
        weight = state.masks.parameters[f"{layer}.weight"]
        with torch.no_grad():
            weight.copy_(c.tensor(spec)[groups].view(weight.shape))
    assert engine.run() == "finished"
    assert not any((stated.layers, stated.normals, stated.noises))
    return engine, probe


class InOrder(EpochLoader):
    """Batches in stored order; every epoch has its own part of the examples."""

    def __init__(self, examples: TensorSet, draws: ReplayedDraws, batch: int, per_epoch: int) -> None:
        super().__init__(examples, Data(name="stated"), draws, batch, dtype=torch.float64, train=True, shuffle=False)
        self.steps = per_epoch // batch

    def __len__(self) -> int:
        return self.steps

    def batch(self, e: int, i: int) -> Any:
        first = ((e - 1) * self.steps + i) * self.batch_size
        at = slice(first, first + self.batch_size)
        return Batch(self.examples.images[at], self.examples.labels[at])
