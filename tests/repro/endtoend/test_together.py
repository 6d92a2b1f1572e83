"""ResNet-50 on a folder of pictures, cropped anew: one process, two by torchrun, two that are killed and go on."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from repro.evidence.record import Record

PROGRAM = Path(__file__).with_name("folder_run.py")
PATIENCE = 300
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("folder_run", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of nine training pictures that differ in brightness, none of the size that is trained on."""
    root, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for split, n in (("train", 9), ("val", 5)):
        for c in range(3):
            folder = root / "imagefolder" / split / f"class{c}"
            folder.mkdir(parents=True)
            for i in range(n):
                pixels = rng.integers(0, 128, (40, 36, 3), dtype=np.uint8) + np.uint8(60 * c)
                Image.fromarray(pixels).save(folder / f"{i}.png")
    return root


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Nothing outside is written."""
    cache = str(tmp_path_factory.mktemp("cache"))
    return {**os.environ, "REPRO_CACHE": cache, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def alone(
    program: ModuleType, data: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The run of one process."""
    from repro.launch.execute import execute

    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPRO_CACHE", environment["REPRO_CACHE"])
        job = program.job(tmp_path_factory.mktemp("alone"), data)
        ended = execute(job)
    torch.set_num_threads(threads)
    assert ended.state == "finished", ended.sentence
    return job.directory


@pytest.fixture(scope="module")
def together(
    program: ModuleType, data: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The run of two processes, by torchrun and the command line."""
    runs = tmp_path_factory.mktemp("together")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", str(port())]
    words = ["-m", "repro", "run", "dsr", *program.WORDS, "--data-dir", str(data), "--runs-dir", str(runs)]
    done = subprocess.run(
        [*torchrun, *words, "--no-mlflow", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)  # one document, from the first process alone
    assert document["state"] == "finished"
    return Path(document["directory"])


def port() -> int:
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        return int(there.getsockname()[1])


def pair(runs: Path, data: Path, environment: dict[str, str], *steps: str) -> list[tuple[int, str]]:
    """Exit code and output of two processes; each may be given the step at which it is killed."""
    meeting = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port())}
    both = [
        subprocess.Popen(
            [sys.executable, str(PROGRAM), str(runs), str(data), *(steps[rank : rank + 1])],
            env={**environment, **meeting, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        output = [process.communicate(timeout=PATIENCE)[0] for process in both]
    finally:
        for process in both:
            process.kill()
    return [(process.returncode, text) for process, text in zip(both, output, strict=True)]


def masks(folder: Path) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = load_file(folder / "masks.safetensors")
    return found


def rows(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    last = max((folder / "checkpoint").glob("[0-9]*"), key=lambda p: p.name)
    found: dict[str, torch.Tensor] = load_file(last / "tensors.safetensors")
    return found


def record(folder: Path) -> Record:
    return Record.model_validate_json((folder / "record.json").read_text())


def test_two_processes_end_where_one_does(alone: Path, together: Path) -> None:
    one, two = masks(alone), masks(together)
    assert any(len(row["events"]) for row in rows(alone))
    assert all(torch.equal(one[name], two[name]) for name in one)
    for a, b in zip(rows(alone), rows(together), strict=True):
        assert a["train_loss"] == pytest.approx(b["train_loss"], rel=1e-6)
        assert (a["remaining"], a["test_total"]) == (b["remaining"], b["test_total"])


def test_the_record_says_how_many_processes_and_that_pictures_were_streamed(alone: Path, together: Path) -> None:
    one, two = record(alone), record(together)
    assert one.identity == two.identity
    assert (getattr(one.environment, "processes", None), getattr(two.environment, "processes", None)) == (None, 2)
    assert "The pictures were read while training, not fingerprinted." in getattr(two.environment, "data_notes", [])
    assert not (together.parents[2] / "beginnings").exists()


def test_killed_processes_go_on_and_end_bit_identical(
    together: Path, program: ModuleType, data: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    folder = program.job(tmp_path, data).directory
    (first, _), (second, words) = pair(tmp_path, data, environment, "3", "3")
    assert (first, second) == (-signal.SIGKILL, -signal.SIGKILL), words
    assert len(rows(folder)) == 1
    (first, words), (second, _) = pair(tmp_path, data, environment, "1000", "3")
    assert (first, second) == (0, -signal.SIGKILL), words
    assert "interrupted Another process of this run is gone" in words  # the one that is left says so, and leaves
    status = json.loads((folder / "status.json").read_text())
    assert (status["state"], status["sentence"][:15]) == ("interrupted", "Another process")
    assert len(rows(folder)) == 1
    assert not (folder / "record.json").exists()
    ended = pair(tmp_path, data, environment)
    assert [code for code, _ in ended] == [0, 0]
    assert all(text.strip().endswith("finished") for _, text in ended), ended
    assert rows(folder) == rows(together)
    mine, theirs = weights(folder), weights(together)
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
