"""The precision field: contexts that leave no trace, and one sentence where a device lacks it."""

from __future__ import annotations

import pytest
import torch

from shared.errors import ReproError
from shared.protocol import Precision
from shared.training.precision import autocast, backend, compiled, storage_dtype

CPU = torch.device("cpu")


def flags() -> tuple[object, ...]:
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    return cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32


def test_settings_are_deterministic_inside_and_put_back_outside() -> None:
    before = flags()
    with backend("float32", CPU):
        assert flags() == (True, False, False, False)
    assert flags() == before


@pytest.mark.parametrize("precision", ["tf32", "tf32-compiled", "bf16-compiled"])
def test_what_a_cpu_cannot_do_is_one_sentence(precision: Precision) -> None:
    with pytest.raises(ReproError, match="CUDA device"), backend(precision, CPU):
        pass


def test_dtypes_and_autocast() -> None:
    assert storage_dtype("float64") == torch.float64
    assert storage_dtype("bf16") == torch.float32
    assert compiled("bf16-compiled")
    assert not compiled("bf16")
    layer, x = torch.nn.Linear(2, 2), torch.ones(1, 2)
    with autocast("bf16", CPU):
        assert layer(x).dtype == torch.bfloat16
    with autocast("float32", CPU):
        assert layer(x).dtype == torch.float32
