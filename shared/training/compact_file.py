"""The smaller dense network that a structural pruning leaves, as two files that rebuild it anywhere.

``compact.safetensors`` has its parameters and statistics, ``compact.json`` the network as the protocol names it, the
width of every layer, and the bytes and SHA-256 of the former. No pickle is read.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import safetensors.torch
from pydantic import ValidationError
from safetensors import SafetensorError
from torch import nn

from shared.errors import ReproError
from shared.models.registry import build
from shared.protocol import Model
from shared.sparsity.widths import set_widths, widths_of
from shared.training.rundir import write_atomic

TENSORS, DESCRIPTION = "compact.safetensors", "compact.json"
SCHEMA_VERSION = 1


def serialised(model: nn.Module) -> bytes:
    """Parameters and buffers of a network as a safetensors file: the same bytes for the same values."""
    tensors = model.state_dict()
    return safetensors.torch.save({n: t.detach().cpu().contiguous().clone() for n, t in tensors.items()})


def save_compacted(small: nn.Module, network: Model, folder: Path) -> None:
    """Write the two files, the description last; nothing is written if they are there already.

    Args:
        small: of ``shared.sparsity.compaction.compacted``.
        network: what it was made from, as in the protocol.
        folder: of the run.
    """
    data = serialised(small)
    about = {
        "schema_version": SCHEMA_VERSION,
        "model": network.model_dump(mode="json"),
        "layers": widths_of(small),
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    text = json.dumps(about, indent=1) + "\n"
    tensors, description = folder / TENSORS, folder / DESCRIPTION
    if not (tensors.is_file() and tensors.read_bytes() == data):
        write_atomic(tensors, data)
    if not (description.is_file() and description.read_text() == text):
        write_atomic(description, text)


def load_compacted(folder: Path | str) -> nn.Module:
    """Rebuild the smaller network of a run.

    Args:
        folder: of the run, or any other that has the two files.

    Returns:
        The network on the CPU in evaluation mode, in the precision it was trained in.

    Raises:
        ReproError: if a file is missing, damaged, does not belong to the other, or was written by a later version.
    """
    about, data = _read(Path(folder))
    try:
        small = build(Model.model_validate(about.get("model")))
        set_widths(small, about["layers"])
        tensors = safetensors.torch.load(data)
        if {n: t.shape for n, t in tensors.items()} != {n: t.shape for n, t in small.state_dict().items()}:
            raise ReproError("the tensors are not of these widths")
    except (ReproError, ValidationError, SafetensorError, KeyError, AttributeError) as error:
        reason = str(error).rstrip(".") if isinstance(error, ReproError) else "a field is missing or wrong"
        raise ReproError(f"{Path(folder) / DESCRIPTION} does not describe {TENSORS} beside it: {reason}.") from error
    small.load_state_dict(tensors, assign=True)
    return small.eval()


def _read(folder: Path) -> tuple[dict[str, Any], bytes]:
    try:
        about = json.loads((folder / DESCRIPTION).read_text())
        data = (folder / TENSORS).read_bytes()
    except FileNotFoundError as error:
        name = Path(str(error.filename)).name
        raise ReproError(
            f"{folder} has no {name}; runs that prune whole channels write {TENSORS} and {DESCRIPTION} at their end."
        ) from error
    except (OSError, ValueError) as error:
        raise ReproError(f"{folder / DESCRIPTION} or {TENSORS} beside it cannot be read: {error}.") from error
    if not isinstance(about, dict) or about.get("schema_version") != SCHEMA_VERSION:
        raise ReproError(
            f"{folder / DESCRIPTION} is not of schema version {SCHEMA_VERSION}; read it with the version that wrote it."
        )
    if hashlib.sha256(data).hexdigest() != about.get("sha256"):
        raise ReproError(f"{folder / TENSORS} does not have the checksum that {DESCRIPTION} states; copy both again.")
    return about, data
