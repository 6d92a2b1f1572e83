"""The command line in this process, and a folder to run it in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from repro.cli import main


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Repro = Callable[..., Said]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, without data, runs or settings of the machine the tests run on."""
    for name in ("REPRO_DATA", "REPRO_RUNS", "REPRO_RESULTS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REPRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def repro(capsys: pytest.CaptureFixture[str]) -> Repro:
    """The command line in this process: exit code and what it wrote."""

    def call(*words: Any) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(w) for w in words])
        code = left.value.code
        written = capsys.readouterr()
        return Said(code if isinstance(code, int) else 0 if code is None else 1, written.out, written.err)

    return call
