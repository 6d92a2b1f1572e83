"""How far the data of a run are from the original's, as its record says (DESIGN 5)."""

from __future__ import annotations

from repro.evidence.record import Record
from shared.claims import Deviation

FINGERPRINTED = ("mnist", "cifar10")
"""Data sets whose original arrays have a known fingerprint; of others the pixels depend on the decoder."""


def data_effect(record: Record) -> float | Deviation:
    """The worst-case effect of a record's data on an accuracy, in points, or the deviation that bars it.

    Data accounted for image by image have a stated effect. Data that should have the original's fingerprint but do not,
    and are not accounted for, are other data. Where no fingerprint can exist, or the record does not speak about its
    data, nothing is held against it.
    """
    stated = record.environment.model_extra or {}
    status = stated.get("data_status")
    if status == "accounted":
        return float(stated.get("worst_case_points", 0.0))
    if status == "unknown" and record.protocol.data.name in FINGERPRINTED:
        found = record.environment.data.get("test", "unknown")[:12]
        return Deviation("data.fingerprint", "the original's", found, True)
    return 0.0
