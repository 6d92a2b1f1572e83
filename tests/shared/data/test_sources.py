from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from shared.data.places import cache_root, roots
from shared.data.sources import SOURCES, find, load, names, present
from shared.errors import MissingDataError, ReproError
from shared.protocol import Data


def test_names_are_listed_without_heavy_imports():
    code = "import sys; from shared.data.sources import names; names(); print({'torch', 'numpy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
    assert names()[0] == "digits"


def test_the_embedded_data_need_no_folder():
    assert present(Data(name="digits"))
    assert load(Data(name="digits")).origin == "scikit-learn"


@pytest.mark.parametrize("name", [n for n, s in SOURCES.items() if s.finders])
def test_missing_data_say_what_where_and_what_to_do(name, tmp_path, monkeypatch):
    monkeypatch.setenv("REPRO_DATA", str(tmp_path / "lab"))
    data = Data(name=name, resize=8)
    (tmp_path / "mine").mkdir()
    assert not present(data, tmp_path / "mine")
    with pytest.raises(MissingDataError) as e:
        load(data, tmp_path / "mine")
    text = str(e.value)
    assert SOURCES[name].looks_for in text
    assert text.index(str(tmp_path / "mine")) < text.index(str(tmp_path / "lab")) < text.index(str(tmp_path / "cache"))
    assert "REPRO_DATA or --data-dir" in text
    assert (f"repro data fetch {name}" in text) == SOURCES[name].fetchable
    assert "\n" not in text


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(ReproError, match="did you mean cifar10"):
        load(Data(name="cifar-10"))


def test_a_folder_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(ReproError, match="does not exist"):
        load(Data(name="mnist"), tmp_path / "nowhere")


def test_lookup_order_is_explicit_then_environment_then_cache(tmp_path, monkeypatch, idx):
    monkeypatch.setenv("REPRO_DATA", str(tmp_path / "lab"))
    places = [cache_root() / "data", tmp_path / "lab", tmp_path / "mine"]
    (tmp_path / "mine").mkdir()
    for place in places:
        for stem in ("train", "t10k"):
            idx(place / "MNIST/raw" / f"{stem}-images-idx3-ubyte", np.zeros((2, 28, 28)))
            idx(place / "MNIST/raw" / f"{stem}-labels-idx1-ubyte", np.zeros(2))
        found = find(Data(name="mnist"), tmp_path / "mine")
        assert found is not None
        assert found.folder == place / "MNIST/raw"


def test_places_follow_the_environment(tmp_path, monkeypatch):
    assert cache_root() == tmp_path / "cache"
    monkeypatch.delenv("REPRO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_root() == tmp_path / "xdg/pruning-repro"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_root() == tmp_path / ".cache/pruning-repro"
    monkeypatch.setenv("REPRO_DATA", str(tmp_path))
    assert roots(tmp_path) == [tmp_path, tmp_path / ".cache/pruning-repro/data"]
