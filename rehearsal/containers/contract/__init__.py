"""What the algorithms' programs have in common: files, hyperparameters, wire formats, server."""
