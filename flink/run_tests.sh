#!/bin/sh
# Compiles the bridge's unit tests and runs them with the oldest and the newest supported Flink.
# Usage: run_tests.sh BUILD
# Ends with `N passed, N failed`; exit code 77: Java or Maven is missing.
set -u
command -v mvn >/dev/null && command -v javac >/dev/null || { echo "skipped: needs javac and mvn"; exit 77; }
here=$(dirname "$0")
passed=0
failed=0
for version in 1.20.0 2.3.0; do
  folder=$1/flink-tests-$version
  rm -rf "$folder/surefire-reports"
  mvn -q -B -ntp -f "$here/pom.xml" -Dweir.build="$folder" -Dflink.version=$version test || failed=$((failed + 1))
  for report in "$folder"/surefire-reports/*.txt; do
    count=$(sed -n 's/^Tests run: \([0-9]*\), Failures: 0, Errors: 0.*/\1/p' "$report" 2>/dev/null)
    passed=$((passed + ${count:-0}))
  done
done
printf "\n%s passed, %s failed\n" "$passed" "$failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
