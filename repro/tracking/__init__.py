"""The MLflow view: how people browse runs. Derived from records, never the truth, never needed (DESIGN 2)."""

from repro.tracking.tracker import Tracked, Tracker

__all__ = ["Tracked", "Tracker"]
