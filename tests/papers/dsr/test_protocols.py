"""Experiments: the job lists of the sheet's section 6, completely and as printed."""

import re
import shlex
from collections import Counter

import pytest

from papers.dsr import paper, settings, widths
from papers.dsr.counts import dense, trainable
from papers.dsr.jobs import job_named, jobs
from shared.errors import ReproError
from shared.protocol import Prune, Train


def trains(protocol):
    return [p for p in protocol.phases if isinstance(p, Train)]


def method(phase, name):
    return next((m for m in phase.methods if m.name == name), None)


def test_every_job_of_every_list_is_there():
    found = Counter(job.list for job in jobs().values())
    assert found["cifar"] == 83
    assert found["imagenet"] == 21
    assert found["mnist"] == 25
    assert found["resnet"] == 11
    for name in ("cifar", "imagenet", "mnist", "resnet"):
        assert sorted(j.number for j in jobs().values() if j.list == name) == list(range(found[name]))


def test_experiments_say_which_job_they_are():
    labels = {e.labels["job"] for e in paper.experiments.values()}
    repeated = {"cifar:41", "cifar:42"}
    assert labels == set(jobs()) - repeated
    titles = " ".join(e.title for e in paper.experiments.values())
    assert all(re.search(rf"\b{job}\b", titles) for job in jobs())


def test_the_job_that_never_ran_is_refused():
    with pytest.raises(ReproError, match="never ran") as refused:
        job_named("cifar:68")
    words = shlex.split(re.search(r"`repro run dsr (.*)`", str(refused.value))[1])
    option = {o.flag: o for o in paper.options}
    typed = {option[k].name: option[k].type(v) for k, v in zip(words[::2], words[1::2], strict=True)}
    stopped = paper.experiments["cifar10/dsr-stop-60/80"]
    assert stopped.title.endswith("80 % (cifar:68, which never ran)")
    assert paper.build({"seed": 42, **typed}) == stopped.protocol(42)
    with pytest.raises(ReproError, match="cifar"):
        job_named("cifar:83")


def test_dsr_on_mnist_is_as_printed():
    protocol = paper.experiments["mnist/dsr/99"].protocol(42)
    (train,) = trains(protocol)
    assert (train.epochs, train.batch_size) == (100, 100)
    assert train.optimizer.weight_decay == 0
    assert train.optimizer.nesterov
    assert method(train, "masked-weights").options == {"l1": 1e-4}
    event = method(train, "reallocate").options
    assert (event["target"], event["stop_epoch"]) == (600, 90)
    assert event["periods"] == [100, 200, 400, 800]
    assert method(train, "learning-rate-table").options["values"] == [0.1, 0.02, 0.004, 0.0008]


def test_baselines_on_mnist_decay_instead_of_l1():
    for name in ("static", "tied"):
        (train,) = trains(paper.experiments[f"mnist/{name}/95"].protocol(42))
        assert train.optimizer.weight_decay == 1e-4
        assert not any("l1" in m.options for m in train.methods)


@pytest.mark.parametrize("scale", ["demo", "reduced"])
@pytest.mark.parametrize("name", ["mnist/pruning/99", "cifar10/pruning/90", "imagenet/pruning/80"])
def test_prunings_keep_their_place_among_the_learning_rates(name, scale):
    """First and last pruning within an epoch of where they are at paper scale, and as many after the last rate."""

    def places(phase):
        prunes, rates = method(phase, "prune-gradually").options, method(phase, "learning-rate-table").options
        at = [prunes["first"] + prunes["interval"] * k for k in range(prunes["steps"])]
        return at, [n for n in at if n > rates["epochs"][-1]], phase.epochs

    whole, late, epochs = places(trains(paper.experiments[name].protocol(42))[1])
    cut, cut_late, fewer = places(trains(paper.at_scale(name, scale, 42))[1])
    assert len(cut) == len(whole)
    assert abs(len(cut_late) - len(late)) <= 1
    assert cut[0] / fewer == pytest.approx(whole[0] / epochs, abs=1 / fewer)
    assert cut[-1] / fewer == pytest.approx(whole[-1] / epochs, abs=1 / fewer)


