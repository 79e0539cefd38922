#!/usr/bin/env bash
# Installs the missing Debian packages in one apt call.
# Usage: install_packages.sh GROUP…   (build, hdfs, test, docs, deb)
# docs/dependencies.md describes the packages.
set -euo pipefail

declare -A packages=(
  [build]="g++ cmake ninja-build ccache mold make python3 python3-pip libcurl4-openssl-dev libssl-dev nlohmann-json3-dev libyaml-cpp-dev libpugixml-dev protobuf-compiler libprotobuf-dev libkrb5-dev libzip-dev libxxhash-dev zlib1g-dev libzstd-dev libsnappy-dev libzookeeper-mt-dev libmicrohttpd-dev librdkafka-dev libpq-dev libsimdjson-dev libgtest-dev libabsl-dev"
  [hdfs]="openjdk-17-jre-headless maven"
  [test]="krb5-kdc krb5-admin-server krb5-user openjdk-17-jdk-headless binutils kcat postgresql-15 chromium dpkg-dev file"
  [docs]="doxygen python3"
  [deb]="dpkg-dev file"
)

present() {
  # A tool on the path serves as well as its package.
  case "$1" in
    python3-pip) python3 -m pip --version >/dev/null 2>&1 && return 0 ;;
    g++ | cmake | make | python3 | ccache | mold | doxygen) command -v "$1" >/dev/null && return 0 ;;
    ninja-build) command -v ninja >/dev/null && return 0 ;;
    maven) command -v mvn >/dev/null && return 0 ;;
    openjdk-17-jre-headless) command -v java >/dev/null && return 0 ;;
    openjdk-17-jdk-headless) command -v javac >/dev/null && return 0 ;;
    binutils) command -v nm >/dev/null && return 0 ;;
  esac
  dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

missing=()
for group in "$@"; do
  for package in ${packages[$group]}; do
    present "$package" || missing+=("$package")
  done
done
((${#missing[@]})) || exit 0

sudo=()
if [[ $(id -u) != 0 ]]; then
  command -v sudo >/dev/null || { echo "error: these packages are missing and need root to be installed: ${missing[*]}" >&2; exit 1; }
  sudo=(sudo)
fi
echo "installing: ${missing[*]}" >&2
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
