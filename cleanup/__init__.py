"""The sweep: what exists, whose it is, what to do next, until nothing bills."""
