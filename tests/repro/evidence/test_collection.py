"""The collector is as it was after a pause, however the pause ends."""

import gc

import pytest

from repro.evidence.collection import collection_paused


@pytest.mark.parametrize("collecting", [True, False])
def test_the_collector_is_off_inside_and_as_it_was_afterwards(collecting):
    before = gc.isenabled()
    try:
        (gc.enable if collecting else gc.disable)()
        with pytest.raises(KeyError, match="inside"), collection_paused():
            _fail_if_collecting()
        assert gc.isenabled() is collecting
    finally:
        (gc.enable if before else gc.disable)()


def _fail_if_collecting():
    assert not gc.isenabled()
    raise KeyError("inside")
