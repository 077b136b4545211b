"""The scheduled function that shuts down what idles, outlives the event or spends too much."""
