from __future__ import annotations

import gzip

import numpy as np
import pytest
import torch

from shared.data.idx import read_idx
from shared.data.sources import load
from shared.errors import ReproError
from shared.protocol import Data


@pytest.mark.parametrize("gz", ["", ".gz"])
@pytest.mark.parametrize("folder", ["MNIST/raw", "mnist"])
def test_mnist_is_read_from_idx_files(tmp_path, idx, rng, folder, gz):
    arrays = {
        "train": (rng.integers(0, 256, (20, 28, 28)), np.arange(20) % 10),
        "t10k": (np.ones((5, 28, 28)), [1] * 5),
    }
    for stem, (images, labels) in arrays.items():
        idx(tmp_path / folder / f"{stem}-images-idx3-ubyte{gz}", np.asarray(images))
        idx(tmp_path / folder / f"{stem}-labels-idx1-ubyte{gz}", np.asarray(labels))
    got = load(Data(name="mnist"), tmp_path)
    assert got.train.images.shape == (20, 1, 28, 28)
    assert torch.equal(got.train.images[:, 0], torch.from_numpy(arrays["train"][0].astype(np.uint8)))
    assert got.train.labels.tolist() == (np.arange(20) % 10).tolist()
    assert got.test.labels.tolist() == [1] * 5
    assert got.status == "unknown"
    assert "train and test images of mnist do not have the original's fingerprint" in got.notes[0]


def test_damaged_files_are_named(tmp_path, idx):
    whole = tmp_path / "a-ubyte"
    idx(whole, np.zeros((3, 4)))
    short = tmp_path / "b-ubyte"
    short.write_bytes(whole.read_bytes()[:-1])
    torn = tmp_path / "c-ubyte.gz"
    torn.write_bytes(gzip.compress(whole.read_bytes())[:-9])
    other = tmp_path / "d-ubyte"
    other.write_bytes(b"not an idx file")
    for path, why in [(short, "length its header states"), (torn, "cannot be read"), (other, "not an idx file")]:
        with pytest.raises(ReproError, match=why) as e:
            read_idx(path)
        assert str(path) in str(e.value)


@pytest.mark.data
def test_real_mnist_has_the_published_fingerprints(real_data):
    got = load(Data(name="mnist"), real_data)
    assert got.status == "exact"
    assert got.worst_case_points == 0
    assert (len(got.train), len(got.test)) == (60_000, 10_000)
    assert got.train.fingerprint.pixels == "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"
    assert got.train.fingerprint.labels == "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13"
    assert got.test.fingerprint.pixels == "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"
    assert got.test.fingerprint.labels == "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"
