"""``repro ui``: browse runs and verifications in MLflow's pages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from repro import home
from repro.cli.console import err, out


def command(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 5000,
    runs_dir: Annotated[Path | None, typer.Option(help="Where runs are kept (default: runs here).")] = None,
) -> None:
    """Browse runs and verifications in the browser; stops with Ctrl-C.

    The pages are served to this machine only. With MLFLOW_TRACKING_URI set to a server, its address is printed instead.
    """
    from repro.tracking.server import serve

    remote = os.environ.get("MLFLOW_TRACKING_URI", "")
    if remote.startswith(("http://", "https://")):
        out.print(remote, markup=False, soft_wrap=True)
        err.print("MLFLOW_TRACKING_URI names a server that runs already; browse there.")
        return
    runs = home.runs_dir(runs_dir)
    err.print(f"Starting MLflow on the runs in {runs}; this takes some seconds...", markup=False)
    code = serve(runs, port, lambda address: out.print(address, markup=False, soft_wrap=True))
    if code:
        raise typer.Exit(code)
