"""What ``repro run`` does, without a screen: from typed options to one run, its refusals and what it stands for."""

from __future__ import annotations

import inspect
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from repro import home
from repro.launch.job import Job
from repro.planning import Run, experiments_for, state_of
from repro.scale import Choice, has_cuda, instead
from repro.settings import override
from shared.errors import ReproError, unknown
from shared.paper import Experiment, Paper
from shared.protocol import Precision, Protocol, Prune, Train
from shared.sanity import with_checks

if TYPE_CHECKING:
    from repro.evidence.record import Record
    from repro.launch.processes import Launch


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was typed after ``repro run PAPER``; ``options`` holds the paper's own options that were typed."""

    options: Mapping[str, Any] = field(default_factory=dict)
    scale: str = "auto"
    seed: int = 42
    variant: str | None = None
    precision: str | None = None
    check: Sequence[str] = ()
    sets: Sequence[str] = ()
    data_dir: Path | None = None
    runs_dir: Path | None = None
    device: str = "auto"
    threads: int | None = None


@dataclass(frozen=True)
class Single:
    """One run, ready to be started.

    Attributes:
        paper: whose protocol it follows.
        asked: what was typed.
        choice: the scale, and why.
        full: the run at paper scale, before ``--precision`` and ``--set``.
        protocol: what will be run.
    """

    paper: Paper
    asked: Asked
    choice: Choice
    full: Protocol
    protocol: Protocol

    @property
    def runs_dir(self) -> Path:
        """The folder of run directories."""
        return home.runs_dir(self.asked.runs_dir)

    @property
    def directory(self) -> Path:
        """Where this run lives."""
        return home.run_path(self.runs_dir, self.protocol)

    @cached_property
    def experiment(self) -> Experiment | None:
        """The paper's experiment that this is a run of, at its scale; another precision is no other experiment."""
        for experiment in self.paper.experiments.values():
            theirs = self.paper.at_scale(experiment.id, self.protocol.scale, self.protocol.seed)
            if self.protocol.with_(precision=theirs.precision).study == theirs.study:
                return experiment
        return None

    @property
    def tables(self) -> dict[str, list[str]]:
        """Tables with claims about the experiment: table id to claim ids."""
        if self.experiment is None:
            return {}
        from shared.paper import experiments_of

        here = self.experiment.id
        found = {
            t.id: [c.id for c in t.claims if here in experiments_of(c)]
            for t in self.paper.tables.values()
            if here in experiments_for(t)
        }
        return found

    def run(self) -> Run:
        """The run as planning and progress know it."""
        e = self.experiment
        title = e.title if e else f"{self.protocol.model.name} of {self.paper.name}"
        return Run(
            e.id if e else "", title, self.protocol.seed, self.protocol, self.directory, state_of(self.directory)
        )


def plan(paper: Paper, asked: Asked) -> Single:
    """Build the run: the paper's options, then the scale, then ``--precision`` and ``--set``.

    Raises:
        ReproError: for anything that cannot be run as typed.
    """
    for name, value in asked.options.items():
        _possible(paper, name, value)
    if asked.variant is not None and asked.variant not in paper.variants:
        raise unknown(f"variant of {paper.name}", asked.variant, paper.variants)
    if asked.precision is not None and asked.precision not in get_args(Precision):
        raise unknown("precision", asked.precision, get_args(Precision))
    if asked.seed < 0:
        raise ReproError(f"--seed must not be negative; it is {asked.seed}.")
    variant = {"variant": asked.variant} if asked.variant is not None else {}
    full = with_checks(paper.build({**asked.options, **variant, "seed": asked.seed}), asked.check)
    choice = scale_of(paper, full, asked.scale, asked.data_dir)
    protocol = paper.scales[choice.scale](full)
    if asked.precision is not None:
        protocol = protocol.with_(precision=asked.precision)
    protocol = override(protocol, asked.sets)
    _known(protocol)
    return Single(paper, asked, choice, full, protocol)


def scale_of(paper: Paper, full: Protocol, wanted: str, data_dir: Path | None) -> Choice:
    """The scale of a run; ``auto`` is the paper's where CUDA and the data are here, and the smallest otherwise.

    Raises:
        ReproError: for a scale that the paper does not have.
    """
    if wanted != "auto":
        if wanted not in paper.scales:
            raise unknown("scale", wanted, [*paper.scales, "auto"])
        return Choice(wanted, "as asked")  # type: ignore[arg-type]
    if not has_cuda():
        return instead(paper, "there is no CUDA device here")
    from shared.data.sources import present

    if not present(full.data, data_dir):
        return instead(paper, f"{full.data.name} is not on this machine")
    return Choice("paper", "there are a CUDA device and the paper's data")


