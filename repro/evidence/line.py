"""One record, one line of JSON, and back.

``to_line`` lays a line out so that ``Reader`` can take it apart without parsing all of it: the protocol stands in its
canonical form (its SHA-256 is checked as text); layer table, extra part and curve stay text. A line in any other layout
is read too, only more slowly; a test holds the two ways equal.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from repro.evidence.apart import take_apart
from repro.evidence.curve import Curve
from repro.evidence.extra import Extra
from repro.evidence.layers import Layers
from repro.evidence.problem import first_of
from repro.evidence.record import Environment, Record
from shared.protocol import Protocol

SCHEMA = 1
"""The newest record schema (and protocol schema) this version reads."""

# In canonical JSON only ``variant`` can follow ``seed``, so what this matches at the end of the text is the run's seed.
_SEED = re.compile(rb',"seed":(0|[1-9]\d*)((?:,"variant":"[^"\\]*")?\})$')


class LineError(ValueError):
    """A line that is not a record this version can use; the message says why."""


def to_line(record: Record) -> bytes:
    """The record as one line of JSON, newline included."""
    outcome = record.outcome.model_dump_json(exclude={"curve"}).encode()[:-1]
    rest = record.model_dump_json(exclude={"schema_version", "identity", "protocol", "outcome"}).encode()[1:]
    return b"".join(
        [
            b'{"schema_version":%d,"identity":%s' % (record.schema_version, to_json(record.identity)),
            b',"protocol":' + record.protocol.canonical_json().encode(),
            b',"outcome":' + outcome + b',"curve":' + record.outcome.curve.json() + b"},",
            rest + b"\n",
        ]
    )


class Reader:
    """Reads lines; remembers protocols and environments, since runs of a study differ in their seed alone."""

    def __init__(self) -> None:
        self._environments: dict[bytes, Environment] = {}
        self._protocols: dict[bytes, Protocol] = {}

    def read(self, line: bytes, where: str = "") -> Record:
        """One record.

        Args:
            line: one JSON object, with or without the newline.
            where: file and line, for errors about what stays text.

        Returns:
            The record; its curve, layer table and extra part are parsed at the first access where the layout allows.

        Raises:
            LineError: if it is not JSON, not a record, of a newer schema, or not the run its identity names.
        """
        try:
            return self._fast(line, where) or self._plain(line)
        except ValidationError as error:
            raise LineError(first_of(error)) from None

    def _plain(self, line: bytes) -> Record:
        value = _parse(line)
        record = Record.model_validate(value)
        if record.identity != record.protocol.identity:
            raise LineError(_mismatch(value["identity"], record.protocol.identity))
        return record

    def _fast(self, line: bytes, where: str) -> Record | None:
        """The record, if the line has the layout of ``to_line``."""
        parts = take_apart(line)
        protocol = None if parts is None else self._protocol(parts.protocol, parts.identity)
        if parts is None or protocol is None:
            return None
        value = _parse(parts.rest)
        outcome = value["outcome"]
        if not isinstance(outcome, dict) or "curve" in outcome:
            return None
        for name, kind, text in (("layers", Layers, parts.layers), ("extra", Extra, parts.extra)):
            if text is not None:
                if outcome.get(name, 0) is not None:
                    return None  # the piece that was cut out belongs somewhere else
                outcome[name] = kind(text, where)
        if parts.environment is not None:
            if value.get("environment", 0) is not None:
                return None
            value["environment"] = self._environment(parts.environment)
        value["protocol"] = protocol
        outcome["curve"] = Curve(parts.curve, where)
        return Record.model_validate(value)

    def _environment(self, text: bytes) -> Any:
        """The environment of a text; if it is none, plain values in which the validation of the record will say why."""
        if text not in self._environments:
            value = _parse_json(text)
            try:
                self._environments[text] = Environment.model_validate(value)
            except ValidationError:
                return value
        return self._environments[text]

    def _protocol(self, text: bytes, identity: str) -> Protocol | None:
        """The protocol of a canonical text whose hash is the identity, else ``None``."""
        seed = _SEED.search(text)
        if seed is None or b'"schema_version"' in text or hashlib.sha256(text).hexdigest() != identity:
            return None
        study = text[: seed.start()] + seed[2]
        known = self._protocols.get(study)
        if known is None:
            known = Protocol.model_validate_json(text)
            if known.identity != identity:
                return None
            self._protocols[study] = known
        return known.model_copy(update={"seed": int(seed[1])})


def _parse_json(text: bytes) -> Any:
    try:
        return from_json(text)
    except ValueError as error:
        raise LineError(f"this is not JSON ({error})") from None


def _parse(line: bytes) -> dict[str, Any]:
    """The line as plain values, once it is known to be a record of a schema we read."""
    value = _parse_json(line)
    if not isinstance(value, dict) or "identity" not in value or "protocol" not in value:
        raise LineError("this is not a record (it has no identity and protocol)")
    protocol = value["protocol"] if isinstance(value["protocol"], dict) else {}
    for name, version in (("record", value.get("schema_version", 1)), ("protocol", protocol.get("schema_version", 1))):
        if isinstance(version, int) and version > SCHEMA:
            raise LineError(f"it has {name} schema {version}, newer than {SCHEMA}; upgrade pruning-repro to read it")
    return value


def _mismatch(stated: object, actual: str) -> str:
    return f"its identity {str(stated)[:12]} does not match its protocol ({actual[:12]}); the record was altered"
