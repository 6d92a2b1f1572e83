"""The product: planning, verdicts, evidence, tracking, reports and the command line."""
