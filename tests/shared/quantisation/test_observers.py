import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ReproError
from shared.protocol import Quantise
from shared.quantisation.observers import OBSERVERS, check, observer

PER_TENSOR = [name for name in OBSERVERS if "per-channel" not in name]
PER_CHANNEL = [name for name in OBSERVERS if "per-channel" in name]
values = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=30)


@given(values=values, role=st.sampled_from(["weight", "activation"]), scheme=st.sampled_from(["affine", "symmetric"]))
def test_zero_lies_on_every_grid_and_nothing_observed_is_off_it_by_more_than_a_step(values, role, scheme):
    x = torch.tensor(values)
    watch = observer("minmax", role, scheme)
    watch(x)
    scale, zero = (float(v) for v in watch.calculate_qparams())
    low, high = (-128, 127) if role == "weight" else (0, 255)
    assert low <= zero <= high
    integers = (torch.round(x / scale) + zero).clamp(low, high)
    assert torch.all((integers - zero)[x == 0] == 0)
    assert torch.all(((integers - zero) * scale - x).abs() <= scale * 1.001)


@pytest.mark.parametrize(("role", "middle"), [("weight", 0), ("activation", 128)])
@pytest.mark.parametrize("name", PER_TENSOR)
def test_symmetric_zero_points_are_in_the_middle(name, role, middle):
    watch = observer(name, role, "symmetric")
    watch(torch.tensor([[-1.0, 3.0]]))
    assert watch.calculate_qparams()[1].tolist() == [middle]


@pytest.mark.parametrize("name", PER_CHANNEL)
def test_per_channel_observers_give_a_scale_per_output_channel(name):
    watch = observer(name, "weight", "symmetric")
    watch(torch.tensor([[1.0, -2.0], [0.5, 0.25], [0.0, 4.0]]))
    assert watch.calculate_qparams()[0] == pytest.approx([2 / 127.5, 0.5 / 127.5, 4 / 127.5])


@pytest.mark.parametrize("name", PER_CHANNEL)
def test_per_channel_observers_of_activations_are_refused_with_the_alternatives(name):
    with pytest.raises(ReproError, match=r"weights only.*choose activation_observer from minmax, .*histogram"):
        observer(name, "activation", "affine")


def test_a_misspelt_observer_gets_a_suggestion():
    with pytest.raises(ReproError, match="did you mean histogram"):
        observer("histogramm", "weight", "affine")


def test_an_unknown_scheme_is_refused():
    with pytest.raises(ReproError, match="known: affine, symmetric"):
        observer("minmax", "weight", "xxx")


def test_without_torchao_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchao.quantization.pt2e", None)
    with pytest.raises(ReproError, match=r"pip install 'pruning-repro\[quantise\]'"):
        check(Quantise())


def test_the_scheme_of_the_weights_may_differ_but_has_one_spelling():
    check(Quantise(weight_scheme="symmetric"))
    with pytest.raises(ValueError, match="leave weight_scheme out"):
        Quantise(scheme="symmetric", weight_scheme="symmetric")
