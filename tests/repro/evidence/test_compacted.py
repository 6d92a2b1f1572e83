"""What a record says of the smaller dense network that was built."""

from typing import Any

import pytest


def test_sizes_are_percent_of_the_whole_network(factory: Any) -> None:
    record = factory.make_record()
    sizes = {"before": {"parameters": 200, "macs": 1000}, "after": {"parameters": 50, "macs": 100}}
    outcome = record.outcome.model_copy(update={"extra": {"compact": sizes}})
    with_network = record.model_copy(update={"outcome": outcome})
    assert with_network.metric("compacted_macs_percent") == pytest.approx(10)
    assert with_network.metric("compacted_parameters_percent") == pytest.approx(25)


def test_without_a_smaller_network_there_is_no_size(factory: Any) -> None:
    assert factory.make_record().metric("compacted_macs_percent") is None
