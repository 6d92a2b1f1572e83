import pytest

from repro.registry import load


@pytest.fixture(scope="session")
def paper():
    return load("flipout")
