"""The `workshop` command: one file per command; thin: parse, call, print."""
