"""Execute one run in this process, from its checkpoint if there is one, and leave a record behind."""

from __future__ import annotations

import errno
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

from repro.evidence.record import Cost, Outcome, Record
from repro.evidence.store import usable
from repro.launch import shortage
from repro.launch.environment import environment
from repro.launch.job import Ended, Job
from repro.launch.processes import joined
from repro.launch.signals import heeding
from repro.registry import load
from shared.errors import ReproError
from shared.lazy import attribute
from shared.training.rundir import RunDirectory, RunInUseError, write_atomic
from shared.training.stop import Stop, Stopped

if TYPE_CHECKING:
    from shared.training.engine import Engine
    from shared.training.world import World

LOST = "Another process of this run is gone; the same command continues from the last checkpoint."


def execute(job: Job) -> Ended:
    """Run a job to its end.

    Nothing is raised for a run that fails: its state and a sentence are in ``status.json`` and in the result, so that
    other runs go on. A record that exists already is left alone, unless it is damaged.
    """
    stop = Stop(job.deadline)
    try:
        with heeding(stop), _held(job) as (directory, world):
            if usable(job.directory):
                return Ended(job, "finished")
            return _run(job, directory, stop, world)
    except RunInUseError as error:
        return Ended(job, "failed", str(error), busy=True)
    except ReproError as error:
        return Ended(job, "failed", str(error))
    except OSError as error:
        return Ended(job, "failed", _explain(error, job))
    except RuntimeError as error:  # the others left before this run began
        if job.launch is None or not _lost(error):
            raise
        return Ended(job, "interrupted", LOST)


@contextmanager
def _held(job: Job) -> Iterator[tuple[RunDirectory, World | None]]:
    """The run directory, locked; where several processes train the run, the first has the lock and all wait for it."""
    if job.launch is None:
        directory = RunDirectory(job.directory)
        with directory.locked():
            yield directory, None
        return
    from shared.training.follower import Follower

    with joined(job.launch, job.device) as world:
        directory = RunDirectory(job.directory) if world.leads else Follower(job.directory)
        with directory.locked() if world.leads else nullcontext():
            world.wait()
            yield directory, world


def _run(job: Job, directory: RunDirectory, stop: Stop, world: World | None) -> Ended:
    def note(state: str, sentence: str = "", **values: str) -> None:
        with suppress(OSError):  # a disk that takes nothing more: the sentence still reaches the user
            directory.set_status(state, sentence, label=job.label, **values)

    def interrupted(sentence: str) -> Ended:
        note("interrupted", sentence)
        return Ended(job, "interrupted", sentence)

    try:
        directory.start(job.protocol)
        directory.set_status("running", label=job.label)
        state = _train(job, directory, stop, world)
    except KeyboardInterrupt:
        return interrupted(stop.lost())
    except Stopped as stopped:
        return interrupted(str(stopped))
    except ReproError as error:
        note("failed", str(error))
        return Ended(job, "failed", str(error))
    except Exception as error:  # a bug or the machine: the other runs go on
        if world is not None and _lost(error):
            return interrupted(LOST)
        sentence = _explain(error, job)
        note("failed", sentence, traceback=traceback.format_exc())
        return Ended(job, "failed", sentence, again=True)
    note(state)
    return Ended(job, "diverged" if state == "diverged" else "finished")


def _lost(error: Exception) -> bool:
    from shared.training.world import lost

    return lost(error)


def _train(job: Job, directory: RunDirectory, stop: Stop, world: World | None) -> str:
    import torch

    from shared.training.engine import Engine, device_named
    from shared.training.outcome import summarise, write_artifacts
    from shared.training.setup import prepare_run

    torch.set_num_threads(job.threads)
    device = device_named(job.device) if world is None else world.device
    workers = job.threads if device.type == "cuda" else 0  # on a CPU the network needs the cores itself
    setup = prepare_run(job.protocol, job.data_dir, device, workers=workers)
    paper = load(job.protocol.paper)
    engine = Engine(
        job.protocol,
        setup,
        directory,
        own=paper.components,
        prefixes=job.prefixes,
        checkpoint_seconds=job.checkpoint_seconds,
        stop=stop,
        world=world,
    )
    state = engine.run()
    outcome = summarise(engine, state)
    if not engine.world.leads:
        return state
    if state == "finished" and paper.afterwards:
        outcome["extra"] |= _afterwards(paper.afterwards, engine)
    write_artifacts(engine, outcome)
    record = Record(
        identity=job.protocol.identity,
        protocol=job.protocol,
        outcome=Outcome.model_validate(outcome),
        environment=environment(device, setup.data, job.threads, engine.world.size),
        cost=Cost(seconds=round(sum(r["seconds"] for r in engine.rows), 3), epochs=len(engine.rows)),
        finished_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )
    write_atomic(job.directory / "record.json", record.model_dump_json() + "\n")
    return state


def _afterwards(where: str, engine: Engine) -> dict[str, Any]:
    """What the paper measures of a finished run; a measurement that fails costs a note, not the run."""
    try:
        measured: dict[str, Any] = attribute(where)(engine)
    except Exception as error:
        return {"not_measured": f"{where}: {type(error).__name__}: {error}"}
    return measured


def _explain(error: Exception, job: Job) -> str:
    text = str(error).strip().splitlines()
    first = text[0] if text else type(error).__name__
    if shortage.is_shortage(error):
        return shortage.sentence(job)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full; free some space and start the same command again."
    if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return f"{job.directory} cannot be written to ({error.strerror}); choose another --runs-dir."
    return f"{type(error).__name__}: {first}"
