import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def factory():
    path = Path(__file__).parents[1] / "evidence" / "factory.py"
    spec = importlib.util.spec_from_file_location("evidence_factory", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
