#!/usr/bin/env bash
# Starts real systems, runs the tests against them, and always stops them again.
# usage: run.sh BUILD_DIR [single|ha|kerberos|datanodes|zookeeper|s3 ...]      (default: all; the first four are HDFS)
set -euo pipefail
build="${1:?usage: run.sh BUILD_DIR [single|ha|kerberos|datanodes|zookeeper|s3 ...]}"; shift
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
tool="$here/../../tools/real/hdfs.py"
zookeeper_tool="$here/../../tools/real/zookeeper.py"
s3_tool="$here/../../tools/real/s3.py"
scratch="$(mktemp -d "${TMPDIR:-/tmp}/weir-integration-XXXXXX")"
test_pid=""

finish() {
  local code=$?
  trap - EXIT INT TERM
  [[ -z "$test_pid" ]] || kill "$test_pid" 2>/dev/null || true
  local home
  for home in "$scratch"/*/; do
    [[ -d "$home" ]] || continue
    case "$home" in
      */zookeeper/) "$zookeeper_tool" stop --home "$home" || true ;;
      */s3/) "$s3_tool" stop --home "$home" || true ;;
      *) "$tool" stop --home "$home" || true ;;
    esac
  done
  if ((code == 0)); then rm -rf "$scratch"; else echo "logs are kept in $scratch" >&2; fi
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

run_hdfs() { # run_hdfs NAME FILTER [start options]
  local home="$scratch/$1" filter="$2"; shift 2
  timeout 600 "$tool" start --home "$home" "$@"
  (. "$home/env"; exec timeout 600 "$build/bin/weir_hdfs_test" --gtest_brief=1 --gtest_filter="$filter") & test_pid=$!
  wait "$test_pid"; test_pid=""
  "$tool" stop --home "$home"
}

run_zookeeper() {
  local home="$scratch/zookeeper"
  timeout 300 "$zookeeper_tool" start --home "$home"
  (. "$home/env"; exec timeout 300 "$build/bin/weir_zookeeper_test" --gtest_brief=1) & test_pid=$!
  wait "$test_pid"; test_pid=""
  "$zookeeper_tool" stop --home "$home"
}

run_s3() {
  local home="$scratch/s3"
  timeout 1600 "$s3_tool" start --home "$home"
  (. "$home/env"; exec timeout 900 "$build/bin/weir_s3_test" --gtest_brief=1) & test_pid=$!
  wait "$test_pid"; test_pid=""
  "$s3_tool" stop --home "$home"
}

(($#)) || set -- single ha kerberos datanodes zookeeper s3
for setup in "$@"; do
  case "$setup" in
    single) run_hdfs single '*' ;;
    ha) run_hdfs ha '*' --ha ;;
    datanodes) run_hdfs datanodes '*ReplacedByTheOther' --datanodes 2 ;;
    kerberos) # the HTTP client knows no Kerberos
      run_hdfs kerberos '*Kerberos*:*Conformance*/Native' --kerberos
      run_hdfs encrypted '*Kerberos*' --kerberos --encrypt ;;
    zookeeper) run_zookeeper ;;
    s3) run_s3 ;;
    *) echo "run.sh: no set-up is called $setup; there are single, ha, kerberos, datanodes, zookeeper and s3" >&2; exit 2 ;;
  esac
done
