#!/usr/bin/env bash
# How the labs get into an environment. Functions only; boot.sh calls them. What an attendee
# has changed is never touched: labs are put in place by one rename, and follow the reference
# only while they are exactly what we put there.

# git's own housekeeping would go on in the background and hold our lock.
# shellcheck disable=SC2329  # called through retry
fetch_ref() {
  timeout --kill-after=10 "${WORKSHOP_GIT_SECONDS:-60}" \
    git -c maintenance.auto=false -C "$1" fetch --quiet --depth 1 -- origin "$ref"
}

start_repository() {
  rm -rf "$1"
  attempt git init --quiet "$1" && attempt git -C "$1" remote add origin "$repository"
}

# One fetch serves a branch, a tag and a commit alike (git clone --branch takes no commit).
clone_labs() {
  start_repository "$1" && retry fetch_ref "$1" &&
    attempt git -C "$1" checkout --quiet -B workshop FETCH_HEAD
}

# The copy in the bundle, as a repository of the same origin: a later start can refresh it.
unpack_labs() {
  open_bundle || return 1
  error="the bundle has no copy of the labs"
  [ -e "$unpacked/labs.tar" ] && start_repository "$1" &&
    attempt git -C "$1" symbolic-ref HEAD refs/heads/workshop &&
    attempt tar -xf "$unpacked/labs.tar" -C "$1" &&
    # Files that .gitignore names may be among them.
    attempt git -C "$1" add --all --force &&
    attempt git -C "$1" -c user.name=workshop -c user.email=workshop@localhost \
      commit --quiet --allow-empty --no-verify --no-gpg-sign -m "Copy of $ref"
}

fetch_labs() {
  local labs=$base/$labs_name new=$state/labs.new reason
  if [ -d "$labs/.git" ]; then
    refresh_labs "$labs"
    return 0
  fi
  if [ -e "$labs" ]; then
    problem "labs could not be fetched: $labs exists and is not a clone; rename it"
    return 1
  fi
  rm -f "$state/labs-note"
  if ! clone_labs "$new"; then
    reason="from $repository at $ref: $(complaint)"
    if ! unpack_labs "$new"; then
      rm -rf "$new"
      problem "labs could not be fetched $reason; nor unpacked: $(complaint)"
      return 1
    fi
    say "labs could not be fetched $reason"
    cat >"$state/labs-note" <<NOTE
They are the copy made when the workshop was deployed (commit $(git get-tar-commit-id <"$unpacked/labs.tar")),
for they could not be fetched $reason
NOTE
  fi
  git -C "$new" rev-parse HEAD >"$state/labs-commit"
  # -T: a directory that somebody made meanwhile is not moved into.
  if ! attempt mv -T "$new" "$labs"; then
    rm -rf "$new"
    problem "labs could not be put in place: $(complaint)"
    return 1
  fi
  say "labs are in $labs"
}

# Whether labs are as we left them: our commit, on our branch, and nothing changed. Where git
# cannot tell, they are not.
are_untouched() {
  local changes
  changes=$(git -C "$1" status --porcelain) && [ -z "$changes" ] &&
    [ "$(git -C "$1" symbolic-ref --short HEAD)" = workshop ] &&
    [ "$(git -C "$1" rev-parse HEAD)" = "$(cat "$state/labs-commit")" ]
}

refresh_labs() {
  if ! retry fetch_ref "$1"; then
    say "labs were not refreshed: $(complaint)"
  elif ! are_untouched "$1"; then
    say "labs were edited, or git cannot tell: left as they are"
  # By default git overwrites files that .gitignore names, such as an attendee's results.
  elif ! attempt git -C "$1" checkout --quiet --no-overwrite-ignore -B workshop FETCH_HEAD; then
    say "labs were not refreshed: $(complaint)"
  else
    git -C "$1" rev-parse HEAD >"$state/labs-commit"
    rm -f "$state/labs-note"
  fi
}
