#!/usr/bin/env bash
# Unpacks NSS softoken (a PKCS#11 3.2 token in software) into a private folder; nothing of it is installed system-wide.
#   hsm-config/nss/install.sh FOLDER
# Leaves FOLDER/lib/libsoftokn3.so and prints its path. Does nothing when it is there and loads. Needs a Debian or Ubuntu with apt;
# the newest Debian package is taken from the mirror that this machine already uses (or that DEBIAN_MIRROR names).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

folder=${1:?usage: install.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
module=$folder/lib/libsoftokn3.so

loads() { # a module whose libraries and symbols this system's loader finds
  [ -f "$1" ] && ! LD_LIBRARY_PATH=$(dirname "$1") ldd -r "$1" 2>&1 | grep -qE 'not found|undefined symbol'
}

need() { # command package
  command -v "$1" >/dev/null 2>&1 && return
  echo "install.sh: $1 is missing; type: apt-get install $2" >&2
  exit 1
}

# libraries that softoken itself links to, and that most systems have
siblings() {
  local missing=()
  ldconfig -p | grep -q 'libnspr4\.so' || missing+=(libnspr4)
  ldconfig -p | grep -q 'libsqlite3\.so\.0' || missing+=(libsqlite3-0)
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" -eq 0 ]; then
    apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else
    echo "install.sh: as root, type: apt-get install ${missing[*]}" >&2
    exit 1
  fi
}

fetch() { # suite: unpacks that suite's libnss3 into $folder/lib
  "$here/../../scripts/unpack-debian.sh" "$1" "$folder/unpacked" libnss3 >"$folder/VERSION" || return 1
  rm -rf "${folder:?}/lib"
  mkdir "$folder/lib"
  # .chk files are the signatures of softoken's own integrity test
  find "$folder/unpacked" \( -name '*.so' -o -name '*.chk' \) -exec cp -L {} "$folder/lib/" \;
  rm -rf "$folder/unpacked"
}

if ! loads "$module"; then
  need ldd libc-bin
  siblings
  for suite in ${NSS_SUITES:-forky sid}; do
    fetch "$suite" && loads "$module" && break
    echo "install.sh: the package of $suite does not load here, trying the next" >&2
  done
  loads "$module" || { echo "install.sh: no suite has a libnss3 that loads on this system" >&2; exit 1; }
fi
echo "$module"
