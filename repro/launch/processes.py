"""Several processes that train one run together, as ``torchrun`` or SLURM's ``srun`` started them.

Which process this is stands in its environment: ``RANK`` and ``WORLD_SIZE`` from torchrun, ``SLURM_PROCID`` and
``SLURM_STEP_NUM_TASKS`` from srun; where they meet in ``MASTER_ADDR`` and ``MASTER_PORT``. Only ``repro run`` reads it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.errors import ReproError

if TYPE_CHECKING:
    import torch

    from shared.training.world import World

PATIENCE = timedelta(minutes=30)
"""How long processes wait for each other: the first may have to decode a data set."""


@dataclass(frozen=True)
class Launch:
    """One of the processes of a run.

    Attributes:
        rank, size: its number, from 0, and how many there are.
        local_rank, local_size: the same on its machine.
    """

    rank: int
    size: int
    local_rank: int
    local_size: int

    @property
    def leads(self) -> bool:
        """Whether this process writes, and talks to the user."""
        return self.rank == 0


def launched(environment: Mapping[str, str] = os.environ) -> Launch | None:
    """Which process this is, or ``None`` where it is the only one.

    Raises:
        ReproError: if srun started several, but did not say where they meet.
    """
    torchrun = int(environment.get("WORLD_SIZE", "1"))
    if torchrun > 1 and "RANK" in environment:
        rank = int(environment["RANK"])
        local = int(environment.get("LOCAL_RANK", str(rank)))
        return Launch(rank, torchrun, local, int(environment.get("LOCAL_WORLD_SIZE", str(torchrun))))
    tasks = int(environment.get("SLURM_STEP_NUM_TASKS", "1"))
    if tasks == 1:
        return None
    if "MASTER_ADDR" not in environment or "MASTER_PORT" not in environment:
        raise ReproError(
            f"srun started {tasks} processes of one run; export MASTER_ADDR (the first machine) and MASTER_PORT before "
            "srun to let them train it together, or use --ntasks=1."
        )
    here = int(environment.get("SLURM_STEP_TASKS_PER_NODE", str(tasks)).split("(")[0].split(",")[0])
    return Launch(int(environment["SLURM_PROCID"]), tasks, int(environment.get("SLURM_LOCALID", "0")), here)


def refuse_torchrun(command: str, environment: Mapping[str, str] = os.environ) -> None:
    """Refuse a command of many runs, which would be executed by every process.

    Under srun alone, where every task has devices of its own, they divide the runs among them: each waits for those
    that another one has.

    Raises:
        ReproError: under torchrun with several processes.
    """
    if int(environment.get("WORLD_SIZE", "1")) > 1 and "RANK" in environment:
        raise ReproError(
            f"torchrun trains one run with several processes, and `repro {command}` is about many runs; start it "
            "without torchrun (--jobs and --per-gpu run several at once), or put `repro run` behind torchrun."
        )


def device_of(launch: Launch, name: str) -> torch.device:
    """The device of a process: the GPU of its local number, or the CPU.

    Raises:
        ReproError: if one device is named for all, or the machine has fewer GPUs than processes.
    """
    import torch

    from shared.training.engine import device_named

    device = device_named(name)
    if device.type != "cuda":
        return device
    if device.index is not None:
        raise ReproError(f"--device {name} is one GPU, and there are {launch.local_size} processes; use --device cuda.")
    if launch.local_rank >= torch.cuda.device_count():
        raise ReproError(
            f"There are {launch.local_size} processes, but {torch.cuda.device_count()} GPUs on this machine; "
            f"use --nproc-per-node {torch.cuda.device_count()}."
        )
    return torch.device("cuda", launch.local_rank)


@contextmanager
def joined(launch: Launch, name: str) -> Iterator[World]:
    """Meet the other processes, by NCCL on GPUs and by Gloo on CPUs; leave them at the end.

    Args:
        launch: which process this is.
        name: of the device, as typed.

    Raises:
        ReproError: if PyTorch lacks the backend, or the others cannot be met.
    """
    import torch
    import torch.distributed as dist

    from shared.training.world import World

    device = device_of(launch, name)
    backend = "nccl" if device.type == "cuda" else "gloo"
    if not dist.is_available() or not dist.is_backend_available(backend):
        raise ReproError(
            f"This PyTorch has no {backend}, by which {launch.size} processes on {device.type} would exchange "
            "gradients; install a build that has it, or start one process without torchrun."
        )
    if device.type == "cuda":
        torch.cuda.set_device(device)
    try:
        dist.init_process_group(backend, rank=launch.rank, world_size=launch.size, timeout=PATIENCE)
    except (dist.DistError, RuntimeError, ValueError) as error:
        where = f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}"
        raise ReproError(
            f"Process {launch.rank} of {launch.size} could not meet the others at {where} ({error})."
        ) from error
    try:
        yield World(launch.rank, launch.size, device)
    finally:
        dist.destroy_process_group()
