"""Pictures that are cropped anew in every epoch: the same pixels however they are read."""

from __future__ import annotations

import pickle

import pytest
import torch
from torchvision import transforms as T
from torchvision.datasets import ImageFolder

from shared.data import checks
from shared.data.augment import apply
from shared.data.batch import Part
from shared.data.loader import EpochLoader
from shared.data.prepare import prepare
from shared.data.scoring import ScoringSample
from shared.data.sources import load
from shared.data.streamed import to_stream
from shared.data.streaming import FolderLoader
from shared.data.views import View
from shared.draws import KeyedDraws
from shared.errors import ReproError
from shared.protocol import Augment, Data, Method

CROP, FLIP = Augment(kind="resized-crop"), Augment(kind="flip")
DATA = Data(
    name="imagenet", resize=16, shorter_side=19, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4), augment=(CROP, FLIP)
)


@pytest.fixture
def root(tmp_path, picture_folder):
    picture_folder(tmp_path / "imagenet", per_class=5)
    return tmp_path


def loader(root, data: Data = DATA, seed: int = 4, *, train: bool = True, workers: int = 0) -> FolderLoader:
    found = to_stream(data, root, seed)
    assert found is not None
    return FolderLoader(
        found.train if train else found.evaluation, data, KeyedDraws(seed), 4, train=train, workers=workers
    )


def images(batches) -> torch.Tensor:
    return torch.cat([b.images for b in batches])


def test_a_batch_is_the_flipped_view_of_each_sample(root):
    stream = loader(root)
    order, drawn = stream.plan(2)
    listing = stream.examples.listing
    view = View(16, 19, DATA.augment, KeyedDraws(4), 2)
    seen = torch.stack([torch.from_numpy(view(listing.files[s], s).copy()) for s in order.tolist()])
    assert [d.kind for d in drawn] == ["flip"]
    assert torch.equal(images(stream.epoch(2)), stream.normalise(apply(seen, drawn, order)))


def test_every_epoch_and_seed_has_its_own_crops_and_both_can_be_repeated(root):
    first = images(loader(root).epoch(1))
    assert torch.equal(first, images(loader(root).epoch(1)))
    in_order = [s.plan(e)[0].argsort() for s, e in ((loader(root), 1), (loader(root), 2), (loader(root, seed=5), 1))]
    one, two, other = (
        images(s.epoch(e))[at]
        for (s, e), at in zip(((loader(root), 1), (loader(root), 2), (loader(root, seed=5), 1)), in_order, strict=True)
    )
    assert (one != two).flatten(1).any(1).all()
    assert (one != other).flatten(1).any(1).all()


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_processes_and_interruptions_change_no_pixel(root, workers):
    whole = list(loader(root).epoch(3))
    again = list(loader(root, workers=workers).epoch(3))
    resumed = list(loader(root, workers=workers).epoch(3, start=1))
    single = [loader(root).batch(3, i) for i in range(len(whole))]
    assert torch.equal(images(whole), images(again))
    assert torch.equal(images(whole[1:]), images(resumed))
    assert torch.equal(images(whole), images(single))
    ranks = [list(loader(root, workers=workers).epoch(3, Part(r, 3))) for r in range(3)]
    assert torch.equal(images(whole), images(b for of_rank in zip(*ranks, strict=True) for b in of_rank))


@pytest.mark.parametrize("workers", [0, 2])
def test_evaluation_is_torchvisions_on_the_same_folder(root, workers):
    usual = T.Compose([T.Resize(19), T.CenterCrop(16), T.ToTensor(), T.Normalize(DATA.mean, DATA.std)])
    want = torch.stack([image for image, _ in ImageFolder(str(root / "imagenet/val"), usual)])
    got = loader(root, train=False, workers=workers)
    torch.testing.assert_close(images(got.eval_batches(3)), want)
    assert torch.equal(images(got.eval_batches(3)), images(got.epoch(1)))
    assert [b.labels.tolist() for b in got.eval_batches()] == [[0, 0, 1, 1]]


