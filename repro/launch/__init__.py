"""Ways to execute runs: here and now, in local processes, on a cluster."""
