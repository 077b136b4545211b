"""CloudFormation's stack lifecycle: asynchronous, ordered, with reasons, rollback, replacement."""
