"""What the report shows of this paper alone, on the committed runs: figures, tables, findings."""

from math import comb
from pathlib import Path

import pytest
import torch

from papers.dsr import paper
from papers.dsr.appendix import appendix
from papers.dsr.audit import broken_laws
from papers.dsr.connection import cut_off, dead_outputs, expected_dead, without_weights
from papers.dsr.counts import dense, tied, trainable
from papers.dsr.findings import first_steps, laws
from papers.dsr.parameters import trained
from papers.dsr.reallocations import events, left_by_epoch
from papers.dsr.trajectories import groups
from repro.evidence.store import read
from shared.appendix import Cell
from shared.models.registry import build
from shared.protocol import Model
from shared.sparsity.alive import alive_table
from shared.sparsity.collapse import collapse
from shared.sparsity.masks import prunable_parameters

RESULTS = Path(__file__).resolve().parents[3] / "results" / "dsr"
NAMES = ("mnist/dsr/99", "mnist/static/99", "mnist/thin/99")


@pytest.fixture(scope="module")
def evidence():
    """Our runs at paper scale."""
    records, problems = read([RESULTS])
    assert not problems
    known = {paper.at_scale(e, "paper", seed).identity: e for e in NAMES for seed in (42, 43, 44)}
    found = {}
    for record in records:
        if record.identity in known:
            found.setdefault(known[record.identity], []).append(record)
    return {e: Cell("paper", tuple(sorted(runs, key=lambda r: r.protocol.seed))) for e, runs in found.items()}


@pytest.fixture(scope="module")
def run(evidence):
    return evidence["mnist/dsr/99"].runs[0]


def changed(run, edit):
    """A copy of a run whose record of prunings was tampered with."""
    copy = type(run).model_validate(run.model_dump(mode="json"))
    edit(copy.outcome.extra["prunings"])
    return copy


def test_a_run_has_the_events_of_its_schedule(run):
    found = events(run)
    assert len(found) == 273
    assert [e.step for e in found[:3]] == [100, 200, 300]
    assert found[0].before == (2352, 300, 10)
    assert found[0].threshold == 1e-3
    assert sum(found[-1].after) == 2662


def test_weights_left_start_at_the_masks_and_end_at_the_layer_table(run):
    epochs, left = left_by_epoch(run)
    assert epochs == list(range(101))
    assert left[0] == (2352, 300, 10)
    assert {sum(counts) for counts in left} == {2662}
    assert left[90] == left[100]  # nothing moves from epoch 90 on


def test_a_run_that_never_moved_has_no_events(evidence):
    for name in ("mnist/static/99", "mnist/thin/99"):
        assert events(evidence[name].runs[0]) == []
        assert left_by_epoch(evidence[name].runs[0]) == ([], [])
        assert broken_laws(evidence[name].runs[0]) == []


def test_every_committed_event_kept_the_laws(evidence):
    for cell in evidence.values():
        for record in cell.runs:
            assert broken_laws(record) == []


def test_a_law_that_is_broken_is_found(run):
    def lose(prunings):
        prunings[3]["grown"][2][0] -= 1

    def late(prunings):
        prunings[0]["step"][0] += 1

    def stuck(prunings):
        prunings[1]["threshold"][1] *= 2

    def elsewhere(prunings):
        prunings[0]["threshold"][0] *= 2

    def skipped(prunings):
        del prunings[5]

    def other_end(prunings):
        prunings[7]["remaining"][0] += 1

    for edit, words in (
        (lose, "lost 1 units"),
        (late, "other iterations"),
        (stuck, "against its rule"),
        (elsewhere, "first threshold"),
        (skipped, "were due"),
        (other_end, "other counts than its last event"),
    ):
        found = " ".join(broken_laws(changed(run, edit)))
        assert words in found, (words, found)


