#!/usr/bin/env bash
# OAuth clients from the npm registry in a private folder: openid-client.
#   tests/foreign/oauth-clients.sh FOLDER
# Leaves FOLDER/node_modules/openid-client and prints FOLDER's path. Does nothing when it is there.
set -euo pipefail
folder=${1:?usage: oauth-clients.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

exec 9>"$folder/.lock"
flock 9
if [ ! -d "$folder/node_modules/openid-client" ]; then
  command -v npm >/dev/null || { echo "oauth-clients.sh: npm is missing; type: tests/foreign/install.sh" >&2; exit 1; }
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent openid-client@6 >&2
fi
echo "$folder"
