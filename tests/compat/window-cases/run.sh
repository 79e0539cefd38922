#!/usr/bin/env bash
# Runs the cases of src/operators/window_cases.txt in Flink's window operator, those of
# src/api/join_cases.txt in its operators with two inputs and those of src/api/ttl_cases.txt in its
# states with a time to live, and writes what they emit into the files.
# With --check, changes nothing and fails if Flink emits something else.
# usage: run.sh BUILD_DIR [--check]
# Needs java, javac and mvn; Maven fetches Flink once, into BUILD_DIR/window-cases. Exit code 77 if
# one of them is missing.
set -euo pipefail
build="$(cd "${1:?usage: run.sh BUILD_DIR [--check]}" && pwd)"; shift
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
for tool in java javac mvn; do
  command -v "$tool" >/dev/null || { echo "run.sh: there is no $tool: skipped" >&2; exit 77; }
done
home="$build/window-cases"
if [[ ! -f "$home/lib/.complete" ]]; then
  rm -rf "$home"; mkdir -p "$home"
  timeout 600 mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$home/lib"
  touch "$home/lib/.complete"
fi
rm -rf "$home/classes"; mkdir -p "$home/classes"
timeout 120 javac --release 17 -nowarn -cp "$home/lib/*" -d "$home/classes" "$here"/*.java
run() {
  timeout 300 java -Xmx500m --add-opens java.base/java.util=ALL-UNNAMED \
    --add-opens java.base/java.lang=ALL-UNNAMED -cp "$home/classes:$home/lib/*" "$@"
}
run WindowCases "$here/../../../src/operators/window_cases.txt" "$@"
run JoinCases "$here/../../../src/api/join_cases.txt" "$@"
run TtlCases "$here/../../../src/api/ttl_cases.txt" "$@"
