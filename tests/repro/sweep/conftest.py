import pytest


@pytest.fixture(autouse=True)
def apart(home):
    """Every test here works in an empty folder of its own."""
