"""How the SynFlow reference file states networks, batches, masks and checksums (its ``conventions`` entry)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import conventions as c
import torch
from torch import Tensor, nn

from shared.data.batch import Batch
from shared.models.channel_scale import ChannelScale
from shared.models.pooling import GlobalAverage

CASES = c.load("synflow")
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Residual(nn.Module):
    """``relu(main(x) + shortcut(x))``; the parts are attached under the names the case gives them."""

    def __init__(self, main: list[str], shortcut: list[str]) -> None:
        super().__init__()
        self.main, self.side = main, shortcut

    def forward(self, x: Tensor) -> Tensor:
        y = z = x
        for name in self.main:
            y = y.relu() if name == "relu" else self.get_submodule(name)(y)
        for name in self.side:
            z = self.get_submodule(name)(z)
        return (y + z).relu()


def layer(spec: Mapping[str, Any]) -> nn.Module:
    kind = spec["type"]
    if kind == "conv2d":
        return nn.Conv2d(
            spec["in"],
            spec["out"],
            spec["kernel"],
            stride=spec.get("stride", 1),
            padding=spec.get("padding", 0),
            bias=spec["bias"],
        )
    if kind == "linear":
        return nn.Linear(spec["in"], spec["out"], bias=spec["bias"])
    simple = {
        "batchnorm2d": lambda: nn.BatchNorm2d(spec["features"]),
        "channel_scale": lambda: ChannelScale(spec["features"]),
        "relu": nn.ReLU,
        "flatten": nn.Flatten,
        "maxpool2d": lambda: nn.MaxPool2d(spec["kernel"], spec.get("stride", spec["kernel"])),
        "avgpool2d": lambda: nn.AvgPool2d(spec["kernel"]),
        "global_avgpool2d": GlobalAverage,
    }
    return simple[kind]()


def attach(root: nn.Module, path: str, module: nn.Module) -> None:
    """Register a module under a dotted name, with containers on the way."""
    *parents, last = path.split(".")
    for name in parents:
        if name not in dict(root.named_children()):
            root.add_module(name, nn.Module())
        root = root.get_submodule(name)
    root.add_module(last, module)


class Described(nn.Module):
    """A network as a case describes it, its modules under the stated names in the stated order."""

    def __init__(self, layers: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.order: list[str] = []
        for index, spec in enumerate(layers):
            name = spec.get("name", f"plain{index}")
            if spec["type"] != "residual_block":
                attach(self, name, layer(spec))
            else:
                self._block(name, spec)
            self.order.append(name)

    def _block(self, name: str, spec: Mapping[str, Any]) -> None:
        inner = {
            side: [part["name"].removeprefix(f"{name}.") if "name" in part else "relu" for part in spec[side]]
            for side in ("main", "shortcut")
        }
        block = Residual(inner["main"], inner["shortcut"])
        for side in ("main", "shortcut"):
            for part, own in zip(spec[side], inner[side], strict=True):
                if own != "relu":
                    attach(block, own, layer(part))
        attach(self, name, block)

    def forward(self, x: Tensor) -> Tensor:
        for name in self.order:
            x = self.get_submodule(name)(x)
        return x


def network(given: Mapping[str, Any]) -> nn.Module:
    """The network of a case with its parameters and running statistics, in the dtype of the case, in eval mode."""
    dtype = c.dtype_of(given)
    model = Described(given["network"]["layers"]).to(dtype)
    stated = {n: value(spec, dtype) for n, spec in given["parameters"].items()}
    state = model.state_dict()
    assert set(stated) == {n for n in state if not n.endswith("num_batches_tracked")}
    model.load_state_dict(state | stated)
    return model.eval()


def value(spec: Any, dtype: torch.dtype = torch.float64) -> Tensor:
    """A tensor whose non-finite entries are words."""
    if isinstance(spec, list):
        return torch.tensor([WORDS.get(v, v) for v in spec], dtype=dtype)
    return c.tensor(spec, dtype)


def data(given: Mapping[str, Any]) -> Batch:
    """All samples of a case."""
    images = c.tensor(given["data"]["images"], c.dtype_of(given))
    return Batch(images, torch.tensor(given["data"]["labels"]["data"]))


def batches(given: Mapping[str, Any], at: Sequence[Sequence[int]] | None) -> list[Batch]:
    """Batches of stated samples; ``None``: one of all."""
    everything = data(given)
    if at is None:
        return [everything]
    return [Batch(everything.images[list(i)], everything.labels[list(i)]) for i in at]


def passes(given: Mapping[str, Any]) -> tuple[list[Batch], list[Batch]]:
    """The batches of the first and of the second pass over the scoring sample."""
    if "data" not in given:
        return [], []
    if "pass_batches" in given:
        first, second = given["pass_batches"]
        return batches(given, first), batches(given, second)
    listed = given.get("batches")
    nested = bool(listed) and isinstance(listed[0][0], list)
    first = batches(given, listed[0] if nested else listed)
    return first, first


def weights_of(model: nn.Module, names: Sequence[str]) -> dict[str, Tensor]:
    """The named parameters, detached."""
    return {n: model.get_parameter(n).detach() for n in names}


def tensors_close(actual: Mapping[str, Tensor], expected: Mapping[str, Any], tolerance: Any) -> None:
    """Tensors by name against their data or checksums."""
    assert list(actual) == list(expected)
    for name, wanted in expected.items():
        tensor_close(actual[name], wanted, tolerance, name)


def tensor_close(actual: Tensor, wanted: Any, tolerance: Any, where: str = "") -> None:
    """One tensor against its data, or against its sums and first entries (``conventions.checksum``)."""
    flat = actual.detach().reshape(-1).double()
    if "data" in wanted:
        expected = value(wanted["data"]).reshape(-1)
        torch.testing.assert_close(flat, expected, **tolerance, equal_nan=True, msg=lambda m: f"{where}: {m}")
        return
    place = torch.arange(1, len(flat) + 1, dtype=torch.float64)
    rtol, atol = tolerance["rtol"], tolerance["atol"]
    size, weighted_size = float(flat.abs().sum()), float((place * flat.abs()).sum())
    assert abs(float(flat.sum()) - wanted["sum"]) <= atol + rtol * size, where
    assert abs(size - wanted["abs_sum"]) <= atol + rtol * size, where
    assert abs(float((place * flat).sum()) - wanted["weighted_sum"]) <= atol + rtol * weighted_size, where
    torch.testing.assert_close(flat[:8], value(wanted["first8"]), **tolerance, msg=lambda m: f"{where}: {m}")


def split(scores: Tensor, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A flat vector cut into tensors by name."""
    parts = scores.split([w.numel() for w in weights.values()])
    return {n: part.view_as(w) for part, (n, w) in zip(parts, weights.items(), strict=True)}


def masks_of(live: Mapping[str, Tensor]) -> list[list[int]]:
    """0/1 lists, one per tensor."""
    return [m.reshape(-1).int().tolist() for m in live.values()]
