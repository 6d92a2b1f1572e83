from __future__ import annotations

import json
from pathlib import Path

import pytest

from repro.registry import load
from shared.protocol import Protocol
from shared.training.engine import Engine

SMALL = ["run", "flipout", "--network", "lenet300", "--scale", "demo", "--set", "model.width=0.05"]
SHORT = ["--set", "phases.train.epochs=3", "--set", "phases.train.schedule.milestones=[2]"]
RUN = [*SMALL, *SHORT, "--set", "phases.train.methods.prune.options.interval=1", "--no-mlflow"]


def test_a_run_ends_in_a_record_and_an_exact_summary(repro):
    said = repro(*RUN, "--json")
    assert said.code == 0, said.err
    document = json.loads(said.out)
    assert (document["schema_version"], document["kind"], document["state"]) == (1, "run", "finished")
    assert document["repeated"] is False
    outcome = document["record"]["outcome"]
    protocol = Protocol.model_validate(document["record"]["protocol"])
    assert document["identity"] == protocol.identity
    assert (protocol.model.name, protocol.epochs, protocol.seed) == ("lenet300", 3, 42)
    summary = " ".join(repro(*RUN).out.split())
    assert f"{outcome['remaining']:,} of {outcome['prunable']:,} prunable left" in summary
    assert f"last {100 * outcome['last']['correct'] / outcome['last']['total']:.2f} %" in summary
    assert document["directory"] in summary


def test_a_finished_run_is_not_repeated(repro, monkeypatch):
    first = json.loads(repro(*RUN, "--json").out)
    monkeypatch.setattr(Engine, "run", lambda self: pytest.fail("trained again"))
    again = repro(*RUN, "--json")
    assert json.loads(again.out) == {**first, "repeated": True}
    assert "finished already" in repro(*RUN).err


def test_restart_says_what_it_deletes_and_trains_again(repro):
    first = json.loads(repro(*RUN, "--json").out)
    (Path(first["directory"]) / "trace-of-the-old-run").write_text("")
    said = repro(*RUN, "--json", "--restart")
    second = json.loads(said.out)
    assert "deleting the finished run in" in said.err
    assert not (Path(first["directory"]) / "trace-of-the-old-run").exists()
    assert second["repeated"] is False
    assert second["record"]["outcome"]["last"] == first["record"]["outcome"]["last"]


def test_a_time_limit_leaves_a_checkpoint_that_the_same_command_finishes(repro):
    straight = json.loads(repro(*RUN, "--json", "--runs-dir", "straight").out)
    said = repro(*RUN, "--json", "--time-limit", "0.001s")
    assert said.code == 130, said.err
    assert "time limit" in said.out + said.err
    finished = json.loads(repro(*RUN, "--json").out)
    assert finished["record"]["outcome"]["last"] == straight["record"]["outcome"]["last"]


def test_a_mistyped_time_limit_is_refused_before_any_work(repro):
    said = repro(*RUN, "--time-limit", "soon")
    assert said.code == 2
    assert "no duration such as 9m" in said.err
    assert not Path("runs").exists()


def test_ctrl_c_leaves_an_interrupted_run_that_the_same_command_finishes(repro, monkeypatch):
    straight = json.loads(repro(*RUN, "--json", "--runs-dir", "straight").out)

    def stop(self: Engine) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "run", stop)
        said = repro(*RUN, "--json")
    assert said.code == 130
    assert json.loads(said.out)["state"] == "interrupted"
    assert "the same command continues" in said.err
    finished = json.loads(repro(*RUN, "--json").out)
    assert finished["record"]["outcome"]["last"] == straight["record"]["outcome"]["last"]


def test_a_run_whose_checkpoints_are_all_damaged_is_refused_until_restart(repro):
    directory = Path(json.loads(repro(*RUN, "--json").out)["directory"])
    (directory / "record.json").unlink()
    for tensors in directory.glob("checkpoint/*/tensors.safetensors"):
        tensors.write_bytes(b"damaged")
    said = repro(*RUN)
    assert said.code == 2
    assert "No checkpoint" in said.err
    assert "delete its checkpoint folder" in said.err
    assert repro(*RUN, "--restart").code == 0


