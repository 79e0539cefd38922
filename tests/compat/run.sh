#!/usr/bin/env bash
# Lets Flink read checkpoints written by weir, and compares every value.
# usage: run.sh BUILD_DIR [FLINK_VERSION ...]     (default: the newest and the oldest supported Flink)
# Needs java, javac and mvn; Maven fetches Flink once, into BUILD_DIR/flink-reader. Exit code 77 if
# one of them is missing.
set -euo pipefail
build="$(cd "${1:?usage: run.sh BUILD_DIR [FLINK_VERSION ...]}" && pwd)"; shift
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
for tool in java javac mvn; do
  command -v "$tool" >/dev/null || { echo "run.sh: there is no $tool: skipped" >&2; exit 77; }
done
(($#)) || set -- 2.3.0 1.20.0

scratch="$(mktemp -d "${TMPDIR:-/tmp}/weir-compat-XXXXXX")"
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

timeout 60 "$build/bin/weir_write_checkpoint" "$scratch"

passed=0 failed=0
for version in "$@"; do
  home="$build/flink-reader/$version"
  if [[ ! -f "$home/lib/.complete" ]]; then
    rm -rf "$home"; mkdir -p "$home"
    timeout 600 mvn -q -B -f "$here/flink-reader/pom.xml" -Dflink.version="$version" dependency:copy-dependencies -DoutputDirectory="$home/lib"
    touch "$home/lib/.complete"
  fi
  rm -rf "$home/classes"; mkdir -p "$home/classes"
  timeout 120 javac --release 17 -nowarn -cp "$home/lib/*" -d "$home/classes" "$here/flink-reader/Reader.java"

  # Only Flink 2.1 and later read version 6 of the metadata; all read version 4.
  case "$version" in 1.*) cases=("$scratch"/*-v4) ;; *) cases=("$scratch"/*-v?) ;; esac
  read_by=0
  timeout 300 java -Xmx700m --add-opens java.base/java.util=ALL-UNNAMED --add-opens java.base/java.lang=ALL-UNNAMED \
    -cp "$home/classes:$home/lib/*" Reader "${cases[@]}" >"$scratch/log" 2>&1 || read_by=$?
  for directory in "${cases[@]}"; do
    name="Flink $version reads ${directory##*/}"
    if [[ $read_by == 0 ]] && [[ -s "$directory.txt" ]] && diff "$directory.txt" "$directory.flink" >"$scratch/diff"; then
      echo "ok     $name: $(wc -l <"$directory.txt") values"
      passed=$((passed + 1))
    else
      echo "FAILED $name"
      failed=$((failed + 1))
      if [[ $read_by == 0 ]]; then head -20 "$scratch/diff"; fi
    fi
    rm -f "$directory.flink"
  done
  if [[ $read_by != 0 ]]; then tail -60 "$scratch/log"; fi
done
echo "$passed passed, $failed failed"
((failed == 0))
