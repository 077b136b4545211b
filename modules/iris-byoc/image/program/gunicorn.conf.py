"""How gunicorn serves; it reads this file by itself in the folder it is started in.

What its command line or GUNICORN_CMD_ARGS say goes first.
"""

import os

# SageMaker asks from outside the container. In an inference pipeline the port is another one.
bind = f"0.0.0.0:{os.environ.get('SAGEMAKER_BIND_TO_PORT', '8080')}"
workers = os.cpu_count() or 1
# The model is loaded once, before the workers are made, and they share its memory.
preload_app = True
# InvokeEndpoint waits for an answer for a minute.
timeout = 60
# Heartbeats of the workers in memory: on a busy volume a healthy one would be taken for dead.
worker_tmp_dir = "/dev/shm"