def test_a_damaged_record_is_made_again(repro):
    first = json.loads(repro(*RUN, "--json").out)
    (Path(first["directory"]) / "record.json").write_text("{")
    said = repro(*RUN, "--json")
    assert said.code == 0
    assert json.loads(said.out)["record"]["outcome"] == first["record"]["outcome"]


def test_a_run_that_diverges_says_so_with_code_1(repro):
    words = [*SMALL, "--method", "none", "--lr", "1e20", "--set", "phases.train.epochs=3"]
    said = repro(*words, "--set", "phases.train.schedule.milestones=[2]", "--no-mlflow")
    assert said.code == 1
    assert "diverged" in said.out


def test_a_crash_is_told_in_a_sentence_with_code_3(repro, monkeypatch):
    def crash(self: Engine) -> str:
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(Engine, "run", crash)
    said = repro(*RUN)
    assert said.code == 3
    assert "Out of memory" in said.err
    assert "Traceback" not in said.err


def test_dry_run_prints_the_protocol_and_runs_nothing(repro, home):
    said = repro(
        "run", "flipout", "--method", "snip", "--sparsity", "0.999", "--seed", "43", "--scale", "demo", "--dry-run"
    )
    document = json.loads(said.out)
    paper = load("flipout")
    expected = paper.at_scale("vgg19/snip/99.9", "demo", 43)
    assert Protocol.model_validate(document["protocol"]) == expected
    assert document["identity"] == expected.identity
    assert document["experiment"] == "vgg19/snip/99.9"
    assert "readme-vgg19-snip" in document["claims"]["vgg19"]
    assert not (home / "runs").exists()


def test_another_precision_is_the_same_experiment_and_another_width_is_not(repro):
    words = ["run", "flipout", "--scale", "demo", "--dry-run"]
    assert json.loads(repro(*words, "--precision", "bf16").out)["experiment"] == "vgg19/flipout/99.9"
    assert json.loads(repro(*words, "--set", "model.width=0.5").out)["experiment"] is None


def test_without_cuda_auto_is_the_demo_and_says_why(repro, monkeypatch):
    monkeypatch.setattr("repro.single.has_cuda", lambda: False)
    document = json.loads(repro("run", "flipout", "--dry-run").out)
    assert document["scale"] == "demo"
    assert "CUDA" in document["scale_reason"]


def test_with_cuda_auto_asks_for_the_data(repro, monkeypatch):
    monkeypatch.setattr("repro.single.has_cuda", lambda: True)
    assert json.loads(repro("run", "flipout", "--dry-run").out)["scale_reason"] == "cifar10 is not on this machine"
    monkeypatch.setattr("shared.data.sources.present", lambda data, data_dir=None: True)
    assert json.loads(repro("run", "flipout", "--dry-run").out)["scale"] == "paper"


def test_a_finished_run_is_shown_in_mlflow_with_its_claims(repro, monkeypatch):
    shown = []
    monkeypatch.setattr("repro.tracking.Tracker.log_runs", lambda self, items: shown.extend(items))
    words = [w for w in RUN if w != "--no-mlflow"]
    assert repro(*words).code == 0
    assert [item.record.protocol.model.name for item in shown] == ["lenet300"]
    repro(*RUN)
    assert len(shown) == 1


def test_help_shows_the_papers_options_under_its_name(repro):
    said = repro("run", "flipout", "--help")
    assert said.code == 0
    assert "flipout: pruning" in said.out
    assert "--flipout-p" in said.out


def test_help_without_a_paper_lists_the_papers(repro):
    said = repro("run", "--help")
    assert said.code == 0
    assert "repro run PAPER" in said.out
    assert "flipout" in said.out
