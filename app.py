"""The CDK app: one workshop file in, one stack per region and attendee out.

`cdk synth -c config=FILE` reads FILE; without it the file that `WORKSHOP_CONFIG` names, or
workshop.yaml.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path

from stacks.node import use_supported_node

# A short process that keeps what it makes: collecting garbage is a third of a large synth.
gc.disable()
use_supported_node()  # before aws_cdk is imported, which starts Node

from costs.own_prices import load_prices_of_here  # noqa: E402
from stacks.compose import add_workshop, new_app  # noqa: E402
from workshop.aws import make_clients  # noqa: E402
from workshop.config import load_workshop  # noqa: E402

app = new_app()
context = app.node.try_get_context("config")
config = Path(context or os.environ.get("WORKSHOP_CONFIG") or "workshop.yaml")
# Of prices that were read at an endpoint, those of the one that is deployed to: to compare
# them takes a client, and no call.
add_workshop(app, load_workshop(config), load_prices_of_here(config, make_clients()))
app.synth()
