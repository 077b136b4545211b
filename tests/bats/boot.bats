#!/usr/bin/env bats
# What else can be in the way of a boot: disks, interpreters, users, time.
# shellcheck disable=SC2154  # variables of machine.bash

load machine

@test "the hook returns zero and in silence while the work goes on" {
  make_machine studio
  make_script
  start_silent_server
  git_leads_to "http://127.0.0.1:$port"
  export WORKSHOP_GIT_SECONDS=600
  run -0 start
  [ -z "$output" ]
  [ -e "$state/boot.sh" ]
  # git is at it, and has ten minutes.
  wait_until test -e "$state/labs.new"
  run ! has_ended
  kill "$silent_server"
  unset silent_server
  wait_until has_ended
}

@test "what the hook leaves to the background comes to its end" {
  make_machine studio
  make_script
  start
  wait_until has_ended
  is_ready
  holds "$machine/var/log/apps/app_container.log" ready
}

@test "what the note says repairs the environment" {
  make_machine studio
  make_script
  git_is_unreachable
  start
  wait_until has_ended
  git_leads_to "file://$remotes"
  run -0 bash "$state/boot.sh" 3>&-
  is_ready
  [ ! -e "$base/WORKSHOP-FAILED.txt" ]
}

@test "the hook returns zero though nothing can be kept" {
  make_machine studio
  make_script
  echo "not a directory" >"$state"
  run -0 start
  # The note lies elsewhere.
  wait_until test -s "$base/WORKSHOP-FAILED.txt"
  holds "$base/WORKSHOP-FAILED.txt" "$state could not be written"
}

@test "the hook returns zero without metadata, and the marker says what is missing" {
  make_machine notebook
  make_script main with-labs
  rm "$machine/opt/ml/metadata/resource-metadata.json"
  git_is_unreachable
  run -0 boot
  holds "$state/FAILED" "whose environment this is could not be read"
  holds "$state/FAILED" "it is not known where the bundle lies"
}

@test "another workshop's environment is refused" {
  make_machine studio
  make_script
  sed -i s/ml101-ann/ml102-ann/ "$machine/opt/ml/metadata/resource-metadata.json"
  run -0 boot
  holds "$state/FAILED" 'environment "ml102-ann" does not belong to workshop ml101'
  [ ! -e "$state/context.json" ]
}

@test "edited defaults of the SDK are left alone" {
  make_machine studio
  make_script
  boot
  echo "SchemaVersion: '1.0'" >"$home/.config/sagemaker/config.yaml"
  run -0 boot
  [ "$(cat "$home/.config/sagemaker/config.yaml")" = "SchemaVersion: '1.0'" ]
}

@test "the newest Python is chosen, not the first on PATH" {
  make_machine studio
  make_script
  unset WORKSHOP_PYTHON
  fake_python python3 309
  fake_python python3.11 311
  fake_python python3.12 312
  fake_python python3.13 310
  fake_python python3.14 0
  run -0 boot
  is_ready
  # All are asked for their version, and any unpacks the bundle; one runs the command.
  grep -v -e sys.version_info -e zipfile "$made/python-calls" >"$made/used"
  [ "$(cut -d ' ' -f 1 "$made/used" | sort -u)" = python3.12 ]
}

@test "a Python that is too old is named" {
  make_machine studio
  make_script
  fake_python python3 309
  WORKSHOP_PYTHON=python3 run -0 boot
  holds "$state/FAILED" "the workshop command could not be installed: no Python 3.11 or newer was found"
  [ -e "$labs/lab.py" ]
}

@test "without uv, venv and pip install the command" {
  make_machine notebook
  make_script
  rm "$tools/uv"
  run -0 boot
  is_ready
  [ "$("$home/.local/bin/workshop" hello)" = hello ]
}

@test "a command whose Python is gone is installed anew" {
  make_machine notebook
  make_script
  boot
  ln -sfn "$BATS_TEST_TMPDIR/gone" "$state/venv/bin/python"
  run -0 boot
  is_ready
  [ "$("$home/.local/bin/workshop" hello)" = hello ]
}

@test "a notebook's hook works under the PATH that SageMaker gives it" {
  make_machine notebook
  make_script
  # Its own, after ours: "/sbin:bin:/usr/sbin:/usr/bin", with a bin that is relative.
  export PATH=$tools:/sbin:bin:/usr/sbin:/usr/bin
  start
  wait_until has_ended
  is_ready
}

@test "a notebook's hook, run as root, works as ec2-user and never as root" {
  make_machine notebook
  make_script
  # No ec2-user is here: id says that there is one, and runuser only notes for whom it runs.
  cat >"$tools/id" <<'ID'
#!/bin/sh
if [ "$1" = -u ]; then echo 0; fi
ID
  cat >"$tools/runuser" <<'RUNUSER'
#!/bin/sh
echo "$*" >>"$MADE/runuser-calls"
shift 3
exec "$@"
RUNUSER
  chmod +x "$tools/id" "$tools/runuser"
  run -0 start
  [ "$(cat "$made/runuser-calls")" = "-u ec2-user -- bash -s" ]
  wait_until has_ended
  is_ready
  wait_until grep -qs "stops after 60 minutes" "$state/idle.log"
}

