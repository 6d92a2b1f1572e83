"""Which scale ``--scale auto`` means on this machine, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shared.claims import Table
from shared.errors import unknown
from shared.paper import Paper
from shared.protocol import Scale

SMALLEST_FIRST: tuple[Scale, ...] = ("demo", "reduced", "paper")


@dataclass(frozen=True)
class Choice:
    """A scale and the reason for it, in words."""

    scale: Scale
    reason: str


def has_cuda() -> bool:
    """Whether there is a CUDA device; PyTorch is only asked where a driver is present (its import takes seconds)."""
    if not any(Path(p).exists() for p in ("/dev/nvidiactl", "/proc/driver/nvidia", "/dev/dxg")):
        return False
    import torch

    return torch.cuda.is_available()


def instead(paper: Paper, reason: str) -> Choice:
    """The scale that ``auto`` means where the paper's own cannot be run: the demo, or the smallest there is.

    Args:
        paper: whose scales there are; not every one has a demo.
        reason: why its own scale cannot be run, in words.
    """
    scale = next(s for s in SMALLEST_FIRST if s in paper.scales)
    return Choice(scale, reason if scale == "demo" else f"{reason}, and {paper.name} has no smaller scale")


def choose(paper: Paper, table: Table, wanted: str, experiments: tuple[str, ...], data_dir: Path | None) -> Choice:
    """The scale to run at.

    Args:
        paper, table: what is to be verified.
        wanted: ``auto`` or a scale.
        experiments: ids of the experiments that the table needs.
        data_dir: where data are looked for first.

    Raises:
        ReproError: for a scale that does not exist.
    """
    if wanted != "auto":
        if wanted not in paper.scales:
            raise unknown("scale", wanted, [*paper.scales, "auto"])
        scale: Scale = wanted  # type: ignore[assignment]
        return Choice(scale, "as asked")
    if not experiments:
        return Choice("paper", "no training is needed")
    if not has_cuda():
        return instead(paper, "there is no CUDA device here, and the paper's own scale would take days")
    from shared.data.sources import present

    data = {e: paper.experiments[e].protocol(0).data for e in experiments}
    missing = sorted({d.name for d in data.values() if not present(d, data_dir)})
    if missing:
        return instead(paper, f"{', '.join(missing)} is not on this machine (try: repro data fetch {missing[0]})")
    return Choice("paper", "there are a CUDA device and the paper's data")
