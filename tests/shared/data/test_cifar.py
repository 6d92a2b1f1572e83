"""CIFAR as its authors distribute it, both forms; the pickles are listed, never loaded."""

from __future__ import annotations

import hashlib
import pickle
import struct

import numpy as np
import pytest
import torch

from shared.data import cifar
from shared.data.picklescan import scan_batch
from shared.data.sources import load
from shared.errors import ReproError
from shared.protocol import Data


def python2_batch(pixels: bytes, labels: list[int], key: bytes = b"labels") -> bytes:
    """A batch as Python 2 pickled it (protocol 2): labels before data, byte strings, lists in parts of 1,000."""
    short = lambda s: b"U" + bytes([len(s)]) + s  # noqa: E731
    items = b"".join(
        b"(" + b"".join(b"K" + bytes([v]) for v in labels[i : i + 1000]) + b"e" for i in range(0, len(labels), 1000)
    )
    return (
        b"\x80\x02}q\x01("
        + (short(b"batch_label") + short(b"training batch 1 of 5"))
        + (short(b"coarse_labels") + b"](K\x07K\x07e" + short(key) + b"q\x04]q\x05" + items)
        + (short(b"data") + b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85")
        + (short(b"b") + b"\x87R(K\x01M\x10'M\x00\x0c\x86\x89" + b"T" + struct.pack("<i", len(pixels)) + pixels + b"tb")
        + (short(b"filenames") + b"](" + short(b"labels_of_nothing.png") + b"K\x03" + b"eu.")
    )


@pytest.fixture
def batch(rng):
    def make(n: int, classes: int) -> tuple[np.ndarray, list[int]]:
        return rng.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8), rng.integers(0, classes, n).tolist()

    return make


def test_a_python_2_batch_is_read_without_unpickling(batch, monkeypatch):
    monkeypatch.setattr(pickle, "loads", None)
    pixels, labels = batch(2500, 10)
    got = scan_batch(python2_batch(pixels.tobytes(), labels), "labels")
    assert got == (pixels.tobytes(), labels)


@pytest.mark.parametrize("protocol", [3, 4])
def test_a_newer_pickle_reads_the_same(batch, protocol):
    pixels, labels = batch(1200, 10)
    content = pickle.dumps({"data": pixels.tobytes(), "labels": labels, "filenames": ["x"] * 3}, protocol)
    assert scan_batch(content, "labels") == (pixels.tobytes(), labels)


def test_a_pickle_that_would_run_code_is_only_listed(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "made"), "w"))

    with pytest.raises(ReproError, match="no pixels or no 'labels'"):
        scan_batch(pickle.dumps(Evil()), "labels")
    assert not (tmp_path / "made").exists()


def test_a_torn_pickle_is_refused(batch):
    pixels, labels = batch(3, 10)
    with pytest.raises(ReproError, match="cut short"):
        scan_batch(python2_batch(pixels.tobytes(), labels)[:4000], "labels")


@pytest.mark.parametrize(
    ("name", "folder", "files", "key"),
    [
        ("cifar10", "cifar-10-batches-py", [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"], b"labels"),
        ("cifar100", "cifar-100-python", ["train", "test"], b"fine_labels"),
    ],
)
def test_torchvisions_layout_is_read_after_its_checksums_matched(
    tmp_path, monkeypatch, batch, name, folder, files, key
):
    (tmp_path / folder).mkdir()
    made = {f: batch(4, 10) for f in files}
    md5 = {}
    for f, (pixels, labels) in made.items():
        content = python2_batch(pixels.tobytes(), labels, key)
        (tmp_path / folder / f).write_bytes(content)
        md5[f] = hashlib.md5(content).hexdigest()
    with pytest.raises(ReproError, match="MD5 is wrong"):
        load(Data(name=name), tmp_path)
    monkeypatch.setattr(cifar, "_published_md5", lambda _: md5)
    got = load(Data(name=name), tmp_path)
    assert torch.equal(got.train.images, torch.from_numpy(np.concatenate([made[f][0] for f in files[:-1]])))
    assert got.train.labels.tolist() == [v for f in files[:-1] for v in made[f][1]]
    assert torch.equal(got.test.images, torch.from_numpy(made[files[-1]][0]))
    assert got.status == "exact"
    assert folder in got.origin


@pytest.mark.parametrize(
    ("name", "folder", "files", "label_bytes"),
    [
        ("cifar10", "cifar-10-batches-bin", [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"], 1),
        ("cifar100", "cifar-100-binary", ["train.bin", "test.bin"], 2),
    ],
)
def test_the_binary_version_is_read(tmp_path, batch, name, folder, files, label_bytes):
    (tmp_path / folder).mkdir()
    made = {f: batch(4, 10) for f in files}
    for f, (pixels, labels) in made.items():
        rows = [b"\x09" * (label_bytes - 1) + bytes([v]) + x.tobytes() for x, v in zip(pixels, labels, strict=True)]
        (tmp_path / folder / f).write_bytes(b"".join(rows))
    got = load(Data(name=name), tmp_path)
    assert torch.equal(got.train.images, torch.from_numpy(np.concatenate([made[f][0] for f in files[:-1]])))
    assert got.train.labels.tolist() == [v for f in files[:-1] for v in made[f][1]]
    assert got.test.labels.tolist() == made[files[-1]][1]
    assert got.status == "unknown"
    with (tmp_path / folder / files[0]).open("ab") as f:
        f.write(b"x")
    with pytest.raises(ReproError, match="whole number"):
        load(Data(name=name), tmp_path)


def test_torchvisions_published_checksums_are_used():
    assert cifar._published_md5("cifar10")["test_batch"] == "40351d587109b95175f43aff81a1287e"
    assert set(cifar._published_md5("cifar100")) == {"train", "test"}
