"""The built-in linear learner algorithm.

The same losses, normalisation and choice of a threshold as AWS's. The optimiser differs: L-BFGS
on all rows instead of mini-batches and parallel models, so hyperparameters of the optimisers
are validated and have no effect. The model file has AWS's name and not its format (MXNet).
"""
