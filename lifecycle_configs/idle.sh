#!/usr/bin/env bash
# When an environment was last used. Functions only; boot.sh calls them. The program says it
# in the workshop's bucket, and stops notebook instances that nobody uses.

idle_program() {
  cat <<'PYTHON'
@idle.py@
PYTHON
}

# Needs neither network nor room on the disk, and starts whatever becomes of the rest.
start_idle() {
  if ! find_python 309 any; then
    say "$without_idle: $error"
    return 0
  fi
  background "$state/idle.log" "$python" -c "$(idle_program)" "$state/idle.log" \
    "$((idle_minutes * 60))" "$environment" "$activity"
}
