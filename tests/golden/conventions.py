"""How the reference files state tensors, labels, draws, networks and tolerances (their ``conventions`` entry).

Import it in a test as ``import conventions`` (the folder's conftest puts it on the path).
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from shared.models.layers import sequential
from shared.sparsity.masks import Masks, prunable_parameters

DTYPES = {"float32": torch.float32, "float64": torch.float64}


def golden_folder() -> Path:
    """The folder of the reference files: ``REPRO_GOLDEN``, or the copy beside this file."""
    return Path(os.environ.get("REPRO_GOLDEN") or Path(__file__).parent / "data")


def load(paper: str) -> dict[str, dict[str, Any]]:
    """The cases of a paper by id."""
    file = json.loads((golden_folder() / f"{paper}.golden.json").read_text())
    return {case["id"]: case for case in file["cases"]}


def dtype_of(inputs: Mapping[str, Any]) -> torch.dtype:
    """The dtype of a case: float64 unless it says otherwise."""
    return DTYPES[inputs.get("dtype", "float64")]


def wave(shape: Sequence[int], a: float, b: float, scale: float, dtype: torch.dtype = torch.float64) -> Tensor:
    """``scale * sin(a*i + b)`` over the flat row-major index, computed in float64, then cast."""
    i = torch.arange(math.prod(shape), dtype=torch.float64)
    return (torch.sin(i * a + b) * scale).view(list(shape)).to(dtype)


def formula(text: str, **names: Any) -> Any:
    """The value of an arithmetic formula of a reference file, e.g. ``"(7*i + 3 + l) % 11"``.

    What follows the first comma or semicolon is explanation. Names may be numbers or integer tensors.
    """
    expression = re.split("[,;]", text)[0].strip()
    assert re.fullmatch(r"[\w\s.+*/%()=-]+", expression), expression
    assert "__" not in expression, expression
    return eval(expression, {"__builtins__": {}, "sqrt": math.sqrt}, names)


def sine(sin: Mapping[str, Any], shape: Sequence[int], dtype: torch.dtype = torch.float64, **names: float) -> Tensor:
    """A ``wave`` whose a, b or scale may be formulas of the other entries and of ``names``."""
    known = {**{k: v for k, v in sin.items() if not isinstance(v, str)}, **names}
    a, b, scale = (formula(v, **known) if isinstance(v, str) else v for v in (sin["a"], sin["b"], sin["scale"]))
    return wave(shape, a, b, scale, dtype)


def tensor(spec: Any, dtype: torch.dtype = torch.float64, shape: Sequence[int] | None = None) -> Tensor:
    """A tensor from ``{"shape", "data"}``, ``{"shape", "sin": {"a", "b", "scale"}}`` or a plain (nested) list.

    ``null`` is NaN.
    """
    if isinstance(spec, Mapping):
        shape = spec.get("shape", shape)
        assert shape is not None
        if "sin" in spec:
            return sine(spec["sin"], shape, dtype)
        spec = spec["data"]
    values = torch.tensor(_nan(spec), dtype=torch.float64)
    return (values if shape is None else values.view(list(shape))).to(dtype)


def _nan(value: Any) -> Any:
    if isinstance(value, list):
        return [_nan(v) for v in value]
    return math.nan if value is None else value


def labels(n: int, classes: int) -> Tensor:
    """``(7*i + 3) % classes``."""
    return (7 * torch.arange(n) + 3) % classes


def draws_source(spec: Mapping[str, Any], dtype: torch.dtype = torch.float64) -> Callable[..., Tensor]:
    """A source for ``ReplayedDraws`` from a sine whose b depends on the step t and on the tensor's position l."""
    return lambda shape, epoch, step, index: sine(spec["sin"], shape, dtype, t=step, l=index)


def listed_source(specs: Sequence[Mapping[str, Any]], dtype: torch.dtype = torch.float64) -> Callable[..., Tensor]:
    """A source for ``ReplayedDraws`` that reads draw ``index`` from a list of tensors."""
    return lambda shape, epoch, step, index: tensor(specs[index], dtype).view(shape)


