from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.registry import load
from repro.settings import ELSEWHERE, differing, leaves, override
from shared.errors import ReproError

PAPER = load("flipout")
RUN = PAPER.at_scale("vgg19/flipout/99.9", "demo", 42)
OPEN = sorted(p for p in leaves(RUN) if p not in ELSEWHERE)


@given(st.sampled_from(OPEN))
def test_every_setting_shown_can_be_set_to_what_it_is(path):
    import json

    assert override(RUN, [f"{path}={json.dumps(leaves(RUN)[path])}"]) == RUN


def test_a_name_and_a_position_lead_to_the_same_setting():
    by_name = override(RUN, ["phases.train.methods.prune.options.interval=3"])
    by_position = override(RUN, ["phases.0.methods.3.options.interval=3"])
    assert by_name == by_position != RUN
    assert leaves(by_name)["phases.train.methods.prune.options.interval"] == 3


def test_only_the_setting_named_changes():
    wider = override(RUN, ["model.width=0.25"])
    assert set(differing({"before": RUN, "after": wider})) == {"model.width"}
    assert wider.identity != RUN.identity


def test_several_settings_are_judged_together():
    with pytest.raises(ReproError, match="adam has no momentum"):
        override(RUN, ["phases.train.optimizer.name=adam"])
    both = override(RUN, ["phases.train.optimizer.name=adam", "phases.train.optimizer.momentum=0"])
    assert both.phases[0].optimizer.name == "adam"


def test_options_of_a_component_may_be_added():
    assert (
        leaves(override(RUN, ["phases.train.methods.prune.options.p=1"]))["phases.train.methods.prune.options.p"] == 1
    )


@pytest.mark.parametrize("path", sorted(ELSEWHERE))
def test_what_has_an_option_of_its_own_is_refused(path):
    with pytest.raises(ReproError, match=f"does not change {path}"):
        override(RUN, [f"{path}=1"])


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("model.wdth=1", "did you mean model.width"),
        ("phases.train.lr=1", "did you mean phases.train.optimizer.lr"),
        ("phases.7.epochs=1", "did you mean phases.train.epochs"),
        ("model.name.x=1", "There is no setting"),
        ("model.width=wide", "--set model.width=wide: Input should be a valid number"),
        ("model.width=NaN", "--set model.width=NaN"),
        ("phases=[]", "--set phases=\\[\\]"),
        ("phases.train=3", "--set phases.train=3"),
        ("model", "is not PATH=VALUE"),
        ("=3", "is not PATH=VALUE"),
    ],
)
def test_a_path_or_value_that_cannot_be_is_named(typed, sentence):
    with pytest.raises(ReproError, match=sentence):
        override(RUN, [typed])


def test_settings_that_do_not_exist_at_a_scale_are_left_out_of_its_column():
    rows = differing({s: PAPER.at_scale("vgg19/flipout/99.9", s, 42) for s in ("paper", "demo")})
    assert rows["phases.train.epochs"] == {"paper": 350, "demo": 22}
    assert rows["data.augment.flip.probability"] == {"paper": 0.5}
    assert "phases.train.optimizer.lr" not in rows