def check(single: Single) -> None:
    """Refuse what would fail later: missing data, a device that is not here, components with wrong options.

    Raises:
        ReproError: one sentence saying what is wrong.
    """
    from repro.doctor import unwritable
    from shared.data.places import roots
    from shared.data.sources import missing, present
    from shared.training import components
    from shared.training.engine import device_named

    data, data_dir, own = single.protocol.data, single.asked.data_dir, single.paper.components
    places = roots(data_dir)
    if not present(data, data_dir):
        raise missing(data.name, places)
    if reason := unwritable(single.runs_dir):
        raise ReproError(f"{single.runs_dir} cannot be written to ({reason}); choose another --runs-dir.")
    device_named(single.asked.device)
    for phase in single.protocol.phases:
        if isinstance(phase, Train):
            components.build(phase.methods, own)
        elif isinstance(phase, Prune):
            takes = inspect.signature(components.resolve(phase.method.name, own))
            try:
                takes.bind(None, None, **phase.method.options)
            except TypeError as error:
                raise ReproError(f"component {phase.method.name!r} refuses its options: {error}.") from error


def job(single: Single, launch: Launch | None = None, deadline: float | None = None) -> Job:
    """The job: one thread for small networks, all cores for large ones, unless ``--threads`` says otherwise.

    Args:
        single: the run.
        launch: which of several processes this is that train it together; those of a machine divide its cores.
        deadline: seconds since 1970 by which it must have left, after a checkpoint.
    """
    from repro.launch.pool import cores
    from repro.request import HEAVY_MACS
    from repro.workload import forward_macs

    asked = single.asked
    mine = max(1, cores() // (launch.local_size if launch else 1))
    threads = asked.threads or (mine if forward_macs(single.protocol.model) > HEAVY_MACS else 1)
    label, beginnings = single.run().label, single.runs_dir / "beginnings"
    return Job(
        single.protocol,
        single.directory,
        label,
        asked.data_dir,
        asked.device,
        threads,
        beginnings,
        launch=launch,
        deadline=deadline,
    )


def record_of(single: Single) -> Record:
    """The record of a finished run.

    Raises:
        ReproError: if it is damaged.
    """
    from repro.evidence.record import Record

    try:
        return Record.model_validate_json((single.directory / "record.json").read_text())
    except ValueError as error:
        raise ReproError(f"The record in {single.directory} is damaged; --restart runs it again.") from error


def forget(single: Single) -> None:
    """Delete everything of this run, so that it starts again (``--restart``).

    Raises:
        ReproError: if another process has it.
    """
    from shared.training.rundir import RunDirectory

    with RunDirectory(single.directory).locked():
        for path in single.directory.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != ".lock":
                path.unlink()


def _possible(paper: Paper, name: str, value: Any) -> None:
    """A typed value is finite and among the option's choices."""
    option = next(o for o in paper.options if o.name == name)
    for one in value if isinstance(value, list) else [value]:
        if option.choices and str(one) not in option.choices:
            raise unknown(f"{paper.name} {name.replace('_', ' ')}", str(one), option.choices)
    if isinstance(value, float) and not math.isfinite(value):
        raise ReproError(f"{option.flag} must be a finite number, not {value}.")


def _known(protocol: Protocol) -> None:
    """Network and data set exist, and prunings happen: what ``--set`` can get wrong. Imports no torch."""
    from shared.data.sources import source
    from shared.models.registry import NETWORKS

    if protocol.model.name not in NETWORKS:
        raise unknown("network", protocol.model.name, NETWORKS)
    source(protocol.data.name)
    for phase in protocol.phases:
        for method in phase.methods if isinstance(phase, Train) else ():
            interval = method.options.get("interval")
            if isinstance(phase, Train) and isinstance(interval, int) and interval >= phase.epochs:
                raise ReproError(
                    f"{method.name} every {interval} epochs never happens in the {phase.epochs} epochs of phase "
                    f"{phase.name} (the last is skipped); lower the interval."
                )
