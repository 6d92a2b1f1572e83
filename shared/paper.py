"""A paper, as the product sees it: experiments as data, tables of claims, scales and its own options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.claims import Claim, Compound, Ordering, Steadier, Table, Trend
from shared.errors import unknown
from shared.outside import Entry
from shared.protocol import Protocol, Scale


@dataclass(frozen=True)
class Experiment:
    """One cell of a paper: the protocol that produced a published number, for any seed.

    Attributes:
        id: e.g. ``vgg19/flipout/99.9``.
        title: for people, e.g. ``VGG19, FlipOut, 99.9 %``.
        protocol: the paper-scale protocol for a seed.
        labels: what runs are listed and filtered by (network, method...); ``sparsity_percent`` is where a figure puts
            the runs, unless the sparsity is an outcome.
        who: network and data, for people, e.g. ``VGG19 on CIFAR-10``: each has figures of its own.
        series: the method, for people, without sparsity and strength: a figure joins its runs by a line.
    """

    id: str
    title: str
    protocol: Callable[[int], Protocol]
    labels: Mapping[str, str | float] = field(default_factory=dict)
    who: str = ""
    series: str = ""


@dataclass(frozen=True)
class Option:
    """One option of ``repro run PAPER``: its name on the command line, type, default and help."""

    name: str
    type: type
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    group: str = ""

    @property
    def flag(self) -> str:
        """The option as typed, e.g. ``--prune-interval``."""
        return "--" + self.name.replace("_", "-")


@dataclass(frozen=True)
class Paper:
    """Everything the product needs to know about one paper.

    Attributes:
        name: what one types, e.g. ``flipout``.
        experiments: id to experiment.
        tables: id to table.
        options: the paper's own options of ``repro run``.
        build: options that were typed -> paper-scale protocol (``seed`` among them); raises ``ReproError``.
        scales: name to a function from a paper-scale protocol to the protocol at that scale.
        components: registered component name -> ``"module:Class"``, beside the shared ones.
        sentences: the qualitative claims, not bound to one table.
        appendix: ``"module:function"`` that makes the report's figures and findings of this paper alone
            (``shared.appendix``).
        entries: where a method from outside can take the place of one of the paper's own (``repro compare``).
        afterwards: ``"module:function"`` that measures what belongs to the machine and not to the protocol, e.g.
            inference time: called with the engine of a run that finished, it returns what joins ``outcome.extra``.
    """

    name: str
    title: str
    citation: str
    experiments: Mapping[str, Experiment]
    tables: Mapping[str, Table]
    options: tuple[Option, ...]
    build: Callable[[Mapping[str, Any]], Protocol]
    scales: Mapping[Scale, Callable[[Protocol], Protocol]]
    components: Mapping[str, str] = field(default_factory=dict)
    sentences: tuple[Claim, ...] = ()
    variants: Mapping[str, str] = field(default_factory=dict)
    scale_notes: Mapping[Scale, str] = field(default_factory=dict)
    appendix: str = ""
    afterwards: str = ""
    entries: tuple[Entry, ...] = ()

    def table(self, name: str) -> Table:
        """The table of that name or alias.

        Raises:
            ReproError: if there is none, with the nearest names.
        """
        for table in self.tables.values():
            if name == table.id or name in table.aliases:
                return table
        raise unknown(f"{self.name} table", name, self.tables)

    def at_scale(self, experiment: str, scale: Scale, seed: int) -> Protocol:
        """The protocol of an experiment at a scale."""
        return self.scales[scale](self.experiments[experiment].protocol(seed))


def experiments_of(claim: Claim) -> tuple[str, ...]:
    """Ids of the experiments whose runs a claim needs; empty for counts and laws."""
    if isinstance(claim, Ordering):
        return (claim.better, claim.worse)
    if isinstance(claim, Trend):
        return claim.experiments
    if isinstance(claim, Steadier):
        return tuple(experiment for pair in claim.pairs for experiment in pair)
    if isinstance(claim, Compound):
        return tuple(dict.fromkeys(e for part in claim.parts for e in experiments_of(part)))
    experiment = getattr(claim, "experiment", None)
    return (experiment,) if experiment else ()
