"""Scripts that run in the framework images: training and serving."""
