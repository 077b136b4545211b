#!/usr/bin/env bash
# Studio runs this as sagemaker-user whenever a JupyterLab app starts; HOME is the space's
# own volume and outlives the app.

place() {
  environment=studio
  base=$HOME
  state=$HOME/.workshop
  idle_note=
}

# Studio itself stops idle apps (the domain's IdleSettings).
start_idle() { :; }

main "$@" || true
exit 0
