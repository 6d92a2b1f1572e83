"""Reaching MLflow: which store, quietly, and without waiting long for a server that does not answer."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

QUIET = ("mlflow.store.db.utils", "mlflow.tracking.fluent", "alembic")
DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # a reproduction sends nothing anywhere unless asked to
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # MLflow's own default waits for minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "GIT_PYTHON_REFRESH": "quiet",
}


def database(runs: Path) -> Path:
    """The SQLite file of the default store."""
    return runs / "mlflow.db"


def artifacts(runs: Path) -> Path:
    """Where the default store keeps files."""
    return runs / "mlflow-artifacts"


def store_uri(runs: Path, uri: str | None = None) -> str:
    """The store to use: the one asked for, ``MLFLOW_TRACKING_URI``, or SQLite beside the runs."""
    return uri or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{database(runs).absolute()}"


def sqlite_file(uri: str) -> Path | None:
    """The file of a store that is a SQLite database on this machine; ``None`` for any other store."""
    scheme, _, place = uri.partition(":///")
    return Path(place.partition("?")[0]).absolute() if scheme == "sqlite" and place else None


def is_ours(runs: Path, uri: str) -> bool:
    """Whether the store is the default one of a folder of runs: only there do we tidy up and place files ourselves.

    Any other store, another SQLite database included, belongs to somebody who may keep other runs in it.
    """
    file = sqlite_file(uri)
    return file is not None and file.resolve() == database(runs).resolve()


def client(uri: str) -> Any:
    """An ``MlflowClient``; importing MLflow takes seconds, so only who tracks pays for it.

    Raises:
        Exception: whatever MLflow raises where it is missing, broken or cannot be reached.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    for logger in QUIET:
        logging.getLogger(logger).setLevel(logging.WARNING)
    return MlflowClient(tracking_uri=uri)
