"""Out of memory in each of its forms ends in a sentence that names the batch size that would fit."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from repro.launch import shortage
from repro.launch.execute import execute
from shared.training.footprint import SHARE, footprint
from shared.training.step import Step

HUGE = 1 << 48


def test_errors_of_real_allocations_are_recognised():
    with pytest.raises(RuntimeError) as of_torch:
        torch.empty(HUGE)
    with pytest.raises(MemoryError) as of_numpy:
        np.empty(HUGE)
    assert shortage.is_shortage(of_torch.value)
    assert shortage.is_shortage(of_numpy.value)
    assert not shortage.is_shortage(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 78.00 GiB in all."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_a_run_out_of_memory_says_which_batch_would_fit(make, monkeypatch, error):
    job = make(epochs=2)
    need = footprint(job.protocol.model)
    (size,) = {p.batch_size for p in job.protocol.phases}
    quarter = int((need.fixed + need.sample * size / 3) / SHARE) + 1  # a third fits, a half does not

    def fail(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Step, "__call__", fail)
        patch.setattr(shortage, "memory", lambda device: quarter)
        ended = execute(job)
    assert ended.state == "failed"
    assert f"batches of {size}; --batch-size {size // 4} should fit" in ended.sentence
    assert json.loads((job.directory / "status.json").read_text())["sentence"] == ended.sentence
    assert execute(job).state == "finished"


def test_without_an_estimate_the_sentence_still_says_what_to_do(make, monkeypatch):
    def fail(*_):
        raise OSError("no such file")

    monkeypatch.setattr(shortage, "memory", fail)
    assert "use a smaller --batch-size" in shortage.sentence(make())


def test_there_is_memory_and_a_limit_bounds_it(monkeypatch):
    import resource

    there = shortage.memory("cpu")
    assert there > 1 << 20
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1 << 20, 1 << 20))
    assert shortage.memory("cpu") == 1 << 20
