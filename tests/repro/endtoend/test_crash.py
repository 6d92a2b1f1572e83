"""Nothing is lost: a killed, interrupted or starved run, started again by the same command, is the same run."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TINY = Path(__file__).with_name("tiny_run.py")
HEARS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
"""A shell starts what it runs in the background deaf to Ctrl-C, these tests included."""
REPRO = [sys.executable, "-c", HEARS + "from repro.cli import main; main()"]
SLOW = ["--scale", "demo", "--set", "model.width=0.05", "--set", "phases.train.batch_size=2"]
RUN = ["run", "flipout", "--network", "lenet300", "--method", "none", *SLOW, "--set", "phases.train.epochs=4"]
RUN += ["--set", "phases.train.schedule.milestones=[2]", "--no-mlflow"]
PATIENCE = 120


@pytest.fixture(scope="module")
def tiny() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tiny_run", TINY)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """Runs set the number of threads of their process."""
    import torch

    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def start(folder: Path, *step: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TINY), str(folder), *map(str, step)]
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def rows(folder: Path) -> list[dict[str, Any]]:
    """The metric stream without what a clock decides."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


def everything(folder: Path) -> dict[str, Any]:
    """Weights, masks, flip counters, metrics and outcome: all that must be bit-identical."""
    last = max((folder / "checkpoint").glob("[0-9]*"), key=lambda p: p.name)
    record = json.loads((folder / "record.json").read_text())
    record["outcome"]["curve"].pop("seconds")
    return {
        "weights": (last / "tensors.safetensors").read_bytes(),
        "masks": (folder / "masks.safetensors").read_bytes(),
        "flips": (folder / "flips.safetensors").read_bytes(),
        "layers": (folder / "layers.csv").read_text(),
        "rows": rows(folder),
        "outcome": record["outcome"],
        "identity": record["identity"],
    }


def test_a_run_killed_in_the_middle_of_epochs_ends_bit_identical(
    tmp_path: Path, tiny: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from repro.launch.execute import execute
    from shared.training import outcome

    whole, cut = tmp_path / "whole" / "run", tmp_path / "cut" / "run"
    monkeypatch.setattr(outcome, "summarise", outcome.summarise)  # put back at the end
    tiny.keep_flips(whole)
    assert execute(tiny.job(whole)).state == "finished"
    for epoch in (1, 5):
        killed = start(cut, (epoch - 1) * tiny.STEPS + 3)
        assert killed.returncode == -signal.SIGKILL
        assert not (cut / "record.json").exists()
        assert json.loads((cut / "status.json").read_text())["state"] == "running"
        assert len(rows(cut)) == epoch - 1
    newest = max((cut / "checkpoint").glob("[0-9]*"), key=lambda p: p.name) / "tensors.safetensors"
    content = newest.read_bytes()
    newest.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    finished = start(cut)
    assert (finished.returncode, finished.stdout.strip()) == (0, "finished"), finished.stderr
    assert "passed over a damaged checkpoint" in finished.stderr
    assert everything(cut) == everything(whole)
    assert len(rows(cut)) == tiny.EPOCHS
    assert [bool(r["events"]) for r in rows(cut)] == [False, True, False, True, False, False]
    assert json.loads((cut / "status.json").read_text())["state"] == "finished"


Process = subprocess.Popen[str]


@contextmanager
def running(words: list[str], runs: Path, **environment: str) -> Iterator[Process]:
    """The command line in a process of its own, from the moment at which a run has done its first epoch."""
    command = [*REPRO, *words, "--runs-dir", str(runs)]
    where = {**os.environ, **environment}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=where) as process:
        try:
            end = time.monotonic() + PATIENCE
            while not streams(runs):
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < end
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


def streams(runs: Path) -> list[Path]:
    return [p for p in runs.rglob("metrics.jsonl") if p.read_text().strip()]


def stop(process: Process) -> str:
    """Ctrl-C, and what it wrote to stderr."""
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=PATIENCE)[1]


