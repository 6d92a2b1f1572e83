from __future__ import annotations

import json
from pathlib import Path

from repro.launch.job import Ended

GRID = ["--grid", "network=lenet300", "--grid", "method=flipout,global-magnitude", "--scale", "demo"]
SMALL = ["--set", "model.width=0.05", "--set", "phases.train.epochs=3", "--no-mlflow"]
SHORT = ["--set", "phases.train.schedule.milestones=[2]", "--set", "phases.train.methods.prune.options.interval=1"]
SWEEP = ["sweep", "flipout", *GRID, *SMALL, *SHORT]


def test_a_sweep_ends_in_records_and_is_not_repeated(repro, monkeypatch):
    first = repro(*SWEEP, "--json")
    assert first.code == 0, first.err
    document = json.loads(first.out)
    assert (document["schema_version"], document["kind"], document["counts"]) == (1, "sweep", {"finished": 2})
    for run in document["runs"]:
        record = json.loads((Path(run["directory"]) / "record.json").read_text())
        assert (run["identity"], run["remaining"]) == (record["identity"], record["outcome"]["remaining"])
        assert run["attempts"] == 1
    monkeypatch.setattr("repro.sweep.execute", lambda *_, **__: (_ for _ in ()).throw(AssertionError("again")))
    again = repro(*SWEEP, "--json")
    assert again.code == 0
    assert [r["accuracy"] for r in json.loads(again.out)["runs"]] == [r["accuracy"] for r in document["runs"]]


def test_a_damaged_record_fails_its_run_and_no_other(repro):
    first = json.loads(repro(*SWEEP, "--json").out)
    hurt, other = (Path(run["directory"]) / "record.json" for run in first["runs"])
    hurt.write_text("{broken")
    runs = {r["directory"]: r for r in json.loads(repro(*SWEEP, "--dry-run", "--json").out)["runs"]}
    assert runs[str(hurt.parent)]["state"] == "failed"
    assert "damaged" in runs[str(hurt.parent)]["sentence"]
    assert runs[str(other.parent)]["state"] == "finished"
    again = repro(*SWEEP, "--json")
    assert (again.code, json.loads(again.out)["counts"]) == (0, {"finished": 2})


def ending(*states: str):
    """Stands for execution: the jobs end in these states, without a record."""

    def execute(prepared, wanted, **_):
        from repro.request import jobs_for

        jobs, _workers = jobs_for(prepared)
        yield [Ended(j, s, "It broke.", attempts=2) for j, s in zip(jobs, states, strict=True) if s != "new"]  # type: ignore[arg-type]

    return execute


def test_exit_code_3_for_failures_and_130_for_what_goes_on(repro, monkeypatch):
    monkeypatch.setattr("repro.sweep.execute", ending("failed", "failed"))
    failed = repro(*SWEEP)
    assert failed.code == 3
    assert "Failed (2 attempts): method" in failed.err.replace("network=lenet300 ", "")
    assert "It broke." in failed.err
    monkeypatch.setattr("repro.sweep.execute", ending("failed", "new"))
    assert repro(*SWEEP).code == 130


def test_ctrl_c_shows_what_is_there_with_code_130(repro, monkeypatch):
    def stop(prepared, wanted, **_):
        yield []
        raise KeyboardInterrupt

    monkeypatch.setattr("repro.sweep.execute", stop)
    said = repro(*SWEEP)
    assert said.code == 130
    assert "2 to do" in said.out
    assert "the same command" in said.err


def test_a_dry_run_lists_and_runs_nothing(repro, home):
    said = repro(*SWEEP, "--dry-run", "--json")
    assert said.code == 0
    assert json.loads(said.out)["counts"] == {"new": 2}
    assert not (home / "runs").exists()


def test_wrong_use_is_one_sentence_with_code_2(repro):
    for words in (["--time-limit", "soon"], ["--on", "slurm"], ["--grid", "sparsity=2"], ["--queue", "none"]):
        said = repro(*SWEEP, *words)
        assert (said.code, said.out) == (2, "")
        assert said.err.count("Error: ") == 1


def test_without_ray_the_extra_is_named(repro, monkeypatch):
    monkeypatch.setattr("repro.launch.ray.importlib.util.find_spec", lambda name: None)
    said = repro(*SWEEP, "--on", "ray")
    assert said.code == 2
    assert "pip install 'pruning-repro[ray]'" in said.err
