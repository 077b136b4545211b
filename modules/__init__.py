"""The labs: one folder each, with a notebook, its data and a module.yaml."""