@test "a notebook watches for idleness though neither git nor S3 can be reached" {
  make_machine notebook
  make_script
  git_is_unreachable
  rm "$made/bundle.zip"
  start
  wait_until has_ended
  [ -e "$state/FAILED" ]
  wait_until grep -qs "state: unknown" "$state/idle.log"
  start
  wait_until has_ended
  # The second start's program finds the first at it.
  [ "$(grep -c "watch: " "$state/idle.log")" = 1 ]
}

@test "a notebook without a Python for it says that it will not stop by itself" {
  make_machine notebook
  make_script
  fake_python python3 308
  WORKSHOP_PYTHON=python3 run -0 start
  [[ $output == *"this instance will not stop by itself: no Python 3.9 or newer was found"* ]]
  wait_until has_ended
}

@test "an environment of each kind says where its attendee's things are when it was last used" {
  local each
  for each in notebook studio; do
    make_machine "$each"
    make_script
    start
    wait_until has_ended
    wait_until grep -qs "activity: written to s3://ml101-111122223333-us-east-1/attendees/ann/activity" \
      "$state/idle.log"
    wait_until rm -rf "$machine" "$work" "$remotes" "$tools"
  done
}

@test "an environment of somebody else's watches itself and says nothing in the bucket" {
  make_machine notebook
  make_script
  echo "{\"ResourceName\": \"other\", \"ResourceArn\": \"$arn:notebook-instance/other\"}" \
    >"$machine/opt/ml/metadata/resource-metadata.json"
  start
  wait_until has_ended
  wait_until grep -qs "state: unknown" "$state/idle.log"
  run ! grep -q "activity" "$state/idle.log" "$made/aws-calls"
}

@test "the notes tell notebooks, and not Studio, after how long they stop" {
  make_machine notebook
  make_script
  boot
  holds "$base/WORKSHOP-README.txt" "This instance stops after 60 minutes without use"
  rm -rf "$machine" "$work" "$remotes" "$tools"
  make_machine studio
  make_script
  boot
  run ! holds "$base/WORKSHOP-README.txt" "stops after"
}

# SIZE COMMAND: with the home on a file system of its own that holds so much; a real one, in
# a namespace where no other process sees it.
with_small_disk() {
  # shellcheck disable=SC2016  # expanded in there
  unshare --user --map-root-user --mount bash -c \
    'mount -t tmpfs -o size="$1" tmpfs "$2" && mkdir -p "$3" && eval "$4"' - "$1" "$home" "$base" "$2" 3>&-
}

@test "a full disk is named, leaves nothing half done, and returns zero" {
  if ! unshare --user --map-root-user --mount true 2>/dev/null; then
    skip "this machine allows no namespaces of one's own, which a small disk needs"
  fi
  make_machine studio
  head -c 2000000 /dev/urandom >"$work/data.bin"
  publish lab.py third
  make_script main with-labs
  run -0 with_small_disk 1m "bash '$made/start.sh' boot; echo \"hook: \$?\"; ls -A '$base' '$state'; cat '$state/FAILED' '$base/WORKSHOP-FAILED.txt'"
  [[ $output == *"hook: 0"* ]]
  [[ $output == *"No space left on device"* ]]
  [[ $output == *"To try again"* ]]
  [[ $output != *"labs.new"* ]]
  [[ $output != *"READY"* ]]
  holds "$machine/var/log/apps/app_container.log" "labs could not be fetched"
}

@test "a disk without any room returns zero, leaves no marker of success, and is said in the log" {
  if ! unshare --user --map-root-user --mount true 2>/dev/null; then
    skip "this machine allows no namespaces of one's own, which a small disk needs"
  fi
  make_machine notebook
  make_script
  run -0 with_small_disk 64k "head -c 100000 /dev/zero >'$base/mine' 2>/dev/null; bash '$made/start.sh' boot; echo \"hook: \$?\"; ls -A '$state'; stat -c 'mine: %s' '$base/mine'"
  [[ $output == *"hook: 0"* ]]
  [[ $output == *"mine: 65536"* ]]
  [[ $output != *"READY"* ]]
  holds "$machine/var/log/apps/app_container.log" "No space left on device"
}

@test "a limit on the size of files is named, and returns zero" {
  make_machine studio
  head -c 2000000 /dev/urandom >"$work/data.bin"
  publish lab.py third
  make_script main with-labs
  # Ignored, the signal leaves writes to fail as on a full disk, but with EFBIG.
  run -0 bash -c "trap '' XFSZ; ulimit -f 1000; bash '$made/start.sh' boot 3>&-"
  [ ! -e "$state/READY" ]
  [ ! -e "$labs" ]
  [ ! -e "$state/labs.new" ]
  holds "$state/FAILED" "labs could not be fetched"
}
