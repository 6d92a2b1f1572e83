"""Options that cannot be as typed are refused with one sentence."""

import pytest

from shared.errors import ReproError, unknown
from shared.option_rules import Needs, Ranges, refuse

RULES = (
    Needs("rate", lambda c: c["method"] != "none", "with --method {method}, which removes nothing"),
    Needs("rate", lambda c: c["network"] == "vgg", "on {network}"),
)
RANGES = Ranges(positive=("lr",), not_negative=("decay",), fractions=("rate",), below_one=("momentum",))


def flag(name):
    return f"--{name}"


def test_an_option_without_effect_is_named_with_what_takes_it_away():
    with pytest.raises(ReproError, match=r"^--rate has no effect with --method none, which removes nothing\.$"):
        refuse({"method": "none", "network": "vgg"}, ["rate"], flag, RULES)
    with pytest.raises(ReproError, match=r"^--rate has no effect on lenet\.$"):
        refuse({"method": "snip", "network": "lenet"}, ["rate"], flag, RULES)


def test_defaults_are_never_refused():
    refuse({"method": "none", "network": "lenet"}, [], flag, RULES)


def test_other_objections_come_after_the_rules():
    against = [lambda c: None, lambda c: f"Not with {c['network']}."]
    with pytest.raises(ReproError, match=r"^Not with vgg\.$"):
        refuse({"method": "snip", "network": "vgg"}, ["rate"], flag, RULES, against)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("lr", 0, "--lr must be positive, not 0."),
        ("decay", -0.5, "--decay must not be negative; it is -0.5."),
        ("rate", 95.0, "--rate is a fraction between 0 and 1, not 95 (0.95 if you mean 95 %)."),
        ("rate", 1.0, "--rate is a fraction between 0 and 1, not 1."),
        ("momentum", 1.0, "--momentum must be below 1, not 1."),
        ("lr", float("nan"), "--lr must be positive, not nan."),
    ],
)
def test_values_out_of_range(name, value, says):
    with pytest.raises(ReproError) as refused:
        RANGES.check({name: value}, flag)
    assert str(refused.value) == says


def test_values_in_range_and_absent_ones_pass():
    RANGES.check({"lr": 0.1, "decay": 0.0, "rate": 0.5, "momentum": 0.0, "epochs": -3, "other": None}, flag)
    RANGES.check({"lr": None}, flag)


def test_a_long_list_of_names_is_cut():
    said = str(unknown("experiment", "zzz", [f"name-{i:03}" for i in range(60)]))
    assert said.endswith("name-039 and 20 more.")
    assert str(unknown("experiment", "zzz", ["a", "b"])).endswith("known: a, b.")
