"""The workshop as CDK stacks: one shared stack per region, one stack per attendee."""
