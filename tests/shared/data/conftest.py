"""Small data sets in every layout, generated."""

from __future__ import annotations

import gzip
import io
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def _own_places(tmp_path, monkeypatch, request):
    """No test reads or writes the user's data or cache."""
    monkeypatch.setenv("REPRO_CACHE", str(tmp_path / "cache"))
    if not request.node.get_closest_marker("data"):
        monkeypatch.delenv("REPRO_DATA", raising=False)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def pixels(rng) -> np.ndarray:
    """Smooth 32x32 RGB pictures, uint8 [12, 32, 32, 3]."""
    coarse = rng.integers(0, 256, (12, 4, 4, 3), dtype=np.uint8)
    return np.stack([np.asarray(Image.fromarray(c).resize((32, 32), Image.Resampling.BICUBIC)) for c in coarse])


def write_idx(path: Path, array: np.ndarray) -> None:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}i", *array.shape)
    content = header + array.astype(np.uint8).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.fixture
def idx() -> Callable[[Path, np.ndarray], None]:
    return write_idx


def encode(array: np.ndarray, form: str) -> bytes:
    out = io.BytesIO()
    options = {"webp": {"lossless": True}, "jpeg": {"quality": 95}}.get(form, {})
    Image.fromarray(array).save(out, form, **options)
    return out.getvalue()


@pytest.fixture
def encoded() -> Callable[[np.ndarray, str], bytes]:
    return encode


@pytest.fixture
def table() -> Callable[..., None]:
    """Write a hub-style table: ``struct`` cells {bytes, path} or plain bytes."""

    def write(path: Path, cells: list[bytes], labels, image="img", label="label", struct_cells=True) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        column = pa.array([{"bytes": c, "path": None} for c in cells]) if struct_cells else pa.array(cells)
        pq.write_table(pa.table({image: column, label: pa.array(np.asarray(labels), pa.int64())}), path)

    return write


@pytest.fixture
def picture_folder(rng) -> Callable[..., Path]:
    """Write train/val class folders with pictures of various sizes and kinds."""

    def write(root: Path, per_class: int = 3, classes: tuple[str, ...] = ("n01", "n02"), suffix: str = "JPEG") -> Path:
        for split, n in (("train", per_class), ("val", 2)):
            for c in classes:
                folder = root / split / c
                folder.mkdir(parents=True)
                for i in range(n):
                    shape = (20 + 3 * i, 30 - 2 * i, 3) if i else (25, 25)  # the first is grey
                    array = rng.integers(0, 256, shape, dtype=np.uint8)
                    (folder / f"{i}.{suffix}").write_bytes(encode(array, "jpeg" if suffix == "JPEG" else suffix))
        return root

    return write


@pytest.fixture
def real_data() -> Path:
    if not os.environ.get("REPRO_DATA"):
        pytest.skip("REPRO_DATA is not set")
    return Path(os.environ["REPRO_DATA"])
