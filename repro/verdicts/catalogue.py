"""A paper's experiments as protocols: built, hashed and compared once per index of runs."""

from __future__ import annotations

from repro.verdicts.run_index import Keys, Runs
from shared.claims import Deviation, deviations
from shared.paper import Paper
from shared.protocol import Protocol, Scale


class Catalogue:
    """The published protocol of each experiment and the keys of its runs, computed when first asked for."""

    def __init__(self, paper: Paper, keys: Keys) -> None:
        self.paper, self.keys = paper, keys
        self._protocols: dict[str, Protocol] = {}
        self._keys: dict[tuple[str, Scale | None], str] = {}
        self._deviations: dict[tuple[str, Scale, str, int], tuple[Deviation, ...]] = {}

    def protocol(self, experiment: str) -> Protocol:
        """The protocol at paper scale, with seed 0."""
        if experiment not in self._protocols:
            self._protocols[experiment] = self.paper.experiments[experiment].protocol(0)
        return self._protocols[experiment]

    def key(self, experiment: str, scale: Scale | None = None) -> str:
        """The key (``study_key``) of an experiment's runs at a scale; of the published protocol by default."""
        if (experiment, scale) not in self._keys:
            published = self.protocol(experiment)
            scaled = self.paper.scales[scale](published) if scale and scale in self.paper.scales else published
            same = scale is not None and scaled is published
            self._keys[experiment, scale] = self.key(experiment) if same else self.keys.of(scaled)
        return self._keys[experiment, scale]

    def deviations(self, experiment: str, protocol: Protocol) -> tuple[Deviation, ...]:
        """Deviations of a run of the experiment, at whatever scale, from the published protocol."""
        settings = (experiment, protocol.scale, protocol.precision, protocol.schema_version)
        if settings not in self._deviations:
            published = self.protocol(experiment)
            # Runs of an experiment at a scale have one key, and where it is that of the published protocol nothing
            # material differs: that spares the comparison setting by setting.
            alike = self.key(experiment, protocol.scale) == self.key(experiment)
            same = alike and settings[2:] == (published.precision, published.schema_version)
            self._deviations[settings] = () if same else tuple(deviations(protocol, published))
        return self._deviations[settings]


def catalogue(runs: Runs, paper: Paper) -> Catalogue:
    """The catalogue of a paper that belongs to an index."""
    where = ("catalogue", paper.name)
    if where not in runs.cache:
        runs.cache[where] = Catalogue(paper, runs.keys)
    found: Catalogue = runs.cache[where]
    return found
