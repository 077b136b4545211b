#!/usr/bin/env bats
# How labs get into an environment, and that nothing an attendee did is ever overwritten.
# shellcheck disable=SC2154  # variables of machine.bash

load machine

setup() { make_machine studio; }

@test "a fresh environment gets labs, the command and a note" {
  make_script
  run -0 boot
  is_ready
  [ "$(cat "$labs/lab.py")" = second ]
  [ "$(git -C "$labs" remote get-url origin)" = "file://$remotes/ml-labs.git" ]
  [ "$(git -C "$labs" config remote.origin.url)" = https://git.example.com/labs/ml-labs.git ]
  [ "$("$home/.local/bin/workshop" hello)" = hello ]
  holds "$base/WORKSHOP-README.txt" "The labs are in ml-labs."
}

@test "a rerun downloads and installs nothing and says ready again" {
  make_script
  boot
  before=$(stat -c %y "$state/venv/.bundle")
  rm "$made/bundle.zip"
  run -0 boot
  is_ready
  [ "$(stat -c %y "$state/venv/.bundle")" = "$before" ]
}

@test "untouched labs follow the reference" {
  make_script
  boot
  publish lab.py third
  run -0 boot
  is_ready
  [ "$(cat "$labs/lab.py")" = third ]
}

@test "a tag and a commit can be the reference" {
  first=$(git -C "$work" rev-parse v1)
  make_script v1
  boot
  [ "$(git -C "$labs" rev-parse HEAD)" = "$first" ]
  make_script "$first"
  run -0 boot
  is_ready
  [ "$(git -C "$labs" rev-parse HEAD)" = "$first" ]
}

@test "an edited file is left alone" {
  make_script
  boot
  echo mine >"$labs/lab.py"
  publish lab.py third
  run -0 boot
  is_ready
  [ "$(cat "$labs/lab.py")" = mine ]
}

@test "a commit is left alone" {
  make_script
  boot
  echo mine >"$labs/lab.py"
  git -C "$labs" commit --quiet -am mine
  publish lab.py third
  run -0 boot
  is_ready
  [ "$(cat "$labs/lab.py")" = mine ]
}

@test "a commit on our branch survives while another branch is checked out" {
  make_script
  boot
  ours=$(git -C "$labs" rev-parse HEAD)
  echo mine >"$labs/lab.py"
  git -C "$labs" commit --quiet -am mine
  mine=$(git -C "$labs" rev-parse HEAD)
  git -C "$labs" checkout --quiet -b look-back "$ours"
  publish lab.py third
  run -0 boot
  [ "$(git -C "$labs" rev-parse workshop)" = "$mine" ]
  [ "$(git -C "$labs" symbolic-ref --short HEAD)" = look-back ]
}

@test "a new file is left alone when the reference brings one of that name" {
  make_script
  boot
  echo mine >"$labs/extra.py"
  publish extra.py theirs
  run -0 boot
  is_ready
  [ "$(cat "$labs/extra.py")" = mine ]
}

@test "a result that .gitignore names is left alone when the reference brings one of that name" {
  make_script
  boot
  echo mine >"$labs/results.csv"
  publish results.csv theirs
  run -0 boot
  is_ready
  [ "$(cat "$labs/results.csv")" = mine ]
  [[ $output == *"labs were not refreshed"* ]]
}

@test "labs whose state git cannot tell are left alone" {
  make_script
  boot
  echo mine >"$labs/lab.py"
  # As where a process of the attendee's was killed in the middle of its work.
  cat >"$tools/git" <<'GIT'
#!/bin/sh
case "$*" in *status*) echo "fatal: unable to read tree" >&2 && exit 128 ;; esac
exec /usr/bin/git "$@"
GIT
  chmod +x "$tools/git"
  publish lab.py third
  run -0 boot
  [ "$(cat "$labs/lab.py")" = mine ]
  [[ $output == *"labs were edited, or git cannot tell: left as they are"* ]]
}

@test "a directory of the attendee's own is named and left alone" {
  make_script main with-labs
  mkdir "$labs"
  echo mine >"$labs/lab.py"
  run -0 boot
  [ ! -e "$state/READY" ]
  holds "$state/FAILED" "$labs exists and is not a clone"
  [ "$(cat "$labs/lab.py")" = mine ]
}

@test "a directory that is made while labs are being fetched is left alone" {
  make_script
  # git itself makes it, when it is asked to check out.
  cat >"$tools/git" <<GIT
#!/bin/sh
case "\$*" in *checkout*) mkdir -p "$labs" && echo mine >"$labs/lab.py" ;; esac
exec /usr/bin/git "\$@"
GIT
  chmod +x "$tools/git"
  run -0 boot
  [ "$(cat "$labs/lab.py")" = mine ]
  [ "$(ls -A "$labs")" = lab.py ]
  holds "$state/FAILED" "labs could not be put in place"
  [ ! -e "$state/labs.new" ]
}

