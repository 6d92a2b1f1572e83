"""Which of several processes this is, and what several processes must not be asked to do."""

from __future__ import annotations

import pytest
import torch

from repro.cli import main
from repro.launch.processes import Launch, device_of, joined, launched, refuse_torchrun
from shared.errors import ReproError

TORCHRUN = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4"}
MEETING = {"MASTER_ADDR": "node1", "MASTER_PORT": "29500"}
SRUN = {
    "SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "6", "SLURM_LOCALID": "1", "SLURM_STEP_TASKS_PER_NODE": "2(x3)",
}  # fmt: skip


def test_a_process_knows_its_place_from_torchrun_or_srun() -> None:
    assert launched(TORCHRUN) == Launch(5, 8, 1, 4)
    assert launched(SRUN | MEETING) == Launch(3, 6, 1, 2)
    assert launched(SRUN | MEETING | TORCHRUN) == Launch(5, 8, 1, 4)  # srun torchrun ...


@pytest.mark.parametrize(
    "alone", [{}, {"RANK": "0", "WORLD_SIZE": "1"}, {"SLURM_PROCID": "0", "SLURM_NTASKS": "4"}, {"WORLD_SIZE": "8"}]
)
def test_one_process_is_alone(alone: dict[str, str]) -> None:
    assert launched(alone) is None


def test_srun_must_say_where_processes_meet() -> None:
    with pytest.raises(ReproError, match="export MASTER_ADDR"):
        launched(SRUN)


def test_commands_of_many_runs_are_refused_under_torchrun_alone() -> None:
    with pytest.raises(ReproError, match="`repro sweep` is about many runs"):
        refuse_torchrun("sweep", TORCHRUN)
    for command in ("sweep", "verify"):
        refuse_torchrun(command, SRUN)  # several of them divide the runs


@pytest.mark.parametrize("words", [["sweep", "flipout"], ["verify", "flipout", "--table", "vgg19"]])
def test_the_command_line_refuses_them(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    assert f"`repro {words[0]}` is about many runs" in capsys.readouterr().err


def test_each_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.training.engine.device_named", torch.device)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device_of(Launch(3, 4, 1, 2), "cuda") == torch.device("cuda", 1)
    assert device_of(Launch(3, 4, 1, 2), "cpu") == torch.device("cpu")
    with pytest.raises(ReproError, match="use --device cuda"):
        device_of(Launch(1, 2, 1, 2), "cuda:1")
    with pytest.raises(ReproError, match="3 processes, but 2 GPUs"):
        device_of(Launch(2, 3, 2, 3), "cuda")


def test_a_missing_backend_and_a_meeting_that_fails_are_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in MEETING:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ReproError, match="could not meet the others"), joined(Launch(1, 2, 1, 2), "cpu"):
        pass
    monkeypatch.setattr(torch.distributed, "is_backend_available", lambda name: False)
    with pytest.raises(ReproError, match="has no gloo"), joined(Launch(1, 2, 1, 2), "cpu"):
        pass
