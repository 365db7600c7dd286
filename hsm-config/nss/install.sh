#!/usr/bin/env bash
# Unpacks NSS softoken (a PKCS#11 3.2 token in software) into a private folder; nothing of it is installed system-wide.
#   hsm-config/nss/install.sh FOLDER
# Leaves FOLDER/lib/libsoftokn3.so and prints its path. Does nothing when it is there and loads. Needs a Debian or Ubuntu with apt;
# the newest Debian package is taken from the mirror that this machine already uses (or that NSS_MIRROR names).
set -euo pipefail

folder=${1:?usage: install.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
module=$folder/lib/libsoftokn3.so
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

loads() { # a module whose libraries and symbols this system's loader finds
  [ -f "$1" ] && ! LD_LIBRARY_PATH=$(dirname "$1") ldd -r "$1" 2>&1 | grep -qE 'not found|undefined symbol'
}

need() { # command package
  command -v "$1" >/dev/null 2>&1 && return
  echo "install.sh: $1 is missing; type: apt-get install $2" >&2
  exit 1
}

mirror() { # the Debian mirror of this machine's own sources
  if [ -n "${NSS_MIRROR:-}" ]; then echo "$NSS_MIRROR"; return; fi
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -n 's/^deb \(\[[^]]*\] \)\?\(http[^ ]*\) .*/\2/p'
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs: *\([^ ]*\).*/\1/p'; } | grep -m1 '/debian/\?$' || true
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
  (cd "$work" && apt-get "${options[@]}" download libnss3) || return 1
  dpkg -x "$work"/libnss3_*.deb "$work/unpacked"
  rm -rf "${folder:?}/lib"
  mkdir "$folder/lib"
  # .chk files are the signatures of softoken's own integrity test
  find "$work/unpacked" \( -name '*.so' -o -name '*.chk' \) -exec cp -L {} "$folder/lib/" \;
  basename "$work"/libnss3_*.deb >"$folder/VERSION"
}

if ! loads "$module"; then
  need apt-get apt
  need dpkg dpkg
  need ldd libc-bin
  [ -f "$keyring" ] || { echo "install.sh: $keyring is missing; type: apt-get install debian-archive-keyring" >&2; exit 1; }
  [ -n "$(mirror)" ] || { echo "install.sh: no Debian mirror in this machine's sources; name one: NSS_MIRROR=http://HOST/debian $0 $folder" >&2; exit 1; }
  siblings
  for suite in ${NSS_SUITES:-forky sid}; do
    fetch "$suite" && loads "$module" && break
    echo "install.sh: the package of $suite does not load here, trying the next" >&2
  done
  loads "$module" || { echo "install.sh: no suite has a libnss3 that loads on this system" >&2; exit 1; }
fi
echo "$module"
