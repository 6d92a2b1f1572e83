"""The environment part of a record."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from repro.device import device_name
from repro.evidence.record import Environment


def environment(device: torch.device, data: dict[str, Any], threads: int, processes: int = 1) -> Environment:
    """Versions, device, commit and data fingerprints.

    Args:
        device: the run's device.
        data: what ``shared.training.setup.Setup.data`` says.
        threads: CPU threads used by a process.
        processes: that trained the run together; noted if there were several.
    """
    commit, dirty = _commit()
    return Environment.model_validate(
        {
            "versions": {
                "python": platform.python_version(),
                "torch": torch.__version__,
                "cuda": torch.version.cuda or "none",
                "pruning-repro": version("pruning-repro"),
            },
            "device": device_name(device),
            "commit": commit,
            "dirty": dirty,
            "data": data.get("fingerprints", {}),
            "platform": f"{platform.system()} {platform.machine()}",
            "threads": threads,
            **({"processes": processes} if processes > 1 else {}),
            "data_status": data.get("status", "unknown"),
            "data_notes": data.get("notes", []),
            "worst_case_points": data.get("worst_case_points", 0.0),
        }
    )


@cache
def _commit() -> tuple[str | None, bool | None]:
    """The commit of the source tree and whether it has changes; unknown outside a repository.

    ``REPRO_COMMIT`` names it where a copy without its repository is run (a container, a cluster node).
    """
    if named := os.environ.get("REPRO_COMMIT"):
        return named, False
    root = Path(__file__).resolve().parents[2]

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True, timeout=10)
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None, None
