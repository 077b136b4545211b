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
  bucket_pattern=@bucket@
  bundle_pattern=@bundle@
  bundle_sha256=@bundle_sha256@
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

# Three tries with a growing pause; the last try's complaint stays in $state/last-error.
retry() {
  local try
  for try in 1 2 3; do
    if "$@" 2>"$state/last-error"; then return 0; fi
    cat "$state/last-error" >&2
    if [ "$try" -lt 3 ]; then sleep "$((try * ${WORKSHOP_BACKOFF_SECONDS:-5}))"; fi
  done
  return 1
}

problem() {
  problems+=("$1")
  say "$1"
}

complaint() { grep -v '^[[:space:]]*$' "$state/last-error" | tail -n 1 | cut -c 1-300; }

field() {
  sed -n "s/.*\"$1\"[[:space:]]*:[[:space:]]*\"\([^\"]*\)\".*/\1/p" "$metadata" | head -n 1
}

# Who this is: SageMaker says it in the metadata file, so one script serves all attendees.
identify() {
  local name
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
  export AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-$region}
}

write_context() {
  cat >"$state/context.json.new" <<JSON
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
  mkdir -p "${file%/*}"
  cat >"$file" <<YAML
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

# git's own housekeeping would go on in the background and hold our lock.
# shellcheck disable=SC2329  # called through retry
fetch_ref() {
  timeout 120 git -c maintenance.auto=false -C "$1" fetch --quiet --depth 1 -- origin "$ref"
}

# One fetch serves a branch, a tag and a commit alike (git clone --branch takes no commit).
fetch_labs() {
  local labs=$base/$labs_name new=$state/labs.new
  if [ -d "$labs/.git" ]; then
    refresh_labs "$labs"
    return 0
  fi
  if [ -e "$labs" ]; then
    problem "labs could not be fetched: $labs exists and is not a clone; rename it"
    return 1
  fi
  rm -rf "$new"
  git init --quiet "$new" && git -C "$new" remote add origin "$repository"
  if ! { retry fetch_ref "$new" && git -C "$new" checkout --quiet -B workshop FETCH_HEAD; }; then
    problem "labs could not be fetched from $repository at $ref: $(complaint)"
    rm -rf "$new"
    return 1
  fi
  git -C "$new" rev-parse HEAD >"$state/labs-commit"
  mv "$new" "$labs"
  say "labs fetched into $labs"
}

# Untouched labs follow the reference; edited ones are only fetched, never overwritten.
refresh_labs() {
  if ! retry fetch_ref "$1"; then
    say "labs were not refreshed: $(complaint)"
  elif [ -n "$(git -C "$1" status --porcelain)" ] ||
    [ "$(git -C "$1" rev-parse HEAD)" != "$(cat "$state/labs-commit" 2>/dev/null)" ]; then
    say "labs were edited: left as they are"
  elif git -C "$1" checkout --quiet -B workshop FETCH_HEAD; then
    git -C "$1" rev-parse HEAD >"$state/labs-commit"
  fi
}

# The newest Python that can run the tool (3.11 or newer); WORKSHOP_PYTHON decides if set.
find_python() {
  local candidate version best=0
  python=
  for candidate in ${WORKSHOP_PYTHON:-python3.14 python3.13 python3.12 python3.11 python3 \
    "$root"/opt/conda/bin/python3 "$HOME"/anaconda3/bin/python3 "$HOME"/anaconda3/envs/*/bin/python3}; do
    read -r version candidate < <("$candidate" -c \
      'import sys; print("%d%02d" % sys.version_info[:2], sys.executable)' 2>/dev/null)
    if [ "${version:-0}" -ge 311 ] && [ "$version" -gt "$best" ]; then
      best=$version
      python=$candidate
    fi
  done
  if [ -z "$python" ]; then echo "no Python 3.11 or newer was found" >"$state/last-error"; fi
  [ -n "$python" ]
}

# shellcheck disable=SC2329  # called through retry
download_bundle() {
  timeout 120 aws s3 cp --only-show-errors "$bundle" "$1/bundle.zip" &&
    echo "$bundle_sha256  $1/bundle.zip" | sha256sum --check --quiet
}

# shellcheck disable=SC2329  # called through retry
install_bundle() {
  rm -rf "$venv"
  if command -v uv >/dev/null; then
    uv venv --quiet --python "$python" "$venv" &&
      uv pip install --quiet --python "$venv/bin/python" --require-hashes -r requirements.txt
  else
    "$python" -m venv "$venv" &&
      "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --require-hashes -r requirements.txt
  fi
}

# The workshop command in an environment of its own, so that no lab can break it.
install_tool() {
  local venv=$state/venv new=$state/bundle.new
  if [ "$(cat "$venv/.bundle" 2>/dev/null)" != "$bundle_sha256" ]; then
    rm -rf "$new"
    mkdir -p "$new"
    if ! { find_python && retry download_bundle "$new" &&
      (cd "$new" && "$python" -m zipfile -e bundle.zip . && retry install_bundle); }; then
      problem "the workshop command could not be installed: $(complaint)"
      rm -rf "$new"
      return 1
    fi
    echo "$bundle_sha256" >"$venv/.bundle"
    rm -rf "$new"
  fi
  mkdir -p "$HOME/.local/bin"
  ln -sfn "$venv/bin/workshop" "$HOME/.local/bin/workshop"
}

# A marker for programs, a note for people.
finish() {
  local all
  if [ "${#problems[@]}" = 0 ]; then
    rm -f "$base/WORKSHOP-FAILED.txt"
    cat >"$base/WORKSHOP-README.txt" <<NOTE
Your environment is ready. The labs are in $labs_name.
In a terminal, ~/.local/bin/workshop --help shows what the workshop command can do.
NOTE
    date -u +%FT%TZ >"$state/READY"
    say "ready"
    return 0
  fi
  all=$(printf '%s; ' "${problems[@]}" | tr '\n' ' ')
  rm -f "$base/WORKSHOP-README.txt"
  cat >"$base/WORKSHOP-FAILED.txt" <<NOTE
Your environment is not complete:
$(printf '  %s\n' "${problems[@]}")

To try again, open a terminal and run:  bash $state/boot.sh
The whole story is in $state/boot.log
NOTE
  echo "${all%; }" >"$state/FAILED"
}

boot() {
  local marking=
  settings
  place
  mkdir -p "$state"
  # Two starts in a row must not build the same environment at once.
  exec 9>"$state/lock"
  if ! flock --nonblock 9; then
    say "already at it; see $state/boot.log"
    return 0
  fi
  rm -f "$state/READY" "$state/FAILED"
  : >"$state/last-error"
  problems=()
  if identify; then
    write_context || problem "$state/context.json could not be written"
    write_sdk_defaults || problem "the SageMaker SDK's defaults could not be written"
    mark_start 9>&- &
    marking=$!
    if install_tool; then start_watch; fi
  fi
  fetch_labs
  # The start is noted before anybody is told that work can begin.
  if [ -n "$marking" ]; then wait "$marking"; fi
  finish
}

# Leaves boot to a process of its own: SageMaker fails a start that takes over five minutes.
launch() {
  settings
  place
  mkdir -p "$state" || return 0
  rm -f "$state/READY" "$state/FAILED"
  { echo '#!/usr/bin/env bash' && declare -f && echo main boot; } >"$state/boot.sh"
  setsid nohup bash "$state/boot.sh" </dev/null >>"$state/boot.log" 2>&1 &
}

main() {
  case ${1:-} in
    boot) boot ;;
    watch) watch_for_stop ;;
    *) launch ;;
  esac
}
