"""The figures the toolkit promises, measured: `python -m benchmarks --list`. Never packaged."""
