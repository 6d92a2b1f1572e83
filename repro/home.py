"""Where things are kept: the runs of this machine and the committed evidence."""

from __future__ import annotations

import os
from pathlib import Path

from shared.protocol import Protocol


def runs_dir(given: Path | None = None) -> Path:
    """The folder of run directories: ``--runs-dir``, else ``REPRO_RUNS``, else ``runs`` here."""
    return given or Path(os.environ.get("REPRO_RUNS") or "runs")


def results_dir() -> Path:
    """The committed evidence: ``REPRO_RESULTS``, ``results`` here, or the one beside the source tree."""
    if named := os.environ.get("REPRO_RESULTS"):
        return Path(named)
    here = Path("results")
    return here if here.is_dir() else Path(__file__).resolve().parent.parent / "results"


def run_path(runs: Path, protocol: Protocol) -> Path:
    """The directory of a run: paper, scale, network and twelve digits of its identity."""
    return runs / protocol.paper / protocol.scale / f"{protocol.model.name}-s{protocol.seed}-{protocol.identity[:12]}"
