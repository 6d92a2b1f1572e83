"""Two processes that train together are one: same masks, same numbers to rounding, and just as hard to lose."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from shared.data.batch import Batch, Part
from shared.errors import ReproError
from shared.training.team import Team
from shared.training.whole_batch import spread
from shared.training.world import World, digest, lost

PROGRAM = Path(__file__).with_name("two_processes.py")
PATIENCE = 300
Found = list[dict[str, Any]]


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("two_processes", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def free_port() -> int:
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        return int(there.getsockname()[1])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What each of two processes has seen."""
    folder = tmp_path_factory.mktemp("together")
    world = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(PROGRAM), str(folder)]
    both = [
        subprocess.Popen(command, env={**os.environ, **world, "RANK": rank}, stderr=subprocess.PIPE, text=True)
        for rank in "01"
    ]
    try:
        errors = [process.communicate(timeout=PATIENCE)[1] for process in both]
    finally:
        for process in both:
            process.kill()
    assert [process.returncode for process in both] == [0, 0], "\n".join(errors)
    return [torch.load(folder / f"found-{rank}.pt") for rank in range(2)]


@pytest.fixture(scope="module")
def alone(program: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The same run by one process."""
    run = program.engine(tmp_path_factory.mktemp("alone"), World())
    assert run.run() == "finished"
    found: dict[str, Any] = program.outcome(run)
    return found


def test_masks_are_those_of_one_process_on_every_rank(found: Found, alone: dict[str, Any]) -> None:
    assert sum(int((~m).sum()) for m in alone["masks"].values()) > 0
    for rank in found:
        assert all(torch.equal(rank["whole"]["masks"][name], live) for name, live in alone["masks"].items())


def test_numbers_are_those_of_one_process_to_rounding(found: Found, alone: dict[str, Any]) -> None:
    counted = (
        "train_correct",
        "test_correct",
        "test_top5",
        "test_total",
        "remaining",
        "sparsity_after",
        "test_correct_after",
        "val_correct",
        "val_total",
    )
    for rank in found:
        rows = rank["whole"]["rows"]
        assert [[r[k] for k in counted] for r in rows] == [[r[k] for k in counted] for r in alone["rows"]]
        for key in ("train_loss", "penalty", "test_loss", "test_penalty"):
            assert [r[key] for r in rows] == pytest.approx([r[key] for r in alone["rows"]], rel=1e-6)
        for name, weight in alone["weights"].items():
            torch.testing.assert_close(rank["whole"]["weights"][name], weight, rtol=0, atol=1e-6)
    assert any(row["penalty"] > 0 for row in alone["rows"])


def test_all_ranks_hold_the_same_bits(found: Found) -> None:
    first, second = (rank["whole"] for rank in found)
    assert digest(first["weights"]) == digest(second["weights"])
    assert first["rows"] == second["rows"]
    assert first["extra"] == second["extra"]


def test_a_run_cut_and_continued_ends_bit_identical(found: Found) -> None:
    for rank in found:
        cut, whole = rank["cut"], rank["whole"]
        assert 0 < cut["done"] < len(whole["rows"])
        assert cut["rows"] == whole["rows"]
        assert digest(cut["weights"]) == digest(whole["weights"])
        assert digest(cut["masks"]) == digest(whole["masks"])


def test_all_leave_when_one_is_asked_to(found: Found) -> None:
    assert "Another process" in found[0]["stopped"]
    assert "Stopped by hand after a whole epoch" in found[1]["stopped"]


def test_a_process_that_goes_its_own_way_stops_the_run_everywhere(found: Found) -> None:
    assert found[0]["odd"] == found[1]["odd"]
    assert "Process 1 of 2 does not have the same weights and masks" in found[0]["odd"]


@pytest.mark.parametrize("case", ["layers", "single"])
def test_layers_see_the_whole_batch_forward_and_backward(found: Found, case: str) -> None:
    for rank in found:
        assert rank[case] == pytest.approx(dict.fromkeys(rank[case], 0.0), abs=1e-10)


@pytest.mark.parametrize(("n", "of"), [(10, 3), (2, 4), (0, 2), (7, 1)])
def test_parts_divide_rows_evenly_and_completely(n: int, of: int) -> None:
    rows = [list(range(n))[Part(rank, of).rows(n)] for rank in range(of)]
    assert [i for part in rows for i in part] == list(range(n))
    assert max(map(len, rows)) - min(map(len, rows)) <= 1


def test_a_part_knows_its_place() -> None:
    batch = Batch(torch.arange(5.0)[:, None], torch.arange(5))
    assert batch.part(Part()) is batch
    part = batch.part(Part(1, 2))
    assert (part.first, part.whole, part.labels.tolist()) == (2, 5, [2, 3, 4])


def test_what_only_one_process_can_train_is_refused() -> None:
    world = World(0, 2)
    with pytest.raises(ReproError, match="use bf16 with several"):
        Team(world, nn.Linear(2, 2), "bf16-compiled")
    with pytest.raises(ReproError, match="0 is a BatchNorm3d, which cannot be trained by several"):
        spread(nn.Sequential(nn.BatchNorm3d(2)), world)


def test_only_errors_of_the_connection_mean_a_lost_process() -> None:
    assert lost(RuntimeError("[pair.cc:553] Connection closed by peer [127.0.0.1]:1"))
    assert not lost(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not lost(torch.OutOfMemoryError("CUDA out of memory"))
