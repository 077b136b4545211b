#!/usr/bin/env bash
# A notebook instance runs this as root, in /, whenever it starts. Of the home directory
# only SageMaker/ outlives a stop, so what must last lies there.

place() {
  environment=notebook
  export HOME=${WORKSHOP_ROOT:-}/home/ec2-user
  # A lifecycle script's own is "/sbin:bin:/usr/sbin:/usr/bin", with a "bin" that depends on
  # the directory (API reference, NotebookInstanceLifecycleHook).
  export PATH=$PATH:/usr/local/bin:/usr/bin:/bin:$HOME/anaconda3/bin
  base=$HOME/SageMaker
  state=$base/.workshop
  without_idle="this instance will not stop by itself"
  idle_note="This instance stops after $idle_minutes minutes without use; its files stay. $state/idle.log says why."
  mkdir -p "$state"
  if [ ! -e "$HOME/.workshop" ]; then ln -s "$state" "$HOME/.workshop"; fi
}

# Never as root: the attendee owns these files, and git refuses another user's clone.
if [ "$(id -u)" = 0 ] && id ec2-user >/dev/null 2>&1; then
  { declare -f && echo main; } | runuser -u ec2-user -- bash -s || true
else
  main "$@" || true
fi
exit 0
