#!/usr/bin/env bash
# Unpacks freehsm-c (a PKCS#11 3.2 token in software, with SLH-DSA) into a private folder; nothing of it is installed system-wide.
#   hsm-config/freehsm/install.sh FOLDER
# Leaves FOLDER/lib/libfreehsm.so and prints its path. Does nothing when it is there. Needs a Debian or Ubuntu with apt; Debian's package is
# taken from the mirror that this machine already uses (or that FREEHSM_MIRROR names). It is built for glibc 2.38 and OpenSSL 3: on an older
# system it loads only in a process that has both (tests/foreign/pq-runtime.sh makes such a .NET), so that loading is not tried here.
set -euo pipefail

folder=${1:?usage: install.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
module=$folder/lib/libfreehsm.so
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

need() { # command package
  command -v "$1" >/dev/null 2>&1 && return
  echo "install.sh: $1 is missing; type: apt-get install $2" >&2
  exit 1
}

mirror() { # the Debian mirror of this machine's own sources
  if [ -n "${FREEHSM_MIRROR:-}" ]; then echo "$FREEHSM_MIRROR"; return; fi
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -n 's/^deb \(\[[^]]*\] \)\?\(http[^ ]*\) .*/\2/p'
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs: *\([^ ]*\).*/\1/p'; } | grep -m1 '/debian/\?$' || true
}

fetch() { # suite: unpacks that suite's freehsm-c into $folder/lib
  local work options
  work=$(mktemp -d "$folder/fetch.XXXXXX")
  # shellcheck disable=SC2064 # the folder of this call
  trap "rm -rf '$work'" RETURN
  mkdir -p "$work"/{lists/partial,archives/partial,empty,unpacked}
  : >"$work/status"
  echo "deb [signed-by=$keyring] $(mirror) $1 main" >"$work/sources.list"
  options=(-qq -o "Dir::Etc::sourcelist=$work/sources.list" -o "Dir::Etc::sourceparts=$work/empty" -o "Dir::Etc::preferencesparts=$work/empty"
    -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status" -o "Dir::Cache::archives=$work/archives"
    -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=" -o Acquire::Languages=none -o Acquire::Retries=3 -o "APT::Sandbox::User=$(id -un)")
  apt-get "${options[@]}" update || return 1
  (cd "$work" && apt-get "${options[@]}" download freehsm-c) || return 1
  dpkg -x "$work"/freehsm-c_*.deb "$work/unpacked"
  rm -rf "${folder:?}/lib"
  mkdir "$folder/lib"
  find "$work/unpacked" -name 'libfreehsm.so' -exec cp -L {} "$folder/lib/" \;
  basename "$work"/freehsm-c_*.deb >"$folder/VERSION"
}

if [ ! -f "$module" ]; then
  need apt-get apt
  need dpkg dpkg
  [ -f "$keyring" ] || { echo "install.sh: $keyring is missing; type: apt-get install debian-archive-keyring" >&2; exit 1; }
  [ -n "$(mirror)" ] || { echo "install.sh: no Debian mirror in this machine's sources; name one: FREEHSM_MIRROR=http://HOST/debian $0 $folder" >&2; exit 1; }
  for suite in ${FREEHSM_SUITES:-forky sid}; do
    fetch "$suite" && [ -f "$module" ] && break
    echo "install.sh: no freehsm-c from $suite, trying the next" >&2
  done
  [ -f "$module" ] || { echo "install.sh: no suite has freehsm-c for this architecture" >&2; exit 1; }
fi
echo "$module"
