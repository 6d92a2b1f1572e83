"""``python -m repro``: the same as ``repro``, for launchers that start modules (torchrun)."""

from repro.cli import main

if __name__ == "__main__":
    main()
