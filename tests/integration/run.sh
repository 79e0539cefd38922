#!/usr/bin/env bash
# Starts real systems, runs the tests against them, and stops them again whatever happens.
# usage: run.sh BUILD_DIR [single|ha ...]      (default: both HDFS set-ups)
set -euo pipefail
build="${1:?usage: run.sh BUILD_DIR [single|ha ...]}"; shift
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
tool="$here/../../tools/real/hdfs.py"
scratch="$(mktemp -d "${TMPDIR:-/tmp}/weir-integration-XXXXXX")"
test_pid=""

finish() {
  local code=$?
  trap - EXIT INT TERM
  [[ -z "$test_pid" ]] || kill "$test_pid" 2>/dev/null || true
  local home
  for home in "$scratch"/*/; do
    [[ -d "$home" ]] && "$tool" stop --home "$home" || true
  done
  if ((code == 0)); then rm -rf "$scratch"; else echo "logs are kept in $scratch" >&2; fi
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

run_hdfs() { # run_hdfs NAME [start options]
  local home="$scratch/$1"; shift
  timeout 600 "$tool" start --home "$home" "$@"
  (. "$home/env"; exec timeout 600 "$build/bin/weir_hdfs_test" --gtest_brief=1) & test_pid=$!
  wait "$test_pid"; test_pid=""
  "$tool" stop --home "$home"
}

(($#)) || set -- single ha
for setup in "$@"; do
  case "$setup" in
    single) run_hdfs single ;;
    ha) run_hdfs ha --ha ;;
    *) echo "run.sh: no set-up is called $setup; there are single and ha" >&2; exit 2 ;;
  esac
done
