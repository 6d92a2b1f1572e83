from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

from shared.data import folders
from shared.data.sources import find, load
from shared.errors import ReproError
from shared.protocol import Data

SIZE = 16


def by_hand(path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR)).transpose(2, 0, 1)


@pytest.mark.parametrize(
    ("name", "folder"),
    [("imagenette", "imagenette2"), ("imagefolder", "."), ("imagefolder", "imagefolder"), ("imagenet", "imagenet")],
)
def test_folders_are_read_in_torchvisions_order_at_the_stated_size(tmp_path, picture_folder, name, folder):
    root = picture_folder(tmp_path / folder)
    got = load(Data(name=name, resize=SIZE), tmp_path)
    for split, images in (("train", got.train), ("val", got.test)):
        want = ImageFolder(str(root / split)).samples
        assert images.labels.tolist() == [label for _, label in want]
        assert np.array_equal(images.images.numpy(), np.stack([by_hand(path) for path, _ in want]))
    assert got.train.class_names == ("n01", "n02")
    assert got.train.name == f"{name}/train"


def test_grey_pictures_are_repeated_over_the_channels(tmp_path, picture_folder):
    picture_folder(tmp_path / "imagenette2", suffix="png")
    first = load(Data(name="imagenette", resize=25), tmp_path).train.images[0]
    stored = np.asarray(Image.open(tmp_path / "imagenette2/train/n01/0.png"))
    assert stored.ndim == 2
    assert all(np.array_equal(channel, stored) for channel in first.numpy())


def test_a_smaller_edition_is_used_only_with_a_note(tmp_path, picture_folder):
    picture_folder(tmp_path / "imagenette2-160")
    assert "not the full-size original" in load(Data(name="imagenette", resize=SIZE), tmp_path).notes[0]


def test_tiny_imagenet_is_read_as_distributed(tmp_path, rng):
    root = tmp_path / "tiny-imagenet-200"
    lines = []
    for split in ("train/n1/images", "train/n2/images", "val/images"):
        (root / split).mkdir(parents=True)
        for i in range(3):
            array = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(array).save(root / split / f"{i}.JPEG")
            lines.append(f"{i}.JPEG\t{'n2' if i == 0 else 'n1'}\t0\t0\t62\t62\n")
    (root / "val/val_annotations.txt").write_text("".join(lines[-3:]))
    got = load(Data(name="tiny-imagenet", resize=32), tmp_path)
    assert got.train.images.shape == (6, 3, 64, 64)  # brought to 32 later, like every data set of one size
    assert got.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert got.test.labels.tolist() == [0, 0, 1]
    stored = [np.asarray(Image.open(root / f"val/images/{i}.JPEG")) for i in (1, 2, 0)]
    assert np.array_equal(got.test.images.permute(0, 2, 3, 1).numpy(), np.stack(stored))


def test_faults_of_a_folder_are_named(tmp_path, picture_folder):
    root = picture_folder(tmp_path / "imagenette2")
    data = Data(name="imagenette", resize=SIZE)
    with pytest.raises(ReproError, match="different sizes"):
        load(Data(name="imagenette"), tmp_path)
    (root / "val/n01").rename(root / "val/n03")
    with pytest.raises(ReproError, match=r"different classes \(n01, n03\)"):
        load(data, tmp_path)
    (root / "val/n03").rename(root / "val/n01")
    (root / "train/n09").mkdir()
    with pytest.raises(ReproError, match="no pictures of class n09"):
        load(data, tmp_path)
    (root / "train/n09").rmdir()
    (root / "train/n02/1.JPEG").write_bytes(b"torn")
    with pytest.raises(ReproError, match=r"n02/1\.JPEG cannot be decoded"):
        load(data, tmp_path)


def test_what_does_not_fit_into_memory_is_refused(tmp_path, picture_folder, monkeypatch):
    picture_folder(tmp_path / "imagenet")
    monkeypatch.setattr(folders, "MEMORY_LIMIT", 7000)
    with pytest.raises(ReproError, match="streamed from its folder"):
        load(Data(name="imagenet", resize=SIZE), tmp_path)
    assert find(Data(name="imagenet", resize=SIZE), tmp_path) is not None
