#!/usr/bin/env bash
# ACME clients that Debian's stable release lacks or has too old, in a private folder: Caddy, lego (with renewal information), and acme-client from the npm registry.
#   tests/foreign/acme-clients.sh FOLDER
# Leaves FOLDER/bin/{caddy,lego} and FOLDER/node_modules/acme-client, and prints FOLDER's path. Does nothing when they are there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:?usage: acme-clients.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

exec 9>"$folder/.lock"
flock 9
if [ ! -x "$folder/bin/caddy" ] || [ ! -x "$folder/bin/lego" ]; then
  for suite in ${ACME_CLIENTS_SUITES:-forky sid}; do
    "$here/../../scripts/unpack-debian.sh" "$suite" "$folder/unpacked" caddy lego >"$folder/VERSION" || continue
    mkdir -p "$folder/bin"
    mv "$folder/unpacked/usr/bin/caddy" "$folder/unpacked/usr/bin/lego" "$folder/bin/"
    rm -rf "$folder/unpacked"
    break
  done
  [ -x "$folder/bin/caddy" ] || { echo "acme-clients.sh: no suite has caddy and lego" >&2; exit 1; }
fi
if [ ! -d "$folder/node_modules/acme-client" ]; then
  command -v npm >/dev/null || { echo "acme-clients.sh: npm is missing; type: tests/foreign/install.sh" >&2; exit 1; }
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent acme-client@5 >&2
fi
echo "$folder"
