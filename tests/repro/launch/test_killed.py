"""Processes killed at random moments: the run continues each time and ends as if nothing had happened.

``make torture`` kills 200 times; ``REPRO_KILLS`` sets another number.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time

import pytest

from repro.launch.execute import execute
from repro.launch.job import Job

KILLS = int(os.environ.get("REPRO_KILLS", "20"))
HEAVY = ["repro.launch.execute", "shared.training.engine", "papers.flipout.components", "sklearn.datasets"]


def start(job: Job) -> multiprocessing.process.BaseProcess:
    """A process that executes the job, forked from one that has the imports behind it."""
    how = multiprocessing.get_context("forkserver")
    how.set_forkserver_preload(HEAVY)
    process = how.Process(target=execute, args=(job,))
    process.start()
    return process


@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_bit_identical(make, outcome):
    chance = random.Random(os.environ.get("REPRO_KILLS_SEED", "0"))
    start(make(seed=1)).join()  # the imports
    kills, seed = 0, 41
    while kills < KILLS:
        seed += 1
        straight, cut = (make(epochs=12, seed=seed, runs=r) for r in ("straight", "cut"))
        began = time.monotonic()
        start(straight).join()
        whole = time.monotonic() - began
        while not (cut.directory / "record.json").exists():
            process = start(cut)
            process.join(chance.uniform(0, whole if kills < KILLS else 600))
            if process.is_alive():
                kills += 1
                process.kill()
                process.join()
        assert outcome(cut) == outcome(straight), f"seed {seed} differs after {kills} kills"
        print(f"{kills} kills, run {seed} bit-identical", flush=True)
