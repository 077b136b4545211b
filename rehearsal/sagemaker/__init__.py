"""SageMaker's control plane and runtime, table-driven from botocore's model."""
