"""Speed of the engine against a plain PyTorch loop, measured side by side in one process."""
