"""The options of the original script and its review copy: default and our counterpart, or the reason for none (6.2)."""

from __future__ import annotations

from shared.original_flag import Flag

TEST_BATCH = "the test batch has no influence on accuracy; ours follows the device's memory"
NAMED = "runs are named by their settings and kept under --runs-dir"

FLAGS: tuple[Flag, ...] = (
    Flag("model", "lenet300", "--network"),
    Flag("dataset", "mnist", "--dataset"),
    Flag("batch_size", 32, "--batch-size", "128 by default, as the paper trained"),
    Flag("test_batch_size", 32, "", TEST_BATCH),
    Flag("epochs", 100, "--epochs"),
    Flag("lr", 1e-4, "--lr"),
    Flag("device", "cuda", "--device", "an option of every paper; the original ignored it in places (trap T12)"),
    Flag("seed", 42, "--seed"),
    Flag("val", False, "--val-size"),
    Flag("val_size", 0, "--val-size"),
    Flag("evaluate_on_val", False, "--eval-split"),
    Flag("prune_criterion", "none", "--method"),
    Flag("prune_freq", 1, "--prune-interval"),
    Flag("prune_rate", 0.2, "--prune-fraction"),
    Flag("magnitude_threshold", 0.0, "--threshold"),
    Flag("stop_pruning_at", -1, "--prune-stop-epoch"),
    Flag("prune_bias", False, "--prune-bias"),
    Flag("prune_bnorm", False, "--prune-batchnorm"),
    Flag("flipout_p", 2, "--flipout-p"),
    Flag("add_hs", False, "--hoyer-lambda"),
    Flag("hoyer_lambda", 0.0, "--hoyer-lambda"),
    Flag("stop_hoyer_at", -1, "--hoyer-stop-epoch", "-1 switched the penalty off in the original (trap T5)"),
    Flag("snip_sparsity", 0.0, "--sparsity"),
    Flag("noise", False, "--grad-noise"),
    Flag("noise_scale_factor", 1.0, "--grad-noise-scale"),
    Flag("stop_noise_at", -1, "--grad-noise-stop-epoch"),
    Flag("noise_only_prunable", False, "--grad-noise-prunable-only"),
    Flag("opt", "", "--optimizer"),
    Flag("momentum", 0.0, "--momentum"),
    Flag("use_scheduler", False, "--lr-milestones"),
    Flag("milestones", "", "--lr-milestones"),
    Flag("reg_type", "none", "--weight-decay", "wdecay; --l1 and --l2 for the other two"),
    Flag("lambda", 0.0, "--weight-decay", "or the value of --l1 or --l2"),
    Flag("anneal_lambda", False, "--anneal-weight-decay"),
    Flag("anneal_lr", False, "--anneal-lr"),
    Flag("clip_grad", False, "--clip-grad-norm"),
    Flag("max_norm", "", "--clip-grad-norm"),
    Flag("comment", "", "", NAMED),
    Flag("logdir", "", "", NAMED),
    Flag("save_model", "", "", "every run keeps a checkpoint and its last state (trap T11)"),
    Flag("load_model", False, "", "a run that is typed again goes on from its checkpoint; here the original raised"),
    Flag("model_load_location", "", "", "as load_model"),
    Flag("parallel", False, "", "one device suffices; torchrun spreads a run over several with the same result"),
    Flag("sensitivity", 0.0, "--sensitivity", "review copy"),
    Flag("flip_threshold", 1, "--threshold", "review copy, where it was declared and unused; with --method flip here"),
    Flag("add_ghs", False, "--group-hoyer-lambda", "review copy"),
    Flag("scale_noise_by_lr", False, "--grad-noise-scale-by-lr", "review copy"),
    Flag("global_noise", False, "--grad-noise-mode", "review copy: --grad-noise-mode global"),
)
