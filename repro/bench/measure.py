"""Paired measurements: in every round each loop once, in alternating order; medians over the rounds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch

from repro.bench.cases import FLIPOUT, Case
from repro.bench.engine import EngineLoop
from repro.bench.plain import PlainLoop
from repro.workload import FLOP_PER_MAC, PASSES, forward_macs

MATRIX = 2048
ROUNDS, QUICK_ROUNDS = 5, 2
SECONDS, QUICK_SECONDS = 90.0, 12.0
"""After so long no further round of a case is begun; one is always measured."""


@dataclass(frozen=True)
class Result:
    """What was measured of a case; rates are training samples a second, medians over ``rounds``.

    Attributes:
        case, batch, precision, threads, plain_threads, rounds: what was compared.
        samples: samples of one measurement, the same for every loop.
        plain: the plain loop.
        dense: the engine without a method.
        flipout: the engine with masks, noise and flip counters.
        ratio: median of ``dense / plain`` within a round.
        overhead_percent: median of the extra time of ``flipout`` over ``dense`` within a round.
        gflops: convolutions and linear layers of ``dense``, forward and backward, 10^9 operations a second.
        of_matmul: the same as a fraction of this device's rate in one large matrix product.
        epoch_seconds: of ``dense`` for the published number of training images, extrapolated.
    """

    case: str
    batch: int
    precision: str
    threads: int
    plain_threads: int
    rounds: int
    samples: int
    plain: float
    dense: float
    flipout: float
    ratio: float
    overhead_percent: float
    gflops: float
    of_matmul: float
    epoch_seconds: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def measure(case: Case, device: torch.device, own: Mapping[str, str], *, quick: bool, cores: int) -> Result:
    """Measure one case.

    Args:
        case: what.
        device: where.
        own: components of the paper whose overhead is measured.
        quick: fewer and shorter rounds.
        cores: CPU cores there are; small networks use one thread, the plain loop always all.
    """
    steps, rounds = (case.quick_steps, QUICK_ROUNDS) if quick else (case.steps, ROUNDS)
    threads = cores if case.heavy else 1
    loops: dict[str, tuple[Callable[[], tuple[int, float]], int]] = {
        "plain": (PlainLoop(case, steps, device).epoch, cores),
        "dense": (EngineLoop(case.protocol(), steps, device, own).epoch, threads),
        "flipout": (EngineLoop(case.protocol(FLIPOUT), steps, device, own).epoch, threads),
    }
    rates: dict[str, list[float]] = {name: [] for name in loops}
    counts: set[int] = set()
    with _threads_kept():
        began = time.monotonic()
        for names in _rounds(list(loops), rounds):
            if len(rates["dense"]) > 1 and time.monotonic() - began > (QUICK_SECONDS if quick else SECONDS):
                break
            for name in names:
                loop, using = loops[name]
                torch.set_num_threads(using)
                samples, seconds = loop()
                counts.add(samples)
                rates[name].append(samples / seconds)
        torch.set_num_threads(threads)
        peak = matmul_rate(device, case.precision)
    rates = {name: values[1:] for name, values in rates.items()}  # the first of each warms up
    dense = statistics.median(rates["dense"])
    flops = FLOP_PER_MAC * PASSES * forward_macs(case.model) * dense
    return Result(
        case=case.name,
        batch=case.batch,
        precision=case.precision,
        threads=threads,
        plain_threads=cores,
        rounds=len(rates["dense"]),
        samples=_same(counts),
        plain=statistics.median(rates["plain"]),
        dense=dense,
        flipout=statistics.median(rates["flipout"]),
        ratio=_paired(rates["dense"], rates["plain"]),
        overhead_percent=100 * (_paired(rates["dense"], rates["flipout"]) - 1),
        gflops=flops / 1e9,
        of_matmul=flops / peak,
        epoch_seconds=case.epoch / dense,
    )


def _rounds(names: list[str], rounds: int) -> Iterator[list[str]]:
    """One warm-up of each, then the rounds, forwards and backwards in turn."""
    yield names
    for i in range(rounds):
        yield names if i % 2 else names[::-1]


def _paired(over: list[float], under: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(over, under, strict=True))


def _same(counts: set[int]) -> int:
    (samples,) = counts
    return samples


def matmul_rate(device: torch.device, precision: str) -> float:
    """Operations a second of one large matrix product with the threads in force, the best of a few."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    one = torch.randn(MATRIX, MATRIX, device=device, dtype=dtype)
    best = float("inf")
    before = torch.backends.cuda.matmul.fp32_precision
    torch.backends.cuda.matmul.fp32_precision = "tf32" if precision == "tf32" else "ieee"
    try:
        for _ in range(5):
            started = time.perf_counter()
            float((one @ one)[0, 0])
            best = min(best, time.perf_counter() - started)
    finally:
        torch.backends.cuda.matmul.fp32_precision = before
    return float(FLOP_PER_MAC * MATRIX**3 / best)


class _threads_kept:  # noqa: N801  (a context)
    """Puts the number of threads back."""

    def __enter__(self) -> None:
        self.before = torch.get_num_threads()

    def __exit__(self, *_: object) -> None:
        torch.set_num_threads(self.before)