def test_only_the_published_rule_may_lose_what_a_full_tensor_drops(run):
    """Sheet 4.2; the report counts what was lost instead of saying that nothing was."""
    lost = 3

    def within(name, full):
        record = changed(run, lambda prunings: None)
        phase = record.protocol.phases[1]
        rule = {"fraction": 0.1, "allocation": name, "periods": [100], "period_epochs": [0], "stop_epoch": 1}
        methods = [m.model_copy(update={"options": rule}) if m.name == "reallocate" else m for m in phase.methods]
        phase = phase.model_copy(update={"methods": tuple(methods)})
        layers = [
            layer.model_copy(update={"total": 2352} if full and i == 0 else {})
            for i, layer in enumerate(record.outcome.layers)
        ]
        events = [{"epoch": 1, "prune": "reallocation", "step": [100, 200, 300, 400, 500], "threshold": [0.0] * 5}]
        events[0] |= {"dropped": [[lost, 0, 0]] + [[0, 0, 0]] * 4, "grown": [[0, 0, 0]] * 5}
        events[0] |= {"survivors": [[2352 - lost, 300, 10]] * 5, "remaining": [2352 - lost, 300, 10]}
        extra = {**record.outcome.extra, "prunings": events}
        outcome = record.outcome.model_copy(update={"layers": tuple(layers), "extra": extra})
        phases = (record.protocol.phases[0], phase)
        return record.model_copy(update={"protocol": record.protocol.with_(phases=phases), "outcome": outcome})

    assert broken_laws(within("within", full=True)) == []
    assert "lost 3 weights, each in a tensor without room" in next(laws([within("within", full=True)]))
    for name, full in (("within", False), ("within-exact", True)):
        assert "lost 3 units" in broken_laws(within(name, full=full))[0]


def test_figures_show_the_runs(evidence, run):
    charts = {c.name: c for c in appendix(evidence, ["mnist"]).charts}
    assert set(charts) == {"parameters-mnist", "threshold-mnist", "moved-mnist", "layers-over-training-mnist-99"}
    (line,) = charts["threshold-mnist"].lines
    assert list(line.y) == [e.threshold for e in events(run)]
    moved, target = charts["moved-mnist"].lines
    assert list(moved.y) == [e.moved for e in events(run)]
    assert set(target.y) == {600}
    layers = {x.label: x for x in charts["layers-over-training-mnist-99"].lines}
    assert layers.keys() == {"fc1", "fc2", "fc3"}
    assert [x.y[0] for x in layers.values()] == pytest.approx([99.0] * 3)
    assert layers["fc3"].y[-1] < layers["fc2"].y[-1] < layers["fc1"].y[-1]
    assert all(lo <= y <= hi for x in layers.values() for lo, y, hi in zip(x.low, x.y, x.high, strict=True))


def test_published_points_stand_beside_ours_at_their_parameters(evidence):
    lines = {x.label: x for x in appendix(evidence, ["mnist"]).charts[0].lines}
    assert lines["DSR"].x == [trainable("lenet300", 0.99)]
    published = lines["DSR, published"]
    assert published.dots
    assert len(published.x) == 6
    assert published.y[published.x.index(3482)] == 97.76  # the median of five
    assert published.likeness == lines["DSR"].likeness


def test_the_later_list_on_imagenet_has_its_figure(evidence):
    """Its published numbers are recalled, so ours stand alone."""
    dense, thin = (evidence[f"mnist/{m}/99"].runs[0] for m in ("static", "thin"))
    runs = {"imagenet/dsr/80": Cell("reduced", (dense,)), "imagenet/dsr/90": Cell("reduced", (thin,))}
    charts = {c.name: c for c in appendix(runs, ["imagenet"]).charts}
    (line,) = charts["parameters-imagenet"].lines
    assert len(line.x) == 2


def test_tables_that_are_not_shown_have_no_figure(evidence):
    names = {c.name for c in appendix(evidence, ["counts"]).charts}
    assert "parameters-mnist" not in names
    assert "threshold-mnist" in names


def test_trained_parameters_count_what_can_change(evidence, run):
    assert trained(run) == trainable("lenet300", 0.99) == 3482
    thin = evidence["mnist/thin/99"].runs[0]
    assert trained(thin) == dense("lenet300", thin.protocol.model.width)
    bank = run.model_copy(update={"outcome": run.outcome.model_copy(update={"extra": {"tie": {"values": 2662}}})})
    assert trained(bank) == tied("lenet300", 0.99)


def test_many_tensors_are_taken_together_by_size(run):
    layers = [
        type(run.outcome.layers[0])(name=f"c{i}", shape=(n,), total=n, remaining=1)
        for i, n in enumerate([9] * 5 + [36] * 4)
    ]
    many = run.model_copy(update={"outcome": run.outcome.model_copy(update={"layers": tuple(layers)})})
    assert groups(many) == [("5 of 9 weights", [0, 1, 2, 3, 4], 45), ("4 of 36 weights", [5, 6, 7, 8], 144)]


