"""Methods as people write them."""

from __future__ import annotations

from functools import cache

from papers.flipout.protocols import experiments


@cache
def _titles() -> dict[str, str]:
    """Method part of an experiment's id -> its part of the title."""
    return {
        e.id.split("/")[1]: e.title.split(", ", 1)[1].removesuffix(f", {_level(e.id)} %")
        for e in experiments().values()
    }


def _level(experiment: str) -> str:
    return experiment.split("/")[2] if experiment.count("/") == 2 else ""


def spoken(method: str) -> str:
    """``global-magnitude`` -> ``global magnitude``, ``hoyer-square-6e-5`` -> ``Hoyer-Square 6e-5``."""
    return _titles().get(method, method.replace("-", " ").replace("_", " "))
