"""Whatever file operation fails, or the process dies at, a checkpoint is the old one or the new one."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shared.training import checkpoint

OPERATIONS = ((os, "replace"), (os, "fsync"), (shutil, "rmtree"), (Path, "mkdir"), (Path, "write_text"))


class KilledError(BaseException):
    """Stands for the end of the process: nothing may catch it and tidy up."""


class Failing:
    """Lets the k-th file operation fail, half-way where it has a half, or the process end there.

    Args:
        patch: where it is put in place.
        k: counted from 1.
        kill: end the process instead: every later operation does too.
    """

    def __init__(self, patch: pytest.MonkeyPatch, k: int, kill: bool) -> None:
        self.left, self.kill, self.failed = k, kill, False
        for owner, name in OPERATIONS:
            patch.setattr(owner, name, self._wrap(name, getattr(owner, name)))
        patch.setattr(checkpoint, "save_file", self._wrap("save_file", checkpoint.save_file))

    def _wrap(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*args: Any, **kwargs: Any) -> Any:
            if self.failed and self.kill:
                raise KilledError
            self.left -= 1
            if self.left:
                return real(*args, **kwargs)
            self.failed = True
            if name == "write_text":
                real(args[0], args[1][: len(args[1]) // 2])
            elif name == "save_file":
                real(*args)
                os.truncate(args[1], args[1].stat().st_size // 2)
            elif name == "rmtree" and Path(args[0]).is_dir():
                next(Path(args[0]).iterdir()).unlink()
            if self.kill:
                raise KilledError
            if name == "rmtree" and kwargs.get("ignore_errors"):
                return None
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        return operation


def save(root: Path, number: int) -> None:
    checkpoint.save_numbered(root, number, {"w": torch.full((40,), float(number))}, {"number": number})


def newest(root: Path) -> int | None:
    """The number of the newest checkpoint that can be read; its two files must belong together."""
    for folder in checkpoint.names(root):
        try:
            tensors, state = checkpoint.read(folder)
        except checkpoint.DamagedCheckpointError:
            continue
        assert torch.equal(tensors["w"], torch.full((40,), float(state["number"])))
        return int(state["number"])
    return None


@pytest.mark.parametrize("kill", [False, True])
@pytest.mark.parametrize("saved", [(1, 2, 3), (1, 2, 2)])
def test_a_checkpoint_is_old_or_new_whatever_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kill: bool, saved: tuple[int, ...]
) -> None:
    *before, last = saved
    attempts = 0
    for k in range(1, 50):
        root = tmp_path / str(k)
        for number in before:
            save(root, number)
        with monkeypatch.context() as patch:
            failing = Failing(patch, k, kill)
            try:
                save(root, last)
            except (KilledError, OSError):
                assert failing.failed
        # a checkpoint that is written again may be away for the moment between two renames: then the one before it
        assert newest(root) in {before[-1], last} | ({before[-2]} if last in before else set())
        save(root, last)
        assert newest(root) == last
        assert not list(root.glob(".*"))
        assert len(checkpoint.names(root)) == 2
        if not failing.failed:
            break
        attempts += 1
    assert attempts >= 8


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("moment", [(checkpoint, "save_file"), (os, "replace"), (checkpoint, "_sync")])
def test_two_machines_write_one_beginning_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: tuple[Any, str], there: bool
) -> None:
    folder, at = tmp_path / "000001", []
    owner, name = moment
    real = getattr(owner, name)

    def write(number: int) -> None:
        checkpoint.write(folder, {"w": torch.full((40,), float(number))}, {"number": number})

    def interrupted(*args: Any) -> Any:
        """The other one writes all of it before this call, and before the next of this name."""
        at.append(name)
        if len(at) in (1, 3):
            with monkeypatch.context() as patch:
                patch.setattr(owner, name, real)
                write(2)
        return real(*args)

    if there:
        write(0)
    monkeypatch.setattr(os, "getpid", lambda: 7)
    monkeypatch.setattr(owner, name, interrupted)
    write(1)
    assert at
    tensors, state = checkpoint.read(folder)
    assert state["number"] in (1, 2)
    assert torch.equal(tensors["w"], torch.full((40,), float(state["number"])))
    assert [p.name for p in tmp_path.iterdir()] == ["000001"]


@pytest.mark.parametrize("phase", [98, 99, 100, 101, 999, 1000])
def test_the_newest_checkpoint_has_the_highest_number_however_many_digits_it_has(tmp_path: Path, phase: int) -> None:
    numbers = [(phase + later) * 1_000_000 for later in range(3)]
    for number in numbers:
        save(tmp_path, number)
        assert newest(tmp_path) == number
    assert [int(p.name) for p in checkpoint.names(tmp_path)] == numbers[:0:-1]


@pytest.mark.parametrize("name", [checkpoint.TENSORS, checkpoint.STATE])
@given(data=st.data())
def test_a_changed_or_shortened_file_is_never_read_as_another_state(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("checkpoint")
    save(root, 1)
    file = checkpoint.names(root)[0] / name
    content = file.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    bit = data.draw(st.integers(0, 7))
    flipped = content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :]
    file.write_bytes(content[:at] if data.draw(st.booleans()) else flipped)
    try:
        tensors, state = checkpoint.read(file.parent)
    except checkpoint.DamagedCheckpointError:
        return
    assert name == checkpoint.STATE
    assert file.read_text().count("\n") <= 1  # cut behind the first line, which is all there is to know
    assert state == {"number": 1}
    assert torch.equal(tensors["w"], torch.ones(40))


def test_what_a_dead_writer_left_is_swept_when_it_is_old(tmp_path: Path) -> None:
    """In folders that runs share, a young one may be another process at work."""
    young, old, other = (tmp_path / f".{name}.tmp" for name in ("000001.aa", "000001.bb", "000002.aa"))
    for folder in (young, old, other):
        folder.mkdir()
    for folder in (old, other):
        os.utime(folder, (0, 0))
    checkpoint.write(tmp_path / "000001", {}, {})
    assert (young.exists(), old.exists(), other.exists()) == (True, False, True)
