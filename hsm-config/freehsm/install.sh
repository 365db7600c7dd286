#!/usr/bin/env bash
# Unpacks freehsm-c (a PKCS#11 3.2 token in software, with SLH-DSA) into a private folder; nothing of it is installed system-wide.
#   hsm-config/freehsm/install.sh FOLDER
# Leaves FOLDER/lib/libfreehsm.so and prints its path. Does nothing when it is there. Needs a Debian or Ubuntu with apt; Debian's package is
# taken from the mirror that this machine already uses (or that DEBIAN_MIRROR names). It is built for glibc 2.38 and OpenSSL 3: on an older
# system it loads only in a process that has both (tests/foreign/pq-runtime.sh makes such a .NET), so that loading is not tried here.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

folder=${1:?usage: install.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
module=$folder/lib/libfreehsm.so

fetch() { # suite: unpacks that suite's freehsm-c into $folder/lib
  "$here/../../scripts/unpack-debian.sh" "$1" "$folder/unpacked" freehsm-c >"$folder/VERSION" || return 1
  rm -rf "${folder:?}/lib"
  mkdir "$folder/lib"
  find "$folder/unpacked" -name 'libfreehsm.so' -exec cp -L {} "$folder/lib/" \;
  rm -rf "$folder/unpacked"
}

if [ ! -f "$module" ]; then
  for suite in ${FREEHSM_SUITES:-forky sid}; do
    fetch "$suite" && [ -f "$module" ] && break
    echo "install.sh: no freehsm-c from $suite, trying the next" >&2
  done
  [ -f "$module" ] || { echo "install.sh: no suite has freehsm-c for this architecture" >&2; exit 1; }
fi
echo "$module"
