#!/usr/bin/env bash
# What every environment does in the background after its start. Functions only:
# studio.sh and notebook.sh say where things are and start it. @words@ are filled in by
# render.py. It runs at every start, so each step leaves alone what is already right.
# Absolute paths begin with ${WORKSHOP_ROOT:-}, as with make's DESTDIR.

settings() {
  workshop=@workshop@
  repository=@repository@
  ref=@ref@
  labs_name=@labs_name@
  idle_minutes=@idle_minutes@
  bucket_pattern=@bucket@
  bundle_pattern=@bundle@
  bundle_sha256=@bundle_sha256@
  bucket=
  root=${WORKSHOP_ROOT:-}
  metadata=$root/opt/ml/metadata/resource-metadata.json
  export GIT_TERMINAL_PROMPT=0
}

say() {
  echo "$(date -u +%FT%TZ) workshop: $*"
  # What is appended here reaches CloudWatch Logs (Studio guide, "Debug lifecycle configurations").
  local app_log=$root/var/log/apps/app_container.log
  if [ -w "$app_log" ]; then echo "workshop: $*" >>"$app_log"; fi
}

# Runs a command; what it complains about stays in $error, in memory: a disk may be full.
attempt() {
  local code
  error=$("$@" 2>&1 >/dev/null)
  code=$?
  case $code in
    0) return 0 ;;
    124 | 137) error="no answer in time" ;; # timeout's exit codes
  esac
  echo "$error" >&2
  return "$code"
}

# Three tries with a growing pause.
retry() {
  local try
  for try in 1 2 3; do
    if attempt "$@"; then return 0; fi
    if [ "$try" -lt 3 ]; then sleep "$((try * ${WORKSHOP_BACKOFF_SECONDS:-5}))"; fi
  done
  return 1
}

problem() {
  problems+=("$1")
  say "$1"
}

# One line of what went wrong: git names the cause first and gives advice after it.
complaint() {
  { grep -m 1 -E '^(fatal|error): ' <<<"$error" ||
    grep -v '^[[:space:]]*$' <<<"$error" | tail -n 1; } | cut -c 1-300
}

field() {
  sed -n "s/.*\"$1\"[[:space:]]*:[[:space:]]*\"\([^\"]*\)\".*/\1/p" "$metadata" | head -n 1
}

