from __future__ import annotations

import gzip
import json
import struct

import numpy as np
import pytest


@pytest.fixture
def mnist(home):
    """Files in MNIST's form that are not MNIST."""
    raw = home / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for stem, n in (("train", 20), ("t10k", 10)):
        images = np.zeros((n, 28, 28), np.uint8)
        head = struct.pack(">IIII", 0x00000803, n, 28, 28)
        (raw / f"{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + images.tobytes()))
        labels = (np.arange(n) % 10).astype(np.uint8)
        head = struct.pack(">II", 0x00000801, n)
        (raw / f"{stem}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(head + labels.tobytes()))
    return home / "data"


def test_list_says_what_is_here_and_what_to_do_about_the_rest(repro, mnist):
    document = json.loads(repro("data", "list", "--data-dir", mnist, "--json").out)
    assert (document["schema_version"], document["kind"]) == (1, "data.list")
    rows = {row["name"]: row for row in document["data"]}
    assert rows["digits"]["present"]
    assert rows["digits"]["embedded"]
    assert rows["mnist"]["folder"] == str(mnist / "MNIST" / "raw")
    assert rows["mnist"]["status"] == "unknown"
    assert not rows["cifar10"]["present"]
    assert "repro data fetch cifar10" in rows["cifar10"]["remedy"]
    assert "fetch" not in rows["imagenet"]["remedy"]
    screen = repro("data", "list", "--data-dir", mnist).out
    assert all(name in screen for name in rows)


def test_check_tells_a_copy_that_is_not_the_original(repro, mnist):
    said = repro("data", "check", "mnist", "--data-dir", mnist, "--json")
    document = json.loads(said.out)
    assert said.code == 1
    assert document["conflict"] is True
    assert document["splits"]["train"]["images"] == 20
    assert "unknown" in repro("data", "check", "mnist", "--data-dir", mnist).out


def test_check_of_the_embedded_digits_is_stable(repro):
    said = repro("data", "check", "digits", "--json")
    assert said.code == 0
    splits = json.loads(said.out)["splits"]
    assert (splits["train"]["images"], splits["test"]["images"]) == (1437, 360)


def test_fetch_says_where_it_went(repro, home, monkeypatch):
    monkeypatch.setattr("shared.data.fetch.fetch", lambda name, root=None: root / name)
    said = repro("data", "fetch", "cifar10", "--data-dir", "there")
    assert said.code == 0
    assert "cifar10 is in there/cifar10." in said.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["check", "mnis"], "did you mean mnist?"),
        (["check", "cifar10"], "repro data fetch cifar10"),
        (["check", "mnist", "--data-dir", "nowhere"], "nowhere does not exist"),
        (["list", "--data-dir", "nowhere"], "nowhere does not exist"),
        (["fetch", "cifar"], "did you mean cifar10"),
        (["fetch", "digits"], "nothing to fetch"),
        (["fetch", "imagenet"], "cannot be fetched automatically"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(repro, words, sentence):
    said = repro("data", *words)
    assert said.code == 2
    assert sentence in said.err
    assert not said.out


def test_a_damaged_file_is_named(repro, mnist):
    damaged = mnist / "MNIST" / "raw" / "train-images-idx3-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:40])
    said = repro("data", "check", "mnist", "--data-dir", mnist)
    assert said.code == 2
    assert damaged.name in said.err
