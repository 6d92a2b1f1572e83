"""The command line. Each command lives in its own file and imports heavy packages only when it runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code: 2 and one sentence for anything the user can put right."""
    from repro.cli.app import build
    from repro.cli.errors import reporting, require_streams

    require_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [w for w in words if w != "--debug"]
    with reporting(debug):
        build(words)(words, prog_name="repro")
