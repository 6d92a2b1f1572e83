"""The command line from outside: a paper that is installed, not patched in, and folders of its own."""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from repro import registry
from repro.cli import main

ROOT = Path(__file__).resolve().parents[3]
TOY = ROOT / "examples" / "toy_paper"
VARIABLES = ("REPRO_DATA", "REPRO_RUNS", "REPRO_RESULTS", "MLFLOW_TRACKING_URI", "REPRO_COMMIT")


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Repro = Callable[..., Said]


def call(*words: Any) -> Said:
    """The command line in this process: exit code and what it wrote."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as left:
        main([str(w) for w in words])
    code = left.value.code
    return Said(code if isinstance(code, int) else 0 if code is None else 1, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def repro() -> Repro:
    """``call`` of this file."""
    return call


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder to work in, without data, runs or settings of the machine the tests run on."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "results").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        patch.setenv("REPRO_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The toy paper as pip leaves it: its module on the path, beside the metadata that its pyproject declares.

    Nothing of the suite is patched; worker processes find it in the same way.
    """
    project = tomllib.loads((TOY / "pyproject.toml").read_text())["project"]
    site = tmp_path_factory.mktemp("site")
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in e.items()) for group, e in _groups(project)]
    (info / "entry_points.txt").write_text("".join(lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOY))
        patch.syspath_prepend(str(site))
        _forget()
        yield site
    _forget()
    sys.modules.pop("toy_paper", None)


def _groups(project: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    return list(project["entry-points"].items())


def _forget() -> None:
    """Let the registry look again."""
    importlib.invalidate_caches()
    registry._found.cache_clear()
    registry.load.cache_clear()


@pytest.fixture(scope="session")
def look_again() -> Callable[[], None]:
    """Makes the registry forget what it found."""
    return _forget


@pytest.fixture(scope="session")
def root() -> Path:
    """The source tree."""
    return ROOT
