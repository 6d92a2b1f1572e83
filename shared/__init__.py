"""The core: models, data, sparsity and training. It knows no paper."""
