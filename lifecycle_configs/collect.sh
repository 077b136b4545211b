#!/usr/bin/env bash
# What keeps an attendee's work. Functions only; boot.sh calls them. What is collected, and
# how, is the workshop command's business (workshop/collecting).

# `workshop collect` and `workshop destroy` tell by this object's time that there is work, and
# whether it is newer than what was collected.
mark_start() {
  date -u +%FT%TZ | AWS_MAX_ATTEMPTS=2 timeout 60 aws s3 cp --only-show-errors - \
    "s3://$bucket/${prefix}collected/started" || say "the start could not be noted in $bucket"
}

# shellcheck disable=SC2329  # called by the trap
collect_at_stop() {
  trap '' TERM
  if [ -e "$state/context.json" ]; then
    say "stopping: collecting what is here"
    "$state/venv/bin/workshop" collect >/dev/null
  fi
  exit 0
}

# Waits for the stop of the app or instance, which ends processes with SIGTERM. How long they
# then have is not promised anywhere: what must be kept is collected by the attendee.
watch_for_stop() {
  settings
  place
  exec 9>"$state/watch.lock"
  flock --nonblock 9 || return 0
  trap collect_at_stop TERM
  # Its place may go without a word, as when a volume is deleted.
  while [ -e "$state/context.json" ]; do
    sleep 5 9>&- &
    wait $!
  done
}

start_watch() {
  { declare -f && echo main watch; } >"$state/watch.sh"
  background "$state/watch.log" bash "$state/watch.sh"
}
