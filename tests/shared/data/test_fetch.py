"""Fetching, from a server on the loopback address: no test uses a network."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import tarfile
import threading

import numpy as np
import pytest
from torchvision.datasets import CIFAR10, MNIST, Imagenette

from shared.data.fetch import fetch
from shared.data.sources import find, load
from shared.errors import ReproError
from shared.protocol import Data


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    """The address of a server, which serves the folder ``server``."""
    folder = tmp_path / "server"
    folder.mkdir()
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}/"
    made.shutdown()
    thread.join()
    made.server_close()


def archive(tmp_path, folder):
    path = tmp_path / "server" / f"{folder.name}.tgz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, folder.name)
    return path, hashlib.md5(path.read_bytes()).hexdigest()


@pytest.fixture
def imagenette(tmp_path, server, picture_folder, monkeypatch):
    path, md5 = archive(tmp_path, picture_folder(tmp_path / "made/imagenette2"))
    monkeypatch.setitem(Imagenette._ARCHIVES, "full", (server + path.name, md5))
    return path


def test_a_fetched_data_set_is_found_where_load_looks(imagenette):
    data = Data(name="imagenette", resize=8)
    assert find(data) is None
    folder = fetch("imagenette")
    assert len(load(data).train) == 6
    assert sorted(p.name for p in folder.iterdir()) == ["imagenette2"]  # neither archive nor traces
    imagenette.unlink()
    assert fetch("imagenette") == folder  # there already: nothing is downloaded


@pytest.mark.parametrize("left", ["nothing", "one split"])
def test_a_folder_that_is_not_sound_is_fetched_again_and_kept_aside(imagenette, tmp_path, left):
    folder = tmp_path / "root" / "imagenette2"
    (folder / "train" / "n0").mkdir(parents=True) if left == "one split" else folder.mkdir(parents=True)
    fetch("imagenette", tmp_path / "root")
    assert len(load(Data(name="imagenette", resize=8), tmp_path / "root").train) == 6
    assert (tmp_path / "root" / "imagenette2-damaged").is_dir()


def test_a_damaged_download_is_refused_and_leaves_nothing(imagenette, tmp_path):
    imagenette.write_bytes(imagenette.read_bytes()[:-5])
    with pytest.raises(ReproError, match="imagenette could not be fetched"):
        fetch("imagenette", tmp_path / "root")
    assert find(Data(name="imagenette", resize=8), tmp_path / "root") is None


def test_no_connection_is_one_sentence(imagenette, tmp_path):
    imagenette.unlink()
    with pytest.raises(ReproError, match="imagenette could not be downloaded"):
        fetch("imagenette", tmp_path / "root")


def test_cifar_is_unpacked_and_never_unpickled(tmp_path, server, monkeypatch):
    batches = tmp_path / "made/cifar-10-batches-py"
    batches.mkdir(parents=True)
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        (batches / name).write_bytes(b"\x80\x02cos\n_exit\n(K\x03tR.")  # would end the process
    path, md5 = archive(tmp_path, batches)
    monkeypatch.setattr(CIFAR10, "url", server + path.name)
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5)
    fetch("cifar10", tmp_path / "root")
    with pytest.raises(ReproError, match="MD5 is wrong"):
        load(Data(name="cifar10"), tmp_path / "root")
    fetch("cifar10", tmp_path / "root")  # as that sentence advises: it is not taken for sound
    fetch("cifar10", tmp_path / "root")
    assert sorted(p.name for p in (tmp_path / "root").iterdir()) == [
        "cifar-10-batches-py",
        "cifar-10-batches-py-damaged",
        "cifar-10-batches-py-damaged-2",
    ]


def test_mnist_comes_from_the_first_mirror_that_answers(tmp_path, server, monkeypatch, idx):
    resources = []
    for stem, n in (("train", 3), ("t10k", 2)):
        for what, array in (("images-idx3", np.zeros((n, 28, 28))), ("labels-idx1", np.zeros(n))):
            path = tmp_path / "server" / f"{stem}-{what}-ubyte.gz"
            idx(path, array)
            resources.append((path.name, hashlib.md5(path.read_bytes()).hexdigest()))
    monkeypatch.setattr(MNIST, "resources", resources)
    monkeypatch.setattr(MNIST, "mirrors", [server + "gone/", server])
    fetch("mnist", tmp_path / "root")
    assert len(load(Data(name="mnist"), tmp_path / "root").train) == 3
    (tmp_path / "server" / resources[0][0]).write_bytes(gzip.compress(b"other"))
    with pytest.raises(ReproError, match="mnist could not be fetched"):
        fetch("mnist", tmp_path / "second")


def test_what_cannot_be_fetched_says_what_to_do():
    with pytest.raises(ReproError, match="comes with an installed package"):
        fetch("digits")
    with pytest.raises(ReproError, match=r"these can: mnist, cifar10.*set REPRO_DATA"):
        fetch("imagenet")
    with pytest.raises(ReproError, match="did you mean cifar100"):
        fetch("cifar1000")
