"""Container images that a workshop builds itself, without Docker: files and a configuration."""
