"""Programs that stand in for SageMaker's algorithm images, run as ordinary processes."""
