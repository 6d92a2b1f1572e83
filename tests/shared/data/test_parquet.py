from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from shared.data.sources import load
from shared.errors import ReproError
from shared.protocol import Data


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
@pytest.mark.parametrize(("image", "label", "struct_cells"), [("img", "label", True), ("image", "fine_label", False)])
def test_tables_of_any_encoding_are_read_in_order(tmp_path, pixels, encoded, table, form, image, label, struct_cells):
    cells = [encoded(p, form) for p in pixels]
    labels = np.arange(12) % 10
    columns = {"image": image, "label": label, "struct_cells": struct_cells}
    table(tmp_path / "cifar10/train-00000-of-00002.parquet", cells[:5], labels[:5], **columns)
    table(tmp_path / "cifar10/train-00001-of-00002.parquet", cells[5:9], labels[5:9], **columns)
    table(tmp_path / "cifar10/test-00000-of-00001.parquet", cells[9:], labels[9:], **columns)
    got = load(Data(name="cifar10"), tmp_path)
    both = torch.cat([got.train.images, got.test.images])
    want = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    if form == "jpeg":
        assert (both.int() - want.int()).abs().float().mean() < 6
        assert not torch.equal(both, want)
    else:
        assert torch.equal(both, want)
    assert torch.cat([got.train.labels, got.test.labels]).tolist() == labels.tolist()


@pytest.mark.parametrize("folder", ["tiny-imagenet", "tiny-imagenet/data", "."])
def test_the_usual_folders_and_split_names_are_found(tmp_path, pixels, encoded, table, folder):
    root = tmp_path / "tiny-imagenet" if folder == "." else tmp_path
    place = root / folder
    cells = [encoded(p, "png") for p in pixels]
    table(place / "train-00000-of-00001.parquet", cells, range(12))
    table(place / "valid-00000-of-00001.parquet", cells[:2], [0, 199])
    got = load(Data(name="tiny-imagenet"), root)
    assert (len(got.train), len(got.test), got.train.classes) == (12, 2, 200)
    assert "do not agree (100,000 + 10,000)" in got.notes[0]


def test_pictures_of_many_sizes_are_resized_when_decoded(tmp_path, rng, encoded, table):
    arrays = [rng.integers(0, 256, (20 + i, 30, 3), dtype=np.uint8) for i in range(3)]
    table(tmp_path / "imagenette/train-0.parquet", [encoded(a, "png") for a in arrays], [0, 1, 2])
    table(tmp_path / "imagenette/validation-0.parquet", [encoded(arrays[0], "png")], [9])
    got = load(Data(name="imagenette", resize=16), tmp_path)
    want = [np.asarray(Image.fromarray(a).resize((16, 16), Image.Resampling.BILINEAR)) for a in arrays]
    assert np.array_equal(got.train.images.permute(0, 2, 3, 1).numpy(), np.stack(want))
    with pytest.raises(ReproError, match=r"state the side length with data\.resize"):
        load(Data(name="imagenette"), tmp_path)


def test_unusable_tables_are_named(tmp_path, pixels, encoded, table):
    cells = [encoded(p, "png") for p in pixels[:2]]
    train = tmp_path / "cifar10/train-0.parquet"
    table(tmp_path / "cifar10/test-0.parquet", cells, [0, 1])
    table(train, cells, [0, 10])
    with pytest.raises(ReproError, match=r"labels of cifar10/train .* do not lie in 0\.\.9"):
        load(Data(name="cifar10"), tmp_path)
    table(train, cells, [0, 1], label="target")
    with pytest.raises(ReproError, match="no column label or fine_label or labels; its columns are img, target"):
        load(Data(name="cifar10"), tmp_path)
    table(train, [cells[0], b"not a picture"], [0, 1])
    with pytest.raises(ReproError, match="cannot be decoded"):
        load(Data(name="cifar10"), tmp_path)
    pq.write_table(pa.table({"img": pa.array([None], pa.binary()), "label": [0]}), train)
    with pytest.raises(ReproError, match="without picture or label"):
        load(Data(name="cifar10"), tmp_path)
    train.write_bytes(train.read_bytes()[:50])
    with pytest.raises(ReproError, match="cannot be read as a Parquet table"):
        load(Data(name="cifar10"), tmp_path)


def test_the_manifest_is_quoted(tmp_path, pixels, encoded, table):
    cells = [encoded(p, "png") for p in pixels[:2]]
    for split in ("train", "test"):
        table(tmp_path / f"cifar10/{split}-0.parquet", cells, [0, 1])
    manifest = tmp_path / "cifar10/manifest.json"
    manifest.write_text(json.dumps({"test_inexact": {"count": 2, "indices": [0, 1], "note": "from a scan"}}))
    assert load(Data(name="cifar10"), tmp_path).notes[0].endswith("states 2 inexact test images: from a scan.")
    manifest.write_text("[")
    with pytest.raises(ReproError, match="not a readable manifest"):
        load(Data(name="cifar10"), tmp_path)


@pytest.mark.data
@pytest.mark.slow
def test_real_cifar10_is_exact_but_for_the_accounted_test_images(real_data):
    got = load(Data(name="cifar10"), real_data)
    assert got.train.fingerprint.pixels == "9d5c2eddadb0deff02c14c350c0385aab7b1d5ff1edfeb4997c8dc8644960111"
    assert got.train.fingerprint.labels == "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253"
    assert got.test.fingerprint.labels == "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5"
    assert got.test.fingerprint.pixels == "1fe46ff47f5fb6c1b24f0b5448654cac0e0d3e1e0c16f9cbac842307814b553a"
    assert got.status == "accounted"
    assert len(got.inexact) == 20
    assert got.worst_case_points == pytest.approx(0.20)
    assert any("0.20 points" in note for note in got.notes)
    stated = json.loads((real_data / "cifar10/manifest.json").read_text())["test_inexact"]["indices"]
    assert list(got.inexact) == stated
    pixels = got.train.images.double().div(255)
    assert pixels.mean((0, 2, 3)).tolist() == pytest.approx([0.49139968, 0.48215841, 0.44653091], abs=1e-8)
