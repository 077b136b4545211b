# Functions for the tests here: a directory that stands for an attendee's machine, a git
# repository on disk behind the address that the scripts know, and an `aws` that copies files.
# shellcheck shell=bash disable=SC2034  # variables are for the tests

bats_require_minimum_version 1.5.0
project=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
arn=arn:aws:sagemaker:us-east-1:111122223333

# ENVIRONMENT (studio or notebook)
make_machine() {
  environment=$1
  machine=$BATS_TEST_TMPDIR/machine
  made=$BATS_TEST_TMPDIR/made
  tools=$BATS_TEST_TMPDIR/tools
  work=$BATS_TEST_TMPDIR/work
  remotes=$BATS_TEST_TMPDIR/remotes
  if [ "$environment" = studio ]; then
    home=$machine/home/sagemaker-user
    base=$home
    what="\"SpaceName\": \"ml101-ann\", \"ResourceArn\": \"$arn:app/d-abc/ml101-ann/JupyterLab/default\""
  else
    home=$machine/home/ec2-user
    base=$home/SageMaker
    what="\"ResourceName\": \"ml101-ann\", \"ResourceArn\": \"$arn:notebook-instance/ml101-ann\""
  fi
  state=$base/.workshop
  labs=$base/ml-labs
  mkdir -p "$base" "$made" "$tools" "$machine/opt/ml/metadata" "$machine/var/log/apps"
  echo "{$what}" >"$machine/opt/ml/metadata/resource-metadata.json"
  : >"$machine/var/log/apps/app_container.log"
  make_tools
  make_remote
  variables
}

# Nothing of this machine's own configuration, and short waits.
variables() {
  export HOME=$home WORKSHOP_ROOT=$machine WORKSHOP_PYTHON=$PYTHON
  export PATH=$tools:/usr/bin:/bin:/usr/sbin:/sbin
  export WORKSHOP_BACKOFF_SECONDS=0 WORKSHOP_IDLE_CHECK_SECONDS=1
  export WORKSHOP_JUPYTER_URL=https://127.0.0.1:9
  export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_ALLOW_PROTOCOL=file:http
  export GIT_AUTHOR_NAME=Bob GIT_AUTHOR_EMAIL=bob@example.com
  export GIT_COMMITTER_NAME=Bob GIT_COMMITTER_EMAIL=bob@example.com
  export UV_OFFLINE=1 UV_NO_INDEX=1 UV_CACHE_DIR=$BATS_TEST_TMPDIR/uv-cache PIP_NO_INDEX=1
  export MADE=$made
  git_leads_to "file://$remotes"
}

# Where git finds the address that the scripts know.
git_leads_to() {
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_VALUE_0=https://git.example.com/labs/
  export GIT_CONFIG_KEY_0="url.$1/.insteadOf"
}

git_is_unreachable() { git_leads_to "file://$BATS_TEST_TMPDIR/nowhere"; }

# uv is real; `aws` stands for S3: every download is the bundle, and uploads are forgotten.
make_tools() {
  ln -s "$(dirname "$PYTHON")/uv" "$tools/uv"
  cat >"$tools/aws" <<'AWS'
#!/bin/sh
echo "$*" >>"$MADE/aws-calls"
case "$*" in
  *"--only-show-errors - s3://"*) cat >/dev/null ;;
  *"--only-show-errors s3://"*)
    for target; do :; done
    cp "$MADE/bundle.zip" "$target" ;;
esac
AWS
  chmod +x "$tools/aws"
}

make_remote() {
  mkdir -p "$remotes"
  git init --quiet --bare --initial-branch=main "$remotes/ml-labs.git"
  git init --quiet --initial-branch=main "$work"
  printf 'results.csv\n' >"$work/.gitignore"
  printf '#!/bin/sh\n' >"$work/run.sh"
  chmod +x "$work/run.sh"
  publish lab.py first
  git -C "$work" tag v1
  git -C "$work" push --quiet "$remotes/ml-labs.git" v1
  publish lab.py second
}

# FILE TEXT: one more commit on main.
publish() {
  echo "$2" >"$work/$1"
  git -C "$work" add --all --force
  git -C "$work" -c user.name=Bob -c user.email=bob@example.com commit --quiet -m "$2"
  git -C "$work" push --quiet "$remotes/ml-labs.git" HEAD:main
}

# [REF [with-labs]]
make_script() {
  local copied=()
  if [ "${2:-}" = with-labs ]; then copied=("file://$remotes/ml-labs.git" main); fi
  (cd "$project" && "$PYTHON" -m tests.bats.make "$environment" "${1:-main}" "$made" "${copied[@]}")
}

# The background part in the foreground.
boot() { bash "$made/start.sh" boot 3>&-; }

# As SageMaker runs it.
start() { (cd / && bash "$made/start.sh" 3>&-); }

# COMMAND...: until it succeeds.
wait_until() {
  local try
  for try in $(seq 1000); do
    if "$@"; then return 0; fi
    sleep 0.03
  done
  echo "waited in vain for: $* ($try tries)"
  return 1
}

has_ended() { [ -e "$state/READY" ] || [ -e "$state/FAILED" ]; }

# A server that takes connections and never says a word; its port in $port.
start_silent_server() {
  "$PYTHON" -c 'import socket, sys, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
time.sleep(600)' >"$BATS_TEST_TMPDIR/port" 3>&- &
  silent_server=$!
  wait_until test -s "$BATS_TEST_TMPDIR/port"
  port=$(cat "$BATS_TEST_TMPDIR/port")
}

# NAME VERSION: a Python that says it is of that version and notes that it was used.
fake_python() {
  cat >"$tools/$1" <<FAKE
#!/bin/sh
echo "$1 \$*" >>"$MADE/python-calls"
case "\$*" in
  *sys.version_info*) echo "$2 $tools/$1" ;;
  *) exec "$PYTHON" "\$@" ;;
esac
FAKE
  chmod +x "$tools/$1"
}

holds() {
  if ! grep -qF -- "$2" "$1"; then
    echo "not in $1: $2"
    cat "$1"
    return 1
  fi
}

is_ready() {
  if [ ! -e "$state/READY" ]; then
    cat "$state/FAILED"
    return 1
  fi
}

# What waits on the machine ends when its files are gone.
teardown() {
  if [ -n "${silent_server:-}" ]; then kill "$silent_server"; fi
  wait_until rm -rf "${machine:?}"
}
