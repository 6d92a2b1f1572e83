"""Short real runs: what holds at every reallocation, and that a killed run ends as if it had not been."""

import pytest
import torch

from papers.dsr import paper
from shared.protocol import Train
from shared.training.engine import Engine
from shared.training.method import Component
from shared.training.rundir import RunDirectory
from shared.training.saved import Position
from shared.training.setup import prepare_run

CPU = torch.device("cpu")


def short(experiment, epochs=4, **model):
    """The demo run of an experiment, in a few epochs and with frequent events."""
    protocol = paper.at_scale(experiment, "demo", 42)
    phases = []
    for phase in protocol.phases:
        if isinstance(phase, Train):
            methods = []
            for m in phase.methods:
                options = {k: v for k, v in m.options.items() if k != "stop_epoch"}
                if m.name == "reallocate":
                    options |= {"period_epochs": [0], "periods": [3], "threshold": 0.01}
                methods.append(m.model_copy(update={"options": options}))
            phase = phase.model_copy(update={"epochs": epochs, "methods": tuple(methods)})
        phases.append(phase)
    data = protocol.data.model_copy(update={"per_class": 20, "test_per_class": 10})
    return protocol.with_(phases=tuple(phases), data=data, model=protocol.model.model_copy(update=model))


class Watch(Component):
    """Counts of live weights after every batch."""

    def __init__(self):
        self.remaining = []

    def after_batch(self, state):
        self.remaining.append(state.masks.remaining)


def engine(protocol, folder, watch, **options):
    setup = prepare_run(protocol, None, CPU)
    options |= {"own": paper.components, "checkpoint_seconds": 0.0, "observers": [watch]}
    return Engine(protocol, setup, RunDirectory(folder), **options)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("experiment", ["mnist/dsr-corrected/95", "mnist/set/95", "mnist/deep-rewiring/95"])
def test_the_number_of_active_weights_never_changes(experiment, tmp_path):
    watch = Watch()
    run = engine(short(experiment), tmp_path, watch)
    assert run.run() == "finished"
    assert set(watch.remaining) == {13_310}
    events = [e for row in run.rows for e in row["events"]]
    assert sum(map(sum, events[0]["dropped"])) if experiment.startswith("mnist/dsr") else events
    assert all(e["before_evaluation"] for e in events)


def test_published_dsr_only_ever_gains_by_rounding(tmp_path):
    watch = Watch()
    run = engine(short("mnist/dsr/95"), tmp_path, watch)
    assert run.run() == "finished"
    surplus = 0
    for row in run.rows:
        for e in row["events"]:
            surplus += sum(map(sum, e["grown"])) - sum(map(sum, e["dropped"]))
            assert e["explored"] >= 0.05
    assert watch.remaining[-1] == 13_310 + surplus
    assert surplus >= 0


@pytest.mark.parametrize(
    "experiment",
    ["mnist/dsr/95", "mnist/deep-rewiring/95", "mnist/tied/95", "mnist/pruning/95", "mnist/static/95"],
)
def test_a_killed_run_ends_as_if_it_had_not_been(experiment, tmp_path):
    protocol = short(experiment)
    whole = engine(protocol, tmp_path / "whole", Watch())
    assert whole.run() == "finished"
    killed = engine(protocol, tmp_path / "killed", Watch())
    finish = killed._finish_epoch

    def once(index, phase, method):
        finish(index, phase, method)
        if killed.state.epoch == 2:
            raise KeyboardInterrupt

    killed._finish_epoch = once
    with pytest.raises(KeyboardInterrupt):
        killed.run()
    again = engine(protocol, tmp_path / "killed", Watch())
    assert again.run() == "finished"
    for name, p in whole.state.model.state_dict().items():
        assert torch.equal(p, again.state.model.state_dict()[name]), name
    assert torch.equal(whole.state.masks.flat(), again.state.masks.flat())
    keys = ("epoch", "train_correct", "test_correct", "remaining", "events")
    assert [[r[k] for k in keys] for r in whole.rows] == [[r[k] for k in keys] for r in again.rows]


def test_pruning_with_a_penalty_prunes_as_many_and_ends_with_smaller_weights(tmp_path):
    sizes = {}
    for l1 in (0.0, 1e-3):
        whole = paper.scales["demo"](paper.build({"method": "pruning", "sparsity": 0.9, "l1_coefficient": l1}))
        phases = [p.model_copy(update={"epochs": n}) for p, n in zip(whole.phases, (2, 10), strict=True)]
        data = whole.data.model_copy(update={"per_class": 20, "test_per_class": 10})
        run = engine(whole.with_(phases=tuple(phases), data=data), tmp_path / str(l1), Watch())
        assert run.run() == "finished"
        assert run.rows[0]["penalty"] == pytest.approx(0, abs=1e-12) if not l1 else run.rows[0]["penalty"] > 0
        sizes[l1] = (run.state.masks.remaining, sum(float(p.detach().abs().sum()) for p in run.state.parameters))
    assert sizes[0.0][0] == sizes[1e-3][0] < 0.11 * run.state.masks.total
    assert sizes[1e-3][1] < sizes[0.0][1]


def test_tied_weights_stay_equal(tmp_path):
    run = engine(short("mnist/tied/99"), tmp_path, Watch())
    assert run.run() == "finished"
    assert run.extra["tie"]["values"] == 2662
    for name, p in run.state.masks.parameters.items():
        assert len(p.detach().unique()) <= int(run.state.kept[f"tied/{name}"].max()) + 1


