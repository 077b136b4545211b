"""The deploy engine: a cloud assembly in, CloudFormation stacks out, bounded and resumable."""
