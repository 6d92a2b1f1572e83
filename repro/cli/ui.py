"""``repro ui``: browse runs and verifications in MLflow's pages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

RunsDir = Annotated[Path, typer.Option(help="Folder of runs.", envvar="REPRO_RUNS")]


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 5000,
    runs_dir: RunsDir = Path("runs"),
) -> None:
    """Browse runs and verifications in the browser; stops with Ctrl-C.

    The pages are served to this machine only. With MLFLOW_TRACKING_URI set to a server, its address is printed instead.
    """
    from repro.tracking.server import serve

    remote = os.environ.get("MLFLOW_TRACKING_URI", "")
    if remote.startswith(("http://", "https://")):
        typer.echo(remote)
        typer.echo("MLFLOW_TRACKING_URI names a server that runs already; browse there.", err=True)
        return
    typer.echo(f"Starting MLflow on the runs in {runs_dir}; this takes a few seconds...", err=True)
    code = serve(runs_dir, port, typer.echo)
    if code:
        raise typer.Exit(code)
