"""workshop.yaml: read it, check it, and turn it into a `workshop.model.Workshop`."""

from workshop.config.loader import load_workshop

__all__ = ["load_workshop"]
