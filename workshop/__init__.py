"""The shared vocabulary: configuration, names and tags, errors, AWS clients."""
