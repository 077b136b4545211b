"""Faults on demand: throttling, errors, latency, refusals, resources that stick, lists that lag."""