def test_ctrl_c_in_a_run_of_its_own_process(home: Path, repro: Callable[..., Any]) -> None:
    with running(RUN, home / "stopped") as process:
        process.send_signal(signal.SIGSTOP)
        second = repro(*RUN, "--runs-dir", home / "stopped")
        assert (second.code, second.out) == (2, "")
        assert f"in use by process {process.pid}" in second.err
        process.send_signal(signal.SIGCONT)
        said = stop(process)
    assert process.returncode == 130
    assert "the same command continues" in said
    assert "Traceback" not in said
    folder = streams(home / "stopped")[0].parent
    assert json.loads((folder / "status.json").read_text())["state"] == "interrupted"
    assert not (folder / "record.json").exists()
    again = json.loads(repro(*RUN, "--runs-dir", home / "stopped", "--json").out)
    straight = json.loads(repro(*RUN, "--runs-dir", home / "straight", "--json").out)
    assert again["record"]["outcome"]["last"] == straight["record"]["outcome"]["last"]
    assert rows(folder) == rows(Path(straight["directory"]))


def test_ctrl_c_in_a_verification(home: Path, toy: Path, root: Path, repro: Callable[..., Any]) -> None:
    words = ["verify", "toy", "-t", "digits", "--scale", "paper", "--seeds", "3", "--jobs", "1", "--no-mlflow"]
    path = os.pathsep.join([str(toy), str(root / "examples" / "toy_paper")])
    with running(words, home / "verified", PYTHONPATH=path) as process:
        said = stop(process)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    done = {p: p.read_bytes() for p in (home / "verified").rglob("record.json")}
    assert len(done) < 6
    states = [json.loads(p.read_text())["state"] for p in (home / "verified").rglob("status.json")]
    assert set(states) <= {"interrupted", "finished"}
    finished = repro(*words, "--runs-dir", home / "verified", "--json")
    assert json.loads(finished.out)["failed"] == []
    assert len(list((home / "verified").rglob("record.json"))) == 6
    assert {p: p.read_bytes() for p in done} == done


def full(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Nothing more fits under a folder: what is renamed into place there fails as on a full disk."""
    inner = os.replace

    def replace(source: Any, target: Any, **options: Any) -> None:
        if Path(target).is_relative_to(folder):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        inner(source, target, **options)

    monkeypatch.setattr(os, "replace", replace)


def test_a_full_disk_stops_one_run_with_a_sentence_and_the_next_goes_on(
    tmp_path: Path, tiny: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from repro.launch.execute import execute

    starved, other = tmp_path / "starved", tmp_path / "other"
    with monkeypatch.context() as patch:
        full(patch, starved / "checkpoint")
        ended = [execute(tiny.job(starved)), execute(tiny.job(other, seed=43))]
    assert [e.state for e in ended] == ["failed", "finished"]
    status = json.loads((starved / "status.json").read_text())
    assert status["state"] == "failed"
    assert status["sentence"] == ended[0].sentence
    assert "disk is full" in ended[0].sentence
    assert execute(tiny.job(starved)).state == "finished"
    assert execute(tiny.job(tmp_path / "straight")).state == "finished"
    assert rows(starved) == rows(tmp_path / "straight")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_where_not_even_a_status_can_be_written_the_run_still_ends_in_a_sentence(
    tmp_path: Path, tiny: ModuleType, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    from repro.launch.execute import execute

    def refuse(*arguments: Any, **options: Any) -> None:
        raise OSError(number, os.strerror(number), str(arguments[-1]))

    monkeypatch.setattr(os, "replace", refuse)
    ended = execute(tiny.job(tmp_path / "run"))
    assert ended.state == "failed"
    assert {errno.ENOSPC: "disk is full", errno.EROFS: "--runs-dir"}[number] in ended.sentence


def test_a_file_in_the_way_of_a_run_is_a_sentence(tmp_path: Path, tiny: ModuleType) -> None:
    from repro.launch.execute import execute

    (tmp_path / "file").write_text("")
    ended = execute(tiny.job(tmp_path / "file" / "run"))
    assert ended.state == "failed"
    assert "--runs-dir" in ended.sentence


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_a_sentence(tmp_path: Path, tiny: ModuleType) -> None:
    from repro.launch.execute import execute

    tmp_path.chmod(0o500)
    try:
        ended = execute(tiny.job(tmp_path / "run"))
    finally:
        tmp_path.chmod(0o700)
    assert ended.state == "failed"
    assert "cannot be written to" in ended.sentence