def test_pruning_starts_from_the_dense_run_and_keeps_its_decay():
    dense_run = paper.experiments["cifar10/dense"].protocol(42)
    protocol = paper.experiments["cifar10/pruning/90"].protocol(42)
    first, second = trains(protocol)
    assert first == trains(dense_run)[0]
    assert second.epochs == 48
    assert second.optimizer.weight_decay == 5e-4
    assert method(second, "prune-gradually").options["shape"] == "cubic"
    early = trains(paper.experiments["cifar10-iclr/pruning/90"].protocol(42))[1]
    assert "shape" not in method(early, "prune-gradually").options
    assert method(early, "prune-gradually").options["extra"] == 0


def test_masks_of_another_run_are_found_inside_the_same_run():
    protocol = paper.experiments["cifar10/static-mask-initial/80"].protocol(42)
    kinds = [p.method.name if isinstance(p, Prune) else p.name for p in protocol.phases]
    assert kinds == ["sparse-init", "train", "restart", "static"]
    dsr = paper.experiments["cifar10/dsr/80"].protocol(42)
    assert protocol.phases[:2] == dsr.phases


def test_generations_differ_where_the_sheet_says_so():
    later = trains(paper.experiments["cifar10/static/90"].protocol(42))[0]
    earlier = trains(paper.experiments["cifar10-iclr/static/90"].protocol(42))[0]
    assert (later.epochs, earlier.epochs) == (400, 200)
    thin = [paper.experiments[f"{g}/thin/90"].protocol(42).model.width for g in ("cifar10", "cifar10-iclr")]
    assert thin == [0.75, 0.66]
    deep = [
        method(trains(paper.experiments[f"{g}/deep-rewiring/90"].protocol(42))[0], "deep-rewiring").options
        for g in ("cifar10", "cifar10-iclr")
    ]
    assert [d["temperature_epochs"] for d in deep] == [[0, 25, 80, 140], [0, 25, 50, 75]]


def test_thin_lenet_has_the_budget_of_the_sparse_one():
    for s in settings.MNIST_SPARSITIES:
        thin, sparse = dense("lenet300", widths.lenet_width(s)), trainable("lenet300", s)
        assert abs(thin / sparse - 1) < 0.13  # one hidden unit of the first layer is 784 weights


def test_cifar_10_is_padded_by_reflection():
    """Sheet, section 3: reflect-pad 4 on each side, at every scale."""
    for scale in ("paper", "reduced", "demo"):
        crop = paper.at_scale("cifar10/dsr/90", scale, 42).data.augment[0]
        assert (crop.kind, crop.padding, crop.padding_mode) == ("pad-crop", 4, "reflect")


def test_identities_are_pinned():
    """A change of these would orphan every committed run."""
    ids = {
        e: paper.experiments[e].protocol(42).identity[:12] for e in ("mnist/dsr/99", "mnist/dense", "cifar10/dsr/90")
    }
    assert ids == PINNED


PINNED = {"mnist/dsr/99": "808859a18e30", "mnist/dense": "f30ebb7d97c3", "cifar10/dsr/90": "a257ff3ed171"}


def test_imagenet_is_cropped_at_random_in_training_and_in_the_centre_to_evaluate():
    """Sheet, section 3; the reduced scale keeps the share of the picture that is seen."""
    data = paper.at_scale("imagenet/dsr/80", "paper", 42).data
    crop, flip = data.augment
    assert (crop.kind, crop.scale, crop.ratio) == ("resized-crop", (0.08, 1), (3 / 4, 4 / 3))
    assert (flip.kind, flip.probability) == ("flip", 0.5)
    assert (data.shorter_side, data.resize) == (256, 224)
    small = paper.at_scale("imagenet/dsr/80", "reduced", 42).data
    assert (small.shorter_side, small.resize, small.augment) == (73, 64, data.augment)
    assert not paper.at_scale("imagenet/dsr/80", "demo", 42).data.per_picture