def test_decoded_once_or_each_time_a_plain_centre_crop_is_the_same(root):
    data = DATA.model_copy(update={"augment": (FLIP,)})
    stream = loader(root, data)
    held = checks.with_examples(stream, stream.examples.subset(torch.arange(10)))
    assert type(held) is EpochLoader
    assert torch.equal(images(held.epoch(1)), images(stream.epoch(1)))


@pytest.mark.parametrize("rule", ["permuted", "stratified"])
def test_a_part_of_the_pictures_is_chosen_as_from_decoded_arrays(root, rule):
    plain = Data(name="imagenet", resize=16, per_class=4, test_per_class=1, val_size=3, val_rule=rule)
    for on in ("test", "val"):
        asked = plain.model_copy(update={"evaluate_on": on})
        decoded = prepare(load(asked, root), asked, 7)
        found = to_stream(asked.model_copy(update={"shorter_side": 19}), root, 7)
        assert found is not None
        assert found.counts == (10, 4)
        for split, listing in ((decoded.train, found.train), (decoded.evaluation, found.evaluation)):
            same = FolderLoader(listing, asked, KeyedDraws(7), 4, train=False).examples.subset(range(len(split)))
            assert torch.equal(same.images, split.images)
            assert torch.equal(same.labels, split.labels)


def test_scores_see_new_crops_of_the_same_pictures_in_each_pass(root):
    sample = ScoringSample(loader(root), per_class=3, batch_size=4)
    first, second = sample.batches(0), sample.batches(1)
    assert sum(len(b.labels) for b in first) == 6
    assert torch.equal(images(first), images(sample.batches(0)))
    assert not torch.equal(images(first), images(second))
    plain = ScoringSample(loader(root), per_class=3, batch_size=6, augmented=False)
    order = [plain.loader.plan(-1 - i)[0].argsort() for i in range(2)]
    assert torch.equal(*(plain.batches(i)[0].images[order[i]] for i in range(2)))


def test_checks_of_labels_and_halves_act_on_pictures_and_that_of_pixels_is_refused(root):
    stream = loader(root)
    labels = checks.corrupted(stream, [Method(name="random-labels")])
    assert torch.equal(images(labels.epoch(1)), images(stream.epoch(1)))
    assert not torch.equal(labels.examples.labels, stream.examples.labels)
    half = checks.corrupted(stream, [Method(name="half-dataset", options={"mode": "random"})])
    assert sum(len(b.labels) for b in half.epoch(1)) == 5
    with pytest.raises(ReproError, match="choose another check"):
        checks.corrupted(stream, [Method(name="random-pixels")])


def test_tables_of_encoded_pictures_give_what_folders_give(root, picture_folder, table, monkeypatch):
    found = to_stream(DATA, root)
    assert found is not None
    for split, listing in (("train", found.train), ("validation", found.evaluation)):
        cells = [f.read_bytes() for f in listing.files]
        labels = [label % 2 for label in listing.labels]
        table(root / f"imagenette/{split}-0.parquet", cells, labels, image="image")
    tabled = DATA.model_copy(update={"name": "imagenette"})
    stream = loader(root, tabled)
    assert stream.examples.classes == 10
    assert torch.equal(images(stream.epoch(1)), images(loader(root).epoch(1)))
    assert to_stream(tabled.model_copy(update={"augment": (), "shorter_side": None}), root) is None


def test_data_that_are_no_pictures_are_refused(root, tmp_path):
    with pytest.raises(ReproError, match="not made of encoded pictures"):
        to_stream(DATA.model_copy(update={"name": "digits"}), root)
    decoded = load(Data(name="imagenet", resize=16), root)
    with pytest.raises(ReproError, match="decoded already"):
        prepare(decoded, DATA, 0)
    with pytest.raises(ReproError, match="pad-crop and flip only"):
        EpochLoader(decoded.train, DATA, KeyedDraws(0), 4, train=True)
    (tmp_path / "empty").mkdir()
    assert to_stream(DATA, tmp_path / "empty") is None


def test_a_view_can_be_sent_to_another_process(root):
    view = loader(root)._look(1)
    file = loader(root).examples.listing.files[3]
    assert (pickle.loads(pickle.dumps(view))(file, 3) == view(file, 3)).all()
