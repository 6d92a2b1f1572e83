"""A real Ray with two workers on this machine, one of which is killed in the middle of its run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from repro.launch.execute import execute
from repro.launch.job import Job
from shared.protocol import Protocol

pytest.importorskip("ray")

SETS = ["model.width=0.05", "phases.train.epochs=30", "phases.train.schedule.milestones=[2]"]
SETS.append("phases.train.methods.prune.options.interval=10")
WORDS = ["sweep", "flipout", "--grid", "network=lenet300", "--seeds", "2", "--scale", "demo", "--device", "cpu"]
WORDS += [w for s in SETS for w in ("--set", s)] + ["--jobs", "2", "--no-mlflow", "--json"]


@pytest.mark.slow
def test_a_worker_killed_on_ray_is_replaced_and_the_records_are_those_of_local_runs(home):
    command = [sys.executable, "-c", "from repro.cli import main; main()", *WORDS]
    settings = {**os.environ, "OMP_NUM_THREADS": "1", "RAY_TMPDIR": "/tmp"}
    settings.pop("RAY_ADDRESS", None)
    command += ["--on", "ray", "--runs-dir", "remote"]
    with subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=settings) as process:
        killed = kill_one(home / "remote", process)
        out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err.decode()
    runs = json.loads(out)["runs"]
    assert {r["state"] for r in runs} == {"finished"}
    assert sorted(r["attempts"] for r in runs) == [1, 2]
    assert [r["attempts"] for r in runs if Path(r["directory"]).name == killed] == [2]
    for run in runs:
        there = home / run["directory"]
        protocol = Protocol.model_validate_json((there / "protocol.json").read_text())
        here = home / "local" / there.name
        assert execute(Job(protocol, here, "", device="cpu")).state == "finished"
        assert outcome(here) == outcome(there)


def outcome(run: Path):
    record = json.loads((run / "record.json").read_text())
    record["outcome"]["curve"].pop("seconds", None)
    return record["identity"], record["outcome"]


def kill_one(runs: Path, process: subprocess.Popen[bytes]) -> str:
    """Kill the process of the first run that has trained an epoch; returns the name of its directory."""
    end = time.monotonic() + 240
    while time.monotonic() < end and process.poll() is None:
        for metrics in runs.glob("*/*/*/metrics.jsonl"):
            if metrics.read_text().count("\n") >= 2:
                os.kill(json.loads((metrics.parent / "status.json").read_text())["pid"], signal.SIGKILL)
                return metrics.parent.name
        time.sleep(0.02)
    pytest.fail(f"no run got on: {process.communicate()[1].decode()}")
