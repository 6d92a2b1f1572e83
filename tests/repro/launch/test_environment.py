"""What a record says of the machine."""

from __future__ import annotations

import torch

from repro.device import device_name
from repro.launch.environment import environment


def test_a_cpu_is_named_with_the_instructions_that_torch_uses_on_it(monkeypatch) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert device_name(cpu) == "x86_64 CPU, AVX2"
    assert environment(cpu, {}, threads=1).device == "x86_64 CPU, AVX2"
