"""CodeBuild: buildspecs are run for real, with a `docker` that builds and pushes without Docker."""
