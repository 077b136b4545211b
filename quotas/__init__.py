"""Does a workshop fit into an account: demand, applied limits, what is in use, and the fit."""
