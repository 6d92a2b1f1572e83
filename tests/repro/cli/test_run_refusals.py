from __future__ import annotations

import pytest

REFUSED = [
    (["rigl", "--ratio", "0.95"], "There is no paper 'rigl'"),
    (["flipot"], "did you mean flipout?"),
    ([], "Say which paper"),
    (["flipout", "--network", "vgg91"], "did you mean vgg19"),
    (["flipout", "--dataset", "cifar"], "did you mean cifar10?"),
    (["flipout", "--method", "snp"], "did you mean snip?"),
    (["flipout", "--variant", "publishd"], "did you mean published?"),
    (["flipout", "--scale", "papr"], "did you mean paper?"),
    (["flipout", "--precision", "bf61"], "did you mean bf16?"),
    (["flipout", "--sparsity", "99.9"], "0.999 if you mean 99.9 %"),
    (["flipout", "--sparsity", "0"], "between 0 and 1"),
    (["flipout", "--lr", "nan"], "finite"),
    (["flipout", "--epochs", "-3"], "--epochs must be positive, not -3."),
    (["flipout", "--seed", "-1"], "--seed must not be negative"),
    (["flipout", "--prune-interval", "400"], "never prunes in 350 epochs"),
    (["flipout", "--method", "snip", "--prune-interval", "3"], "has no effect"),
    (["flipout", "--data-dir", "nowhere"], "The data folder nowhere does not exist"),
    (["flipout", "--scale", "paper"], "`repro data fetch cifar10`"),
    (["flipout", "--device", "warp"], "device 'warp' is not available"),
    (["flipout", "--device", "meta"], "device 'meta' is not available"),
    (["flipout", "--set", "model.width"], "not PATH=VALUE"),
    (["flipout", "--set", "model.wdth=1"], "did you mean model.width"),
    (["flipout", "--set", "phases.train.lr=1"], "did you mean phases.train.optimizer.lr?"),
    (["flipout", "--set", "phases.train.epochs=-3"], "greater than 0"),
    (["flipout", "--set", "phases.train.epochs=1"], "never happens in the 1 epochs"),
    (["flipout", "--set", "model.width=Infinity"], "finite"),
    (["flipout", "--set", "model.name=vgg91"], "did you mean vgg19"),
    (["flipout", "--set", "data.name=digit"], "did you mean digits?"),
    (["flipout", "--set", "seed=3"], "use --seed"),
    (["flipout", "--set", "scale=paper"], "use --scale"),
    (["flipout", "--set", "phases.train.methods.prune.options.q=1"], "'prune' refuses its options"),
    (["flipout", "--set", "model.classes=7"], "set model.classes=10"),
    (["flipout", "--sparsty", "0.9"], "--sparsity"),
    (["flipout", "--epochs", "many"], "--epochs"),
    (["flipout", "--threads", "0"], "--threads"),
]


@pytest.mark.parametrize(("words", "sentence"), REFUSED, ids=lambda x: " ".join(x)[:50] if isinstance(x, list) else "")
def test_bad_input_gets_a_sentence_and_code_2(repro, words, sentence):
    said = repro("run", *words, "--no-mlflow") if words else repro("run")
    assert said.code == 2, said
    assert sentence in said.err
    assert "Traceback" not in said.err
    assert not said.out


def test_an_output_folder_that_cannot_be_written_to_is_refused_before_training(repro, home):
    (home / "file").write_text("in the way")
    said = repro("run", "flipout", "--runs-dir", "file/runs")
    assert said.code == 2
    assert "file/runs cannot be written to (not a directory); choose another --runs-dir." in said.err


def test_a_refused_run_leaves_nothing_behind(repro, home):
    repro("run", "flipout", "--set", "model.name=vgg91")
    repro("run", "flipout", "--scale", "paper")
    assert not (home / "runs").exists()