def test_masks_of_a_run_with_its_initial_weights(tmp_path):
    """What a mask hid at first takes the value it had at initialisation."""
    protocol = short("cifar10/static-mask-initial/90", epochs=1)
    run = engine(protocol, tmp_path, Watch())
    stop = next(i for i, p in enumerate(protocol.phases) if p.name == "restart")
    for index, phase in enumerate(protocol.phases[: stop + 1]):
        run._run_phase(index, phase, Position(index, 0))
    first = prepare_run(protocol, None, CPU).model
    masks = run.state.masks
    for name, p in masks.parameters.items():
        assert torch.equal(p.detach(), dict(first.named_parameters())[name].detach() * masks.live[name])


@pytest.mark.parametrize(
    "experiment", ["cifar10/dsr-kernels/90", "cifar10/set/80", "imagenet/dsr/80", "imagenet/pruning/90"]
)
def test_convolutional_networks_run(experiment, tmp_path):
    watch = Watch()
    run = engine(short(experiment, epochs=1), tmp_path, watch)
    assert run.run() == "finished"
    assert 0 < watch.remaining[-1] < run.state.masks.total
    if "kernels" in experiment:
        for mask in run.state.masks.live.values():
            kernels = mask.flatten(2)
            assert bool((kernels.all(2) | ~kernels.any(2)).all())


def test_gradient_growth_and_erdos_renyi_masks(tmp_path):
    options = {
        "seed": 42,
        "method": "set",
        "growth_rule": "gradient",
        "initial_density": "erdos-renyi",
        "sparsity": 0.95,
    }
    protocol = paper.scales["demo"](paper.build(options))
    train = protocol.phases[-1].model_copy(update={"epochs": 2})
    run = engine(protocol.with_(phases=(*protocol.phases[:-1], train)), tmp_path, Watch())
    assert run.run() == "finished"
    assert run.state.masks.sparsity == pytest.approx(0.95, abs=0.001)


class Steps(Watch):
    """Which batches left the weights of unpruned parameters as they were."""

    def __init__(self):
        super().__init__()
        self.still, self.last = [], None

    def after_batch(self, state):
        super().after_batch(state)
        now = torch.cat([p.detach().reshape(-1) for n, p in state.model.named_parameters() if n.startswith("bn")])
        self.still.append(self.last is not None and torch.equal(now, self.last))
        self.last = now.clone()


def rigl_run(folder, watch, **more):
    options = {"method": "rigl", "sparsity": 0.95, "update_interval": 3, "initial_density": "erdos-renyi"}
    protocol = paper.scales["demo"](paper.build({"seed": 42, **options, **more}))
    train = protocol.phases[-1]
    methods = [
        m.model_copy(update={"options": {**m.options, "periods": [3], "stop_epoch": 3}}) if m.name == "rigl" else m
        for m in train.methods
    ]
    train = train.model_copy(update={"epochs": 5, "methods": tuple(methods)})
    data = protocol.data.model_copy(update={"per_class": 30, "test_per_class": 10})
    return engine(protocol.with_(phases=(*protocol.phases[:-1], train), data=data), folder, watch)


def test_rigl_end_to_end(tmp_path):
    """Sheet 4.16: updates replace gradient steps, move a falling share, and keep every tensor's number of weights."""
    watch = Steps()
    run = rigl_run(tmp_path, watch)
    assert run.run() == "finished"
    updates = [e for row in run.rows for e in row["events"]]
    steps = [t for e in updates for t in e["step"]]
    assert steps == [0, 3, 6, 9, 12, 15, 18]  # six batches an epoch: the cosine ends at step 18
    at = [t + n for n, t in enumerate(steps)]  # batches: each update before it has cost one
    assert [i for i, still in enumerate(watch.still) if still] == at[1:]
    shares = [s for e in updates for s in e["share"]]
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], shares[-1]) == (0.3, 0.0)
    assert len(set(watch.remaining)) == 1
    assert sum(sum(f) for e in updates for f in e["fresh"]) > 0


def test_rigl_killed_ends_as_if_it_had_not_been(tmp_path):
    whole = rigl_run(tmp_path / "whole", Watch())
    assert whole.run() == "finished"
    killed = rigl_run(tmp_path / "killed", Watch())
    finish = killed._finish_epoch

    def once(index, phase, method):
        finish(index, phase, method)
        if killed.state.epoch == 2:
            raise KeyboardInterrupt

    killed._finish_epoch = once
    with pytest.raises(KeyboardInterrupt):
        killed.run()
    again = rigl_run(tmp_path / "killed", Watch())
    assert again.run() == "finished"
    assert torch.equal(whole.state.masks.flat(), again.state.masks.flat())
    for name, p in whole.state.model.state_dict().items():
        assert torch.equal(p, again.state.model.state_dict()[name]), name


def test_prunings_of_a_seed_share_its_dense_training(tmp_path):
    alone = engine(short("mnist/pruning/90"), tmp_path / "alone", Watch())
    alone.run()
    batches = []
    for experiment in ("mnist/dense", "mnist/pruning/95", "mnist/pruning/90"):
        watch = Watch()
        after = engine(short(experiment), tmp_path / experiment, watch, prefixes=tmp_path / "beginnings")
        assert after.run() == "finished"
        batches.append(len(watch.remaining))
    assert batches == [16, 16, 16]  # four epochs of dense training once, then the four of each pruning
    for name, p in alone.state.model.state_dict().items():
        assert torch.equal(p, after.state.model.state_dict()[name]), name
    keys = ("epoch", "phase", "train_correct", "test_correct", "remaining", "events")
    assert [[r[k] for k in keys] for r in alone.rows] == [[r[k] for k in keys] for r in after.rows]
