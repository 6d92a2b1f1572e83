from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.launch.grid import combinations, name_of, queue, single, typed
from repro.launch.limit import seconds, usable
from repro.registry import load
from repro.single import Asked
from shared.errors import ReproError
from shared.paper import Option

WORD = st.text("abcdef.-19", min_size=1, max_size=5)
AXES = st.dictionaries(
    st.text("abcxyz", min_size=1, max_size=4), st.lists(WORD, min_size=1, max_size=3, unique=True), max_size=4
)


@given(AXES)
def test_a_grid_is_the_product_of_its_values_and_each_combination_reads_back(axes: dict[str, list[str]]) -> None:
    found = combinations([f"{name}={','.join(values)}" for name, values in axes.items()])
    size = 1 if axes else 0
    for values in axes.values():
        size *= len(values)
    assert len(found) == size == len({name_of(c) for c in found})
    for combination in found:
        assert combinations(name_of(combination).split()) == [combination]
        assert all(value in axes[name] for name, value in combination.items())


def test_semicolons_separate_values_with_commas() -> None:
    assert combinations(["--lr-milestones=150,250;100,200"]) == [
        {"lr-milestones": "150,250"},
        {"lr-milestones": "100,200"},
    ]


@pytest.mark.parametrize("wrong", ["sparsity", "=1", "a=", "a=1,,2", "a=1,1"])
def test_what_is_no_grid_is_refused(wrong: str) -> None:
    with pytest.raises(ReproError, match="--grid"):
        combinations([wrong])


def test_a_queue_holds_a_grid_a_line(tmp_path: Path) -> None:
    path = tmp_path / "queue"
    path.write_text("# first\nmethod=snip sparsity=.9,.99\n\nmethod=none  # dense\n")
    assert [name_of(c) for c in queue(path)] == ["method=snip sparsity=.9", "method=snip sparsity=.99", "method=none"]
    path.write_text("method=snip\nsparsity\n")
    with pytest.raises(ReproError, match=r"queue, line 2: .*NAME=VALUE"):
        queue(path)
    with pytest.raises(ReproError, match="cannot be read"):
        queue(tmp_path / "none")


def test_a_combination_is_the_run_of_the_same_command_line() -> None:
    paper = load("flipout")
    combination = {"method": "snip", "sparsity": ".99", "seed": "7", "variant": "corrected", "model.width": "0.25"}
    made = single(paper, combination, Asked(scale="demo")).protocol
    assert (made.seed, made.variant, made.model.width) == (7, "corrected", 0.25)
    assert made.phases[0].method.options["sparsity"] == 0.99


@pytest.mark.parametrize(
    ("combination", "reason"),
    [
        ({"method": "snip", "sparsity": "2"}, "method=snip sparsity=2: "),
        ({"methd": "snip"}, "methd=snip: There is no flipout option 'methd'; did you mean method"),
        ({"epochs": "many"}, "epochs=many: --epochs takes int values"),
        ({"model.widht": "1"}, "model.widht=1: .*did you mean"),
    ],
)
def test_a_refusal_names_its_combination(combination: dict[str, str], reason: str) -> None:
    with pytest.raises(ReproError, match=f"^{reason}"):
        single(load("flipout"), combination, Asked(scale="demo"))


def test_switches_are_true_or_false() -> None:
    switch = Option("prune_bias", bool, False, "")
    assert [typed(switch, t) for t in ("true", "Off", "1")] == [True, False, True]
    with pytest.raises(ReproError, match="--prune-bias is true or false"):
        typed(switch, "perhaps")


@pytest.mark.parametrize(("text", "value"), [("9m", 540), ("90", 90), ("90s", 90), ("1h30m", 5400), ("1.5h", 5400)])
def test_time_limits(text: str, value: float) -> None:
    assert seconds(text) == value
    assert 0 < usable(value) < value


@pytest.mark.parametrize("text", ["", "m", "0s", "-3m", "nine", "5m3h", "1h30", "2m5", "1d12"])
def test_what_is_no_time_limit_is_refused(text: str) -> None:
    with pytest.raises(ReproError, match="time-limit"):
        seconds(text)
