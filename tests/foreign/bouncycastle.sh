#!/usr/bin/env bash
# Unpacks BouncyCastle's Java library of 1.86 or newer, which has composite ML-DSA, into a private folder.
#   tests/foreign/bouncycastle.sh FOLDER
# Leaves FOLDER/*.jar and prints the class path. Does nothing when they are there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:?usage: bouncycastle.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

exec 9>"$folder/.lock"
flock 9
if ! ls "$folder"/bcpkix*.jar >/dev/null 2>&1; then
  for suite in ${BOUNCYCASTLE_SUITES:-forky sid}; do
    "$here/../../scripts/unpack-debian.sh" "$suite" "$folder/unpacked" libbcprov-java libbcutil-java libbcpkix-java >"$folder/VERSION" || continue
    grep -qE '_1\.(8[6-9]|9)|_[2-9]' "$folder/VERSION" || { echo "bouncycastle.sh: $suite has an older library, trying the next" >&2; continue; }
    find "$folder/unpacked" -name '*.jar' -type f -exec mv {} "$folder/" \;
    rm -rf "$folder/unpacked"
    break
  done
  ls "$folder"/bcpkix*.jar >/dev/null 2>&1 || { echo "bouncycastle.sh: no suite has BouncyCastle 1.86" >&2; exit 1; }
fi
echo "$folder/*"