def test_expected_classes_cut_off_are_those_of_a_random_mask():
    """Each class has none of the m weights with probability product of (900 - i) / (1000 - i)."""
    for sparsity, m in ((0.99, 10), (0.98, 20), (0.9, 100)):
        p = 1.0
        for i in range(m):
            p *= (900 - i) / (1000 - i)
        assert expected_dead(sparsity) == pytest.approx(10 * p)
    assert comb(900, 10) / comb(1000, 10) == pytest.approx(expected_dead(0.99) / 10)


def test_static_runs_at_99_percent_lose_classes_and_dsr_none(evidence):
    assert all(dead_outputs(r) >= 3 for r in evidence["mnist/static/99"].runs)
    assert all(dead_outputs(r) == 0 for r in evidence["mnist/dsr/99"].runs)
    grid = next(g for g in appendix(evidence, []).grids if g.title.startswith("Classes"))
    row = grid.rows[[r[0] for r in grid.rows].index(paper.experiments["mnist/static/99"].title)]
    assert dict(zip(grid.header, row, strict=True))["random mask"] == "3.5"


def test_a_class_fed_by_a_dead_unit_is_cut_off_although_it_has_weights(evidence):
    """In the words that a record has them in, which the count is read from."""
    network = build(Model(name="lenet300", channels=1, size=28, options={"batchnorm": True}))
    live = {n: torch.ones_like(p, dtype=torch.bool) for n, p in prunable_parameters(network).items()}
    run = evidence["mnist/dsr/99"].runs[0]

    def counts():
        said = {"collapse": collapse(live, network, (1, 28, 28)), "extra": {"alive": {"fc3.weight": alive(live)}}}
        made = run.model_copy(update={"outcome": run.outcome.model_copy(update=said)})
        return dead_outputs(made), without_weights(made)

    def alive(masks):
        found = alive_table(masks)["fc3.weight"]
        return [found.inputs, found.outputs]

    assert counts() == (0, 0)
    live["fc3.weight"][2] = False
    assert counts() == (1, 1)
    live["fc3.weight"][5] = False
    live["fc3.weight"][5, 7] = True  # its only weight comes from a unit of fc2 ...
    assert counts() == (1, 1)
    live["fc2.weight"][7] = False  # ... that has none
    assert counts() == (2, 1)
    live["fc1.weight"][:] = False
    assert counts() == (10, 1)


def test_findings_are_sentences_of_the_numbers(evidence):
    said = appendix(evidence, []).findings
    assert any("819 reallocations of 3 runs kept the laws" in s for s in said)
    assert any("events" in s and "29 %" in s for s in said)
    assert "At 99 % a static mask of LeNet cuts 3.7 of ten classes off" in " ".join(said)
    assert "(expected of a random last layer alone: 3.5); after DSR 0.0 are." in " ".join(said)


def test_no_runs_no_findings():
    empty = appendix({}, [])
    assert (empty.charts, empty.grids, empty.findings) == ((), (), ())


def test_cut_off_compares_runs_of_one_sparsity_only(evidence):
    static = evidence["mnist/static/99"].runs

    def made(dead, correct):
        out = static[0].outcome
        last = out.last.model_copy(update={"correct": correct})
        said = f"{dead} of 10 outputs are cut off from the input." if dead else None
        return static[0].model_copy(update={"outcome": out.model_copy(update={"last": last, "collapse": said})})

    high = Cell("paper", [made(3, 7000), made(4, 6000)])
    low = Cell("paper", [made(0, 9000), made(1, 8000)])
    (said,) = cut_off({"mnist/static/99": high, "mnist/static/90": low})
    assert "10.0 points less accurate (r = -1.00)" in said
    level = Cell("paper", [made(2, 7000), made(2, 7000)])  # only sparsities differ: nothing to say
    assert list(cut_off({"mnist/static/99": level, "mnist/static/90": Cell("paper", [made(0, 9000)] * 2)})) == []


def test_deep_rewiring_reports_its_first_step(run):
    phase = run.protocol.phases[1]
    methods = paper.experiments["mnist/deep-rewiring/99"].protocol(42).phases[1].methods
    protocol = run.protocol.with_(phases=(run.protocol.phases[0], phase.model_copy(update={"methods": methods})))
    rewired = [
        {"epoch": 1, "prune": "deep-rewiring", "dropped": [9, 9, 9], "first_step": [1200, 126, 5], "remaining": [1]}
    ]
    extra = {**run.outcome.extra, "prunings": rewired}
    deep = run.model_copy(update={"protocol": protocol, "outcome": run.outcome.model_copy(update={"extra": extra})})
    assert list(first_steps([deep])) == [
        "DeepR as published loses 50.0 % of its weights at the first step (mean over 1 run)."
    ]
