"""Inference time joins the record of a run that asks for it, and changes nothing else."""

import json

import pytest

from papers.synflow import paper
from repro.launch.execute import execute
from repro.launch.job import Job
from shared.protocol import Train


def tiny(variant):
    protocol = paper.scales["demo"](paper.build({"network": "fc", "dataset": "mnist", "pruner": "mag", "seed": 1,
                                                 "compression": 5.0, "variant": variant}))  # fmt: skip
    shorter = tuple(p.model_copy(update={"epochs": 1}) if isinstance(p, Train) else p for p in protocol.phases)
    return protocol.with_(phases=shorter)


@pytest.mark.parametrize(("variant", "timed"), [("corrected", True), ("head", False)])
def test_a_run_is_timed_where_its_variant_is_that_of_the_assignment(tmp_path, variant, timed):
    ended = execute(Job(tiny(variant), tmp_path / variant, "tiny", device="cpu"))
    assert ended.state == "finished", ended.sentence
    outcome = json.loads((tmp_path / variant / "record.json").read_text())["outcome"]
    found = outcome["extra"].get("inference")
    assert (found is not None) == timed
    if timed:
        assert found["images"] == 16
        assert found["pruned"]["parameters"] == outcome["parameters"]
        assert found["pruned"]["macs"] == outcome["macs_dense"]


def test_a_measurement_that_fails_costs_a_note_and_not_the_run(tmp_path, monkeypatch):
    def broken(engine):
        raise RuntimeError("no clock")

    monkeypatch.setattr("papers.synflow.inference.after", broken)
    ended = execute(Job(tiny("corrected"), tmp_path / "run", "tiny", device="cpu"))
    assert ended.state == "finished", ended.sentence
    extra = json.loads((tmp_path / "run" / "record.json").read_text())["outcome"]["extra"]
    assert "inference" not in extra
    assert extra["not_measured"] == "papers.synflow.inference:after: RuntimeError: no clock"
