from __future__ import annotations

import json

import pytest
import torch

from repro import doctor
from repro.device import device_name
from repro.launch.pool import cores


def findings(document):
    return {f["name"]: f for f in document["findings"]}


def test_where_the_demo_can_run_the_code_is_0_and_every_line_says_what_to_do(repro, home):
    said = repro("doctor", "--json")
    document = json.loads(said.out)
    assert said.code == 0
    assert (document["kind"], document["demo_can_run"]) == ("doctor", True)
    assert all(f["ok"] or f["remedy"] for f in document["findings"])
    found = findings(document)
    assert "flipout" in found["papers"]["found"].split(", ")
    assert found["data digits"]["needed"]
    assert found["CPU"]["found"] == f"{device_name(torch.device('cpu'))}, {cores()} cores"
    assert not found["data cifar10"]["ok"]
    assert not (home / "runs").exists()


def test_a_runs_folder_that_cannot_be_written_to_means_code_3(repro, home):
    (home / "file").write_text("")
    said = repro("doctor", "--runs-dir", "file/runs")
    assert said.code == 3
    assert "cannot be written to (not a directory): choose another --runs-dir" in said.out
    assert "The demo cannot run here" in said.out


def test_a_missing_optional_package_does_not_stop_the_demo(repro, monkeypatch):
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    said = repro("doctor", "--json")
    found = findings(json.loads(said.out))
    assert said.code == 0
    assert not found["mlflow"]["ok"]
    assert "pip install mlflow" in found["mlflow"]["remedy"]


@pytest.mark.parametrize("missing", ["Python", "torch"])
def test_what_the_demo_needs_decides(missing):
    rows = [doctor.Finding(n, n != missing, "", "do", needed=True) for n in ("Python", "torch")]
    assert not doctor.demo_can_run(rows)
    assert doctor.demo_can_run([doctor.Finding("mlflow", False, "", "do")])
