from __future__ import annotations

import json
import os

import pytest
import torch

from shared.data import cache, folders
from shared.data.places import cache_root
from shared.data.sources import load
from shared.protocol import Data

DATA = Data(name="imagenette", resize=16)


@pytest.fixture
def decodings(tmp_path, picture_folder, monkeypatch) -> list[str]:
    """A picture folder whose decodings are counted."""
    picture_folder(tmp_path / "imagenette2", suffix="png")
    calls: list[str] = []
    real = folders._split
    monkeypatch.setattr(folders, "_split", lambda name, *rest: calls.append(name) or real(name, *rest))
    return calls


def same(a, b) -> bool:
    return all(
        torch.equal(x.images, y.images)
        and torch.equal(x.labels, y.labels)
        and (x.name, x.classes, x.class_names) == (y.name, y.classes, y.class_names)
        for x, y in ((a.train, b.train), (a.test, b.test))
    )


def entry():
    (folder,) = [p for p in (cache_root() / "decoded").iterdir() if p.is_dir()]
    return folder


def test_a_slow_data_set_is_decoded_once(tmp_path, decodings):
    first = load(DATA, tmp_path)
    again = load(DATA, tmp_path)
    assert decodings == ["imagenette/train", "imagenette/test"]
    assert same(first, again)


def test_another_size_or_a_changed_file_is_decoded_anew(tmp_path, decodings):
    load(DATA, tmp_path)
    load(Data(name="imagenette", resize=8), tmp_path)
    assert len(decodings) == 4
    os.utime(tmp_path / "imagenette2/train/n01/0.png", (1, 1))
    load(DATA, tmp_path)
    assert len(decodings) == 6


def test_a_copy_of_the_files_elsewhere_shares_the_entry(tmp_path, decodings):
    load(DATA, tmp_path)
    (tmp_path / "moved").mkdir()
    (tmp_path / "imagenette2").rename(tmp_path / "moved/imagenette2")
    load(DATA, tmp_path / "moved")
    assert len(decodings) == 2


def _flip_one_byte(folder) -> None:
    content = bytearray((folder / "train-images.npy").read_bytes())
    content[-1] ^= 1
    (folder / "train-images.npy").write_bytes(content)


def _truncate(folder) -> None:
    path = folder / "test-images.npy"
    path.write_bytes(path.read_bytes()[:-100])


def _wrong_classes(folder) -> None:
    meta = json.loads((folder / "meta.json").read_text())
    del meta["classes"]
    (folder / "meta.json").write_text(json.dumps(meta))


@pytest.mark.parametrize(
    "damage",
    [
        _flip_one_byte,
        _truncate,
        _wrong_classes,
        lambda folder: (folder / "meta.json").write_text("{"),
        lambda folder: (folder / "train-labels.npy").unlink(),
        lambda folder: (folder / "train-labels.npy").write_bytes(b""),
    ],
)
def test_a_damaged_entry_is_made_anew(tmp_path, decodings, damage):
    want = load(DATA, tmp_path)
    want = type(want)(want.train.subset(range(6)), want.test)  # copies: the file below them is about to change
    damage(entry())
    assert same(load(DATA, tmp_path), want)
    assert len(decodings) == 4
    assert same(load(DATA, tmp_path), want)
    assert len(decodings) == 4


def test_writing_to_loaded_arrays_does_not_change_the_cache(tmp_path, decodings):
    load(DATA, tmp_path)
    load(DATA, tmp_path).train.images.zero_()
    assert load(DATA, tmp_path).train.images.any()
    assert len(decodings) == 2


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path, decodings, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REPRO_CACHE", str(tmp_path / "file/cache"))
    assert len(load(DATA, tmp_path).train) == 6


def test_an_interrupted_writing_leaves_no_entry(tmp_path, decodings, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cache.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load(DATA, tmp_path)
    assert [p for p in (cache_root() / "decoded").iterdir() if p.is_dir()] == []
