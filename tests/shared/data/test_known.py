"""How a copy relates to the original: exact, accounted for, or unknown."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from shared.data import known
from shared.data.found import Found
from shared.data.imageset import ImageSet
from shared.data.known import KNOWN, Original, Subset, assess


def images(split: str, seed: int) -> ImageSet:
    g = torch.Generator().manual_seed(seed)
    return ImageSet(
        torch.randint(0, 256, (9, 3, 2, 2), dtype=torch.uint8, generator=g), torch.arange(9), 10, f"toy/{split}"
    )


TRAIN, TEST = images("train", 0), images("test", 1)


def found(name: str = "toy", **kwargs) -> Found:
    return Found(name, "toy files", Path("somewhere"), tuple, lambda: (TRAIN, TEST), **kwargs)


@pytest.fixture(autouse=True)
def _toy(monkeypatch):
    keep = [i for i in range(9) if i not in (2, 5)]
    table = {
        "toy/train": Original(TRAIN.fingerprint.labels, TRAIN.fingerprint.pixels),
        "toy/test": Original(TEST.fingerprint.labels, None, Subset((2, 5), TEST.subset(keep).fingerprint.pixels)),
        "toy2/train": Original(TRAIN.fingerprint.labels, TRAIN.fingerprint.pixels),
        "toy2/test": Original(TEST.fingerprint.labels, TEST.fingerprint.pixels),
    }
    monkeypatch.setattr(known, "KNOWN", {**KNOWN, **table})
    monkeypatch.setattr(known, "_CIFAR10_WITHOUT", (2, 5))


def changed(position: int) -> ImageSet:
    pixels = TEST.images.clone()
    pixels[position] ^= 1
    return ImageSet(pixels, TEST.labels, 10, "toy/test")


def test_equal_fingerprints_are_exact():
    assert assess(found("toy2"), TRAIN, TEST).status == "exact"
    assert assess(found("toy2"), TRAIN, TEST).notes == ()


def test_files_with_the_publishers_checksums_are_exact():
    assert assess(found("other", verified=True), TRAIN, TEST).status == "exact"


def test_a_copy_that_differs_only_in_listed_images_is_accounted_for():
    got = assess(found(), TRAIN, changed(5))
    assert (got.status, got.inexact) == ("accounted", (2, 5))
    assert got.worst_case_points == pytest.approx(100 * 2 / 9)
    assert "22.22 points at the very most" in got.notes[-1]


def test_any_other_difference_is_unknown_and_said():
    got = assess(found(), TRAIN, changed(4))
    assert (got.status, got.inexact) == ("unknown", ())
    assert "decoded test images of toy do not" in got.notes[-1]
    relabelled = ImageSet(TEST.images, TEST.labels.flip(0), 10, "toy/test")
    assert assess(found(), TRAIN, relabelled).status == "unknown"
    assert assess(found(), images("train", 7), TEST).status == "unknown"


def test_data_without_a_known_fingerprint_say_so():
    assert "No fingerprint of the original other" in assess(found("other"), TRAIN, TEST).notes[-1]
    assert "do not agree (9,469 + 3,925)" in assess(found("imagenette"), TRAIN, TEST).notes[-1]


def test_a_fingerprint_is_of_bytes_in_order():
    assert TEST.fingerprint.pixels == hashlib.sha256(TEST.images.numpy().tobytes()).hexdigest()
    assert TEST.fingerprint.labels == hashlib.sha256(bytes(range(9))).hexdigest()
    assert TEST.fingerprint.combined != TRAIN.fingerprint.combined
    view = ImageSet(TEST.images.permute(0, 1, 3, 2), TEST.labels, 10)
    assert view.fingerprint.pixels == hashlib.sha256(TEST.images.numpy().swapaxes(2, 3).tobytes()).hexdigest()
