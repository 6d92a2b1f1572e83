"""What this machine has for running papers, what is missing, and what to do about it."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ENOUGH_DISK = 2 * 10**9
"""Bytes that a table at paper scale may need for checkpoints and beginnings."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes:
        name: what, e.g. ``torch``.
        ok: whether it is there and usable.
        found: what was found, in words.
        remedy: what to do where it is missing.
        needed: whether the demo cannot run without it.
    """

    name: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = False


def examine(runs: Path, data_dir: Path | None = None) -> list[Finding]:
    """Look at everything.

    Args:
        runs: the folder runs would go to.
        data_dir: where data are looked for first.

    Raises:
        ReproError: if ``data_dir`` does not exist.
    """
    return [_python(), *_torch(), _mlflow(), _torchao(), *_papers(), _runs(runs), _disk(runs), *_data(data_dir)]


def demo_can_run(findings: list[Finding]) -> bool:
    """Whether everything the demo needs is there."""
    return all(f.ok for f in findings if f.needed)


def unwritable(folder: Path) -> str:
    """Why no file can be written in a folder (made if it is not there); empty if one can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return (error.strerror or str(error)).lower()


def _python() -> Finding:
    enough = sys.version_info >= (3, 11)
    return Finding("Python", enough, platform.python_version(), "install Python 3.11 or newer", needed=True)


def _torch() -> Iterator[Finding]:
    """PyTorch, the torchvision that belongs to it, and what it can use."""
    remedy = "pip install torch torchvision, both from one index (see pytorch.org)"
    try:
        import torch
    except (ImportError, OSError) as error:
        yield Finding("torch", False, f"does not import ({error})", remedy, needed=True)
        return
    from repro.device import device_name
    from repro.launch.pool import cores

    yield Finding("torch", True, torch.__version__, needed=True)
    yield Finding("CPU", True, f"{device_name(torch.device('cpu'))}, {cores()} cores")
    try:
        import torchvision

        torch.ops.torchvision.nms  # noqa: B018  (registered only if the pair fits)
        yield Finding("torchvision", True, torchvision.__version__, needed=True)
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        found = f"does not fit torch {torch.__version__} ({str(error).splitlines()[0]})"
        yield Finding("torchvision", False, found, remedy, needed=True)
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        yield Finding("CUDA device", True, ", ".join(names))
    else:
        why = "no driver" if not Path("/dev/nvidiactl").exists() else "torch cannot use the device"
        yield Finding("CUDA device", False, why, "fine for the demo; paper scale wants a GPU and a CUDA build of torch")


def _mlflow() -> Finding:
    return _package("mlflow", "pip install mlflow to browse runs (repro ui); all else works without it")


def _torchao() -> Finding:
    return _package("torchao", "pip install torchao for phases that quantise (--quantise); all else works without it")


def _package(name: str, remedy: str) -> Finding:
    """Whether a package is installed; it is not imported, which can take seconds."""
    try:
        installed = importlib.util.find_spec(name) is not None
        return Finding(name, installed, version(name) if installed else "not installed", remedy)
    except (PackageNotFoundError, ImportError, ValueError):
        return Finding(name, False, "not installed", remedy)


def _papers() -> Iterator[Finding]:
    from repro.describe import papers

    rows = papers()
    if not rows:
        remedy = "install this suite with pip, so that its papers are registered"
        yield Finding("papers", False, "none registered", remedy, needed=True)
    good = [str(r["name"]) for r in rows if not r["problem"]]
    if good:
        yield Finding("papers", True, ", ".join(good), needed=True)
    for row in rows:
        if row["problem"]:
            yield Finding(f"paper {row['name']}", False, str(row["problem"]), "reinstall the package that provides it")


def _runs(runs: Path) -> Finding:
    """Whether runs can be kept; a folder that is not there yet is not made, its parent is tried."""
    there = _existing(runs)
    reason = unwritable(there) if there.is_dir() else "not a directory"
    found = f"{runs} cannot be written to ({reason})" if reason else f"{runs} can be written to"
    return Finding("runs", not reason, found, "choose another --runs-dir, or set REPRO_RUNS", needed=True)


def _existing(path: Path) -> Path:
    """The path itself, or the nearest of its parents that exists."""
    return next((p for p in (path, *path.absolute().parents) if p.exists()), Path(os.sep))


def _disk(runs: Path) -> Finding:
    """Space where the runs go; of the nearest folder that exists."""
    free = shutil.disk_usage(_existing(runs)).free
    return Finding("disk", free >= ENOUGH_DISK, f"{free / 1e9:,.1f} GB free", "free some space, 2 GB at least")


def _data(data_dir: Path | None) -> Iterator[Finding]:
    from repro.datasets import where

    for copy in where(data_dir):
        if copy.name == "imagefolder" and not copy.layout:
            continue  # only there for those who bring their own images
        yield Finding(f"data {copy.name}", copy.present, copy.words, copy.remedy, needed=copy.embedded)
