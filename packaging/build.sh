#!/usr/bin/env bash
# Publishes the appliance self-contained: a folder that runs on a machine without .NET.
# Usage: packaging/build.sh [OUTPUT_DIR] [RUNTIME_ID]     (artifacts/publish, this machine's architecture)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-artifacts/publish}
case ${2:-$(uname -m)} in
  x86_64 | linux-x64) rid=linux-x64 ;;
  aarch64 | linux-arm64) rid=linux-arm64 ;;
  *) echo "packaging/build.sh: no build for ${2:-$(uname -m)}; linux-x64 and linux-arm64 are supported" >&2; exit 2 ;;
esac
command -v dotnet >/dev/null || { echo "packaging/build.sh: the .NET 10 SDK is missing; install it, then run this again" >&2; exit 2; }
dotnet publish src/AgentPki.Server -c Release -r "$rid" --self-contained -o "$out" -v quiet -clp:ErrorsOnly
rm -rf "$out/scripts" "$out/hsm-config"
cp -R scripts "$out/scripts"
cp -R hsm-config "$out/hsm-config"
cp README.md "$out/README.md"
echo "published $rid to $out"
