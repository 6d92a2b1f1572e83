"""Whatever operation fails, the evidence is in its old state or its new one, and the next write succeeds."""

import errno
import os
import threading

import pytest

from repro.evidence import files
from repro.evidence.merge import export, import_
from repro.evidence.store import append, read
from shared.errors import ReproError

OPERATIONS = ("write", "fsync", "replace")


class Killed(BaseException):
    """Stands for the end of the process: nothing may catch it and tidy up."""


class Failing:
    """Lets the k-th file operation fail: with an error, or half-way through as a killed process would."""

    def __init__(self, monkeypatch, k, kill):
        self.left, self.kill, self.failed = k, kill, False
        for name in OPERATIONS:
            monkeypatch.setattr(files.os, name, self._wrap(name, getattr(os, name)))
        if kill:
            monkeypatch.setattr(files.os, "ftruncate", self._dead(os.ftruncate))
            monkeypatch.setattr(files.os, "unlink", self._dead(os.unlink))

    def _wrap(self, name, real):
        def operation(*args, **kwargs):
            self.left -= 1
            if self.left == 0:
                self.failed = True
                if name == "write":
                    real(args[0], bytes(args[1])[: len(args[1]) // 2])
                raise Killed if self.kill else OSError(errno.ENOSPC, "No space left on device")
            return real(*args, **kwargs)

        return operation

    def _dead(self, real):
        def operation(*args, **kwargs):
            if self.failed:
                raise Killed
            return real(*args, **kwargs)

        return operation


@pytest.mark.parametrize("kill", [False, True])
def test_append_is_old_or_new(tmp_path, factory, monkeypatch, kill):
    old, new, later = (factory.make_record(seed=seed, epochs=2) for seed in range(3))
    expected = Killed if kill else ReproError
    attempts = 0
    for k in range(1, 50):
        file = tmp_path / str(k) / "demo.jsonl"
        append(file, old)
        with monkeypatch.context() as patch:
            failing = Failing(patch, k, kill)
            try:
                append(file, new)
            except expected:
                assert failing.failed
        found, problems = read(file)
        assert found in ([old], [old, new])
        if failing.failed and not kill and k == 1:
            assert (found, problems) == ([old], [])
        append(file, later)
        assert read(file)[0] == [*found, later]
        if not failing.failed:
            assert found == [old, new]
            break
        attempts += 1
    assert attempts == 2  # the write and the flush


@pytest.mark.parametrize("kill", [False, True])
def test_import_is_old_or_new(tmp_path, factory, monkeypatch, kill):
    old, new = (factory.make_record(seed=seed, epochs=2) for seed in range(2))
    append(tmp_path / "theirs.jsonl", new)
    expected = Killed if kill else ReproError
    attempts = 0
    for k in range(1, 50):
        into = tmp_path / str(k)
        append(into / "flipout" / "demo.jsonl", old)
        with monkeypatch.context() as patch:
            failing = Failing(patch, k, kill)
            try:
                import_(tmp_path / "theirs.jsonl", into)
            except expected:
                assert failing.failed
        found, problems = read(into)
        assert found in ([old], [old, new])
        assert problems == []
        import_(tmp_path / "theirs.jsonl", into)
        assert read(into) == ([old, new], [])
        if not failing.failed:
            assert found == [old, new]
            break
        attempts += 1
    assert attempts >= 3  # write, flush, rename


@pytest.mark.parametrize("kill", [False, True])
def test_export_is_old_or_new(tmp_path, factory, monkeypatch, kill):
    old, new = (factory.make_record(seed=seed, epochs=2) for seed in range(2))
    run = tmp_path / "runs" / "one"
    run.mkdir(parents=True)
    (run / "record.json").write_text(new.model_dump_json() + "\n")
    expected = Killed if kill else ReproError
    attempts = 0
    for k in range(1, 50):
        out = tmp_path / str(k)
        append(out / "flipout" / "demo.jsonl", old)
        with monkeypatch.context() as patch:
            failing = Failing(patch, k, kill)
            try:
                export(tmp_path / "runs", out)
            except expected:
                assert failing.failed
        found, problems = read(out)
        assert found in ([old], [old, new])
        assert problems == []
        export(tmp_path / "runs", out)
        assert read(out) == ([old, new], [])
        if not failing.failed:
            assert found == [old, new]
            break
        attempts += 1
    assert attempts >= 3  # write, flush, rename


def test_a_second_writer_is_told_who_waits(tmp_path):
    file = tmp_path / "demo.jsonl"
    with files.locked(file), pytest.raises(ReproError, match="Another process"), files.locked(file, wait=0.01):
        pass


def test_concurrent_appends_lose_and_mix_nothing(tmp_path, factory):
    records = [factory.make_record(seed=seed, epochs=2) for seed in range(24)]
    file = tmp_path / "demo.jsonl"

    def work(part):
        for record in records[part::4]:
            append(file, record)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found, problems = read(file)
    assert problems == []
    assert sorted(r.protocol.seed for r in found) == list(range(24))


def test_replace_keeps_the_old_file_when_the_folder_cannot_be_written(tmp_path, monkeypatch):
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"old\n")

    def refuse(*args):
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(files.os, "replace", refuse)
    with pytest.raises(ReproError, match="Permission denied"):
        files.replace(file, b"new\n")
    assert file.read_bytes() == b"old\n"
    assert [p.name for p in tmp_path.iterdir()] == ["a.jsonl"]