@test "an unreachable repository without a copy is named in the marker and the note" {
  make_script
  git_is_unreachable
  run -0 boot
  [ ! -e "$state/READY" ]
  [ ! -e "$labs" ]
  [ "$(wc -l <"$state/FAILED")" = 1 ]
  holds "$state/FAILED" "labs could not be fetched from https://git.example.com/labs/ml-labs.git at main: fatal: "
  holds "$state/FAILED" "the bundle has no copy of the labs"
  holds "$base/WORKSHOP-FAILED.txt" "bash $state/boot.sh"
  [ -x "$home/.local/bin/workshop" ]
}

@test "an unreachable repository is replaced by the copy in the bundle, and the note says so" {
  make_script main with-labs
  git_is_unreachable
  run -0 boot
  is_ready
  [ "$(cat "$labs/lab.py")" = second ]
  [ -x "$labs/run.sh" ]
  [ -z "$(git -C "$labs" status --porcelain)" ]
  holds "$base/WORKSHOP-README.txt" "the copy made when the workshop was deployed (commit $(git -C "$work" rev-parse HEAD))"
  holds "$base/WORKSHOP-README.txt" "could not be fetched from https://git.example.com/labs/ml-labs.git at main: fatal: "
  [ ! -e "$state/bundle.new" ]
}

@test "the copy holds files that .gitignore names" {
  publish results.csv theirs
  make_script main with-labs
  git_is_unreachable
  boot
  [ "$(cat "$labs/results.csv")" = theirs ]
  git -C "$labs" ls-files --error-unmatch results.csv
}

@test "the note about the copy stays until git answers; then an untouched copy follows" {
  make_script main with-labs
  git_is_unreachable
  boot
  boot
  holds "$base/WORKSHOP-README.txt" "the copy made when"
  git_leads_to "file://$remotes"
  publish lab.py third
  run -0 boot
  is_ready
  [ "$(cat "$labs/lab.py")" = third ]
  run ! holds "$base/WORKSHOP-README.txt" "the copy made when"
}

@test "an edited copy is left alone when git answers again" {
  make_script main with-labs
  git_is_unreachable
  boot
  echo mine >"$labs/lab.py"
  git_leads_to "file://$remotes"
  publish lab.py third
  run -0 boot
  is_ready
  [ "$(cat "$labs/lab.py")" = mine ]
}

@test "the copy is unpacked where the command was installed long ago" {
  make_script main with-labs
  boot
  rm -rf "$labs"
  git_is_unreachable
  run -0 boot
  is_ready
  [ "$(cat "$labs/lab.py")" = second ]
}

@test "a command that cannot be installed does not keep the copy away" {
  make_script main with-labs
  git_is_unreachable
  fake_python python3.9 309
  WORKSHOP_PYTHON=python3.9 run -0 boot
  holds "$state/FAILED" "no Python 3.11 or newer was found"
  [ "$(cat "$labs/lab.py")" = second ]
}

@test "a repository that never answers is given up, and replaced by the copy" {
  make_script main with-labs
  start_silent_server
  git_leads_to "http://127.0.0.1:$port"
  WORKSHOP_GIT_SECONDS=0.2 run -0 boot
  is_ready
  [ "$(cat "$labs/lab.py")" = second ]
  holds "$base/WORKSHOP-README.txt" "no answer in time"
}

@test "a repository that never answers, without a copy, is named" {
  make_script
  start_silent_server
  git_leads_to "http://127.0.0.1:$port"
  WORKSHOP_GIT_SECONDS=0.2 run -0 boot
  holds "$state/FAILED" "at main: no answer in time"
  [ ! -e "$state/labs.new" ]
}

@test "a reference that is not there is named" {
  make_script no-such-branch
  run -0 boot
  holds "$state/FAILED" "no-such-branch"
  [ ! -e "$labs" ]
}

@test "a reference that went away since the workshop was deployed is replaced by the copy" {
  make_script gone with-labs
  run -0 boot
  is_ready
  [ "$(cat "$labs/lab.py")" = second ]
  holds "$base/WORKSHOP-README.txt" "at gone: fatal: "
}

@test "a bundle that was tampered with gives neither command nor labs" {
  make_script main with-labs
  echo more >>"$made/bundle.zip"
  git_is_unreachable
  run -0 boot
  holds "$state/FAILED" "could not be installed"
  [ ! -e "$state/venv" ]
  [ ! -e "$labs" ]
}
