"""The commented workshop.yaml that `workshop init` writes."""

EXAMPLE = """\
# yaml-language-server: $schema=workshop.schema.json
#
# One Amazon SageMaker workshop. Check it with `workshop check`, try it on this machine,
# without an AWS account, with `workshop rehearse`.

# The beginning of every resource's name. Lower-case letters and digits, a letter first.
name: ml101
title: Machine learning 101

# What every attendee gets: `studio` (a private JupyterLab space) or `notebook`
# (a notebook instance). An attendee may have the other one, see below.
environment: studio

# A count makes the ids a001, a002, ...; they stay the same when the count grows.
attendees: 3
# Or a list of ids or people:
#   attendees:
#     - ann
#     - {id: bob, name: Bob Example, email: bob@example.com, environment: notebook}
# Or a CSV file beside this one with the columns id, name, email, environment, region:
#   attendees: {roster: roster.csv}

# Counted attendees take turns over the regions; others get a region that depends on their
# id alone, or the one they name. Adding people never moves anybody.
regions: [us-east-1]

# With time zone: an offset, or Z for UTC. What runs is stopped after the end.
starts: 2030-03-04T09:00:00+01:00
ends: 2030-03-04T17:00:00+01:00

# Cloned into every environment. https, readable without signing in. A commit as ref makes
# all environments alike. PUT YOUR OWN HERE: this one is a placeholder.
repository:
  url: https://github.com/example/sagemaker-workshop.git
  ref: main

# The labs, in the order they are taught; `workshop modules` lists them.
modules: [iris-xgboost]
# One after the other; or in slots, where the labs of a slot run at the same time:
#   schedule:
#     - [iris-xgboost]

# Instance types attendees may use; IAM refuses all others. The first one is the default.
instances:
  workspace: ml.t3.medium
  training: [ml.m5.xlarge]
  processing: [ml.m5.xlarge]
  transform: [ml.m5.xlarge]
  endpoint: [ml.m5.large]

# More of every quota than the attendees need, as a fraction: 0.2 is a fifth more, for jobs
# that are started twice and people who come unannounced. `workshop check` counts it.
headroom: 0

# Without these a small VPC and a Studio domain are made in each region.
#   network:
#     us-east-1: {vpc: vpc-0123456789abcdef0, subnets: [subnet-0123456789abcdef0]}
#   domain:
#     us-east-1: d-abcdefghijkl

# Minutes without activity after which something is shut down (Studio: 60 at least).
idle:
  workspace_minutes: 60
  endpoint_minutes: 60

# US dollars. Leave a key out for no limit.
budget:
  total: 100
  per_attendee: 25

# Minutes after the end before everything that bills by the hour is stopped; whether what
# attendees made is deleted then (`delete`) or only stopped (`stop`); the names of resources
# that are never touched, and accounts that may be swept as a whole (cleanup --everything).
cleanup:
  grace_minutes: 60
  after_end: stop
  protected: []
  dedicated_accounts: []

# What the guard, a function that runs every ten minutes, stops besides what is idle: jobs
# older than this, and environments and endpoints of that age whose use nobody can see.
guard:
  job_minutes: 240
  unseen_hours: 12
  # People who get its notices:
  #   notify: [ann@example.com]
  notify: []
"""