# Who this is: SageMaker says it in the metadata file, so one script serves all attendees.
identify() {
  local name
  bundle=
  activity=
  if [ ! -r "$metadata" ]; then
    problem "whose environment this is could not be read from $metadata"
    return 1
  fi
  # arn:PARTITION:sagemaker:REGION:ACCOUNT:...
  IFS=: read -r _ partition _ region account _ <<<"$(field ResourceArn)"
  name=$(field SpaceName)
  name=${name:-$(field UserProfileName)}
  name=${name:-$(field ResourceName)}
  attendee=${name#"$workshop-"}
  if [ -z "$account" ] || [ "$attendee" = "$name" ]; then
    problem "environment \"$name\" does not belong to workshop $workshop"
    return 1
  fi
  role=arn:$partition:iam::$account:role/$workshop-$attendee
  bucket=${bucket_pattern//'{account}'/$account}
  bundle=${bundle_pattern//'{account}'/$account}
  prefix=attendees/$attendee/
  boot_key=${prefix}boot
  activity=s3://$bucket/${prefix}activity
  export AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-$region}
}

write_context() {
  cat >"$state/context.json.new" <<JSON || return 1
{"workshop": "$workshop", "attendee": "$attendee", "region": "$region", "bucket": "$bucket",
 "prefix": "$prefix", "role": "$role", "environment": "$environment"}
JSON
  mv "$state/context.json.new" "$state/context.json"
}

# The SageMaker SDK's defaults (bucket, role, tags), unless the attendee changed the file.
write_sdk_defaults() {
  local file=${XDG_CONFIG_HOME:-$HOME/.config}/sagemaker/config.yaml sum=$state/sdk-defaults.sha256
  if [ -e "$file" ] && ! sha256sum --check --status "$sum" 2>/dev/null; then
    say "$file was edited: left as it is"
    return 0
  fi
  mkdir -p "${file%/*}" || return 1
  cat >"$file" <<YAML || return 1
SchemaVersion: '1.0'
SageMaker:
  PythonSDK:
    Modules:
      Session: {DefaultS3Bucket: '$bucket', DefaultS3ObjectKeyPrefix: '${prefix%/}'}
  TrainingJob:
    RoleArn: '$role'
    Tags: &tags
    - {Key: @tag_workshop@, Value: '$workshop'}
    - {Key: @tag_attendee@, Value: '$attendee'}
  ProcessingJob: {RoleArn: '$role', Tags: *tags}
  TransformJob: {Tags: *tags}
  Model: {ExecutionRoleArn: '$role', Tags: *tags}
  EndpointConfig: {Tags: *tags}
  Endpoint: {Tags: *tags}
YAML
  sha256sum "$file" >"$sum"
}

# The newest Python that is at least $1 (311 for 3.11), or with "any" the first that is: to ask
# them all takes seconds on a disk that was just attached. WORKSHOP_PYTHON decides if set.
find_python() {
  local candidate version best=0
  python=
  for candidate in ${WORKSHOP_PYTHON:-python3.14 python3.13 python3.12 python3.11 python3 \
    "$root"/opt/conda/bin/python3 "$HOME"/anaconda3/bin/python3 "$HOME"/anaconda3/envs/*/bin/python3}; do
    read -r version candidate < <("$candidate" -c \
      'import sys; print("%d%02d" % sys.version_info[:2], sys.executable)' 2>/dev/null)
    if [ "${version:-0}" -ge "$1" ] && [ "$version" -gt "$best" ]; then
      best=$version
      python=$candidate
      if [ "${2:-}" = any ]; then return 0; fi
    fi
  done
  error="no Python 3.$((10#$1 % 100)) or newer was found"
  [ -n "$python" ]
}

# shellcheck disable=SC2329  # called through retry
download_bundle() {
  timeout --kill-after=10 300 aws s3 cp --only-show-errors "$bundle" "$1/bundle.zip" &&
    echo "$bundle_sha256  $1/bundle.zip" | sha256sum --check --quiet
}

# Downloads and unpacks the bundle into $unpacked, once per start, where something needs it.
open_bundle() {
  unpacked=$state/bundle.new
  case ${bundle_is:-} in
    open) return 0 ;;
    missing) error=$bundle_error && return 1 ;;
  esac
  rm -rf "$unpacked"
  error="it is not known where the bundle lies"
  if [ -n "$bundle" ] && find_python 300 any && attempt mkdir -p "$unpacked" &&
    retry download_bundle "$unpacked" &&
    attempt "$python" -m zipfile -e "$unpacked/bundle.zip" "$unpacked"; then
    rm -f "$unpacked/bundle.zip"
    bundle_is=open
    return 0
  fi
  bundle_is=missing
  bundle_error=$error
  rm -rf "$unpacked"
  return 1
}

# shellcheck disable=SC2329  # called through retry
install_bundle() {
  cd "$unpacked" || return 1
  rm -rf "$venv"
  if command -v uv >/dev/null; then
    uv venv --quiet --python "$python" "$venv" &&
      timeout 600 uv pip install --quiet --python "$venv/bin/python" --require-hashes -r requirements.txt
  else
    "$python" -m venv "$venv" &&
      timeout 600 "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --require-hashes -r requirements.txt
  fi
}

# The workshop command in an environment of its own, so that no lab can break it. A notebook
# instance's next start may bring another image, without the Python that it was made with.
install_tool() {
  local venv=$state/venv
  if [ "$(cat "$venv/.bundle" 2>/dev/null)" != "$bundle_sha256" ] ||
    ! "$venv/bin/python" -c '' 2>/dev/null; then
    if ! { open_bundle && find_python 311 && retry install_bundle; }; then
      problem "the workshop command could not be installed: $(complaint)"
      return 1
    fi
    echo "$bundle_sha256" >"$venv/.bundle"
  fi
  mkdir -p "$HOME/.local/bin"
  ln -sfn "$venv/bin/workshop" "$HOME/.local/bin/workshop"
}

# A marker for programs, a note for people.
finish() {
  local all
  if [ "${#problems[@]}" = 0 ]; then
    rm -f "$base/WORKSHOP-FAILED.txt"
    if { welcome >"$base/WORKSHOP-README.txt" && date -u +%FT%TZ >"$state/READY"; } 2>/dev/null; then
      say "ready"
      tell READY
      return 0
    fi
    rm -f "$state/READY"
    problem "notes could not be written into $base: $(df -Ph "$base" 2>&1 | tail -n 1)"
  fi
  all=$(printf '%s; ' "${problems[@]}" | tr '\n' ' ')
  rm -f "$base/WORKSHOP-README.txt"
  # The marker first: it is what counts where there is no room for both.
  echo "${all%; }" >"$state/FAILED"
  cat >"$base/WORKSHOP-FAILED.txt" <<NOTE
Your environment is not complete:
$(printf '  %s\n' "${problems[@]}")

To try again, open a terminal and run:  bash $state/boot.sh
The whole story is in $state/boot.log
NOTE
  tell "FAILED: ${all%; }"
}

# How it went, for the instructor, who cannot look into this environment.
tell() {
  if [ -z "$bucket" ]; then return 0; fi
  echo "$1" | AWS_MAX_ATTEMPTS=2 timeout 60 aws s3 cp --only-show-errors - "s3://$bucket/$boot_key" ||
    say "how it went could not be written into $bucket"
}

welcome() {
  echo "Your environment is ready. The labs are in $labs_name."
  cat "$state/labs-note" 2>/dev/null
  echo "In a terminal, ~/.local/bin/workshop --help shows what the workshop command can do."
  if [ -n "$idle_note" ]; then echo "$idle_note"; fi
}

boot() {
  local marking=
  settings
  place
  problems=()
  if ! { mkdir -p "$state" && : >>"$state/lock"; } 2>/dev/null; then
    problem "$state could not be written"
    finish
    return 0
  fi
  # Two starts in a row must not build the same environment at once.
  exec 9>"$state/lock"
  if ! flock --nonblock 9; then
    say "already at it; see $state/boot.log"
    return 0
  fi
  rm -f "$state/READY" "$state/FAILED"
  if identify; then
    write_context || problem "$state/context.json could not be written"
    write_sdk_defaults || problem "the SageMaker SDK's defaults could not be written"
    mark_start 9>&- &
    marking=$!
    if install_tool; then start_watch; fi
  fi
  fetch_labs
  rm -rf "$state/bundle.new"
  # The start is noted before anybody is told that work can begin.
  if [ -n "$marking" ]; then wait "$marking"; fi
  finish
}

# Runs a command that outlives this script; its output goes to a file, where that is possible.
background() {
  local log=$1
  shift
  if ! { : >>"$log"; } 2>/dev/null; then log=/dev/null; fi
  setsid nohup "$@" </dev/null >>"$log" 2>&1 9>&- &
}

# Leaves boot to a process of its own: SageMaker fails a start that takes over five minutes.
launch() {
  local program
  settings
  place
  program=$(declare -f && echo main boot)
  mkdir -p "$state"
  problems=()
  identify || true
  start_idle
  rm -f "$state/READY" "$state/FAILED"
  # For the attendee to run again. What runs now is not read from a disk that may be full.
  printf '#!/usr/bin/env bash\n%s\n' "$program" >"$state/boot.sh"
  background "$state/boot.log" bash -c "$program"
}

main() {
  case ${1:-} in
    boot) boot ;;
    watch) watch_for_stop ;;
    *) launch ;;
  esac
}
