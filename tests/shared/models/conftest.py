"""Networks at their published sizes."""

from collections.abc import Callable

import pytest

from shared.protocol import Model


@pytest.fixture(scope="session")
def published() -> Callable[[str], Model]:
    def model(name: str) -> Model:
        channels = 1 if name.startswith("lenet") else 3
        return Model(name=name, channels=channels, size=224 if name == "densenet121" else 32)

    return model