def network(inputs: Mapping[str, Any], strict: bool = True) -> nn.Sequential:
    """The network of a case with its parameters loaded, in the dtype of the case.

    Args:
        inputs: with ``network.layers`` and ``parameters``.
        strict: every parameter must be stated (else the unstated ones are 0, norms 1/0).
    """
    dtype = dtype_of(inputs)
    model = sequential(inputs["network"]["layers"]).to(dtype)
    stated = inputs.get("parameters", {})
    names = dict(model.named_parameters())
    assert set(stated) <= set(names)
    assert not strict or set(stated) == set(names)
    with torch.no_grad():
        for name, parameter in names.items():
            if name in stated:
                parameter.copy_(tensor(stated[name], dtype))
            elif not isinstance(model.get_submodule(name.rsplit(".", 1)[0]), nn.BatchNorm2d):
                parameter.zero_()
    return model


def masks(model: nn.Module) -> Masks:
    """All-live masks over the conv and linear weights."""
    return Masks(prunable_parameters(model))


def flat(values: Sequence[Any], dtype: torch.dtype = torch.float64) -> Tensor:
    """One flat vector from a list of per-tensor lists (or one flat list)."""
    nested = bool(values) and isinstance(values[0], list)
    return tensor([v for part in values for v in part] if nested else list(values), dtype)


def sizes(shapes: Iterable[Sequence[int]]) -> list[int]:
    """Entries of each shape."""
    return [math.prod(s) for s in shapes]


def masked(live: Tensor) -> list[int]:
    """Ascending flat indices of the removed entries."""
    return (~live).nonzero().reshape(-1).tolist()


def kept(live: Tensor) -> list[int]:
    """Ascending flat indices of the live entries."""
    return live.nonzero().reshape(-1).tolist()


def checksum(values: Tensor) -> dict[str, Any]:
    """Sum, sum of absolute values and first 8 values of a tensor."""
    values = values.detach().reshape(-1)
    return {"sum": values.sum().item(), "abs_sum": values.abs().sum().item(), "first8": values[:8].tolist()}


def close(actual: Any, expected: Any, tolerance: Any = "exact", path: str = "") -> None:
    """Assert that a result is what the reference says.

    Dictionaries need the same keys and lists the same length. Integers, booleans and strings are exact; floats use
    ``rtol``/``atol`` (``"exact"``: equality); ``null`` matches NaN, ``None`` and an absent or all-zero gradient.
    """
    where = path or "value"
    if isinstance(expected, Mapping):
        assert set(map(str, actual)) == set(expected), f"{where}: keys {sorted(map(str, actual))} != {sorted(expected)}"
        for key, value in actual.items():
            close(value, expected[str(key)], tolerance, f"{path}/{key}")
        return
    if isinstance(actual, Tensor):
        actual = actual.detach().tolist() if not isinstance(expected, list) else _like(actual, expected)
    if isinstance(expected, list):
        assert isinstance(actual, list | tuple), f"{where}: a list is expected, not {actual!r}"
        assert len(actual) == len(expected), f"{where}: {len(actual)} entries, expected {len(expected)}"
        for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
            close(a, e, tolerance, f"{path}[{i}]")
    elif expected is None:
        assert _absent(actual), f"{where}: {actual!r}, expected null"
    elif isinstance(expected, float) and tolerance != "exact":
        limit = pytest.approx(expected, rel=tolerance["rtol"], abs=tolerance["atol"])
        assert actual == limit, f"{where}: {actual!r}, expected {expected!r}"
    elif isinstance(expected, int) and not isinstance(expected, bool) and isinstance(tolerance, Mapping):
        assert abs(actual - expected) <= tolerance.get("integers", 0), f"{where}: {actual!r}, expected {expected!r}"
    else:
        assert actual == expected, f"{where}: {actual!r}, expected {expected!r}"


def _like(actual: Tensor, expected: list[Any]) -> Any:
    """Flat list for a flat expectation, nested for a nested one."""
    nested = bool(expected) and isinstance(expected[0], list)
    return actual.detach().tolist() if nested else actual.detach().reshape(-1).tolist()


def _absent(actual: Any) -> bool:
    if isinstance(actual, list):
        return all(_absent(a) or a == 0 for a in actual)
    return actual is None or (isinstance(actual, float) and math.isnan(actual))
