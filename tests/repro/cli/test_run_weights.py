"""How a summary counts weights: those that training can still change, of all (dsr sheet, trap 5)."""

from types import SimpleNamespace

from repro.cli.run_show import parameters


def outcome(remaining, **extra):
    return SimpleNamespace(remaining=remaining, prunable=266_200, parameters=267_020, extra=extra)


def test_what_is_not_prunable_counts_too():
    assert parameters(outcome(2662)) == "2,662 of 266,200 prunable left; 3,482 of 267,020 parameters in all"


def test_tied_weights_count_as_the_values_they_share():
    said = parameters(outcome(266_200, tie={"values_per_tensor": [2352, 300, 10], "values": 2662}))
    assert said == "266,200 of 266,200 prunable left, which share 2,662 values; 3,482 of 267,020 parameters in all"
