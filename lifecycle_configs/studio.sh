#!/usr/bin/env bash
# Studio runs this as sagemaker-user whenever a JupyterLab app starts; HOME is the space's
# own volume and outlives the app.

place() {
  environment=studio
  base=$HOME
  state=$HOME/.workshop
  # Studio itself stops idle apps (the domain's IdleSettings).
  without_idle="nobody will be told when this was last used"
  idle_note=
}

main "$@" || true
exit 0
