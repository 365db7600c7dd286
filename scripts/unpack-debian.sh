#!/usr/bin/env bash
# Unpacks packages of another Debian suite into a private folder; nothing of them is installed system-wide.
#   scripts/unpack-debian.sh SUITE FOLDER PACKAGE...
# FOLDER is emptied first and then holds the packages' trees; the names of their files, version included, are printed. Needs apt and dpkg.
# The packages come from the Debian mirror that this machine already uses, or from the one that DEBIAN_MIRROR names.
set -euo pipefail

suite=${1:?usage: unpack-debian.sh SUITE FOLDER PACKAGE...} folder=${2:?usage: unpack-debian.sh SUITE FOLDER PACKAGE...}
shift 2
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
die() { echo "unpack-debian.sh: $*" >&2; exit 1; }

mirror() { # the Debian mirror of this machine's own sources
  if [ -n "${DEBIAN_MIRROR:-}" ]; then echo "$DEBIAN_MIRROR"; return; fi
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -n 's/^deb \(\[[^]]*\] \)\?\(http[^ ]*\) .*/\2/p'
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs: *\([^ ]*\).*/\1/p'; } | grep -m1 '/debian/\?$' || true
}

command -v apt-get >/dev/null || die "apt-get is missing: this works on Debian and Ubuntu"
command -v dpkg >/dev/null || die "dpkg is missing; type: apt-get install dpkg"
[ -f "$keyring" ] || die "$keyring is missing; type: apt-get install debian-archive-keyring"
from=$(mirror)
[ -n "$from" ] || die "no Debian mirror in this machine's sources; name one: DEBIAN_MIRROR=http://HOST/debian"

rm -rf "$folder"
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,archives/partial,empty,debs}
: >"$work/status"
echo "deb [signed-by=$keyring] $from $suite main" >"$work/sources.list"
options=(-qq -o "Dir::Etc::sourcelist=$work/sources.list" -o "Dir::Etc::sourceparts=$work/empty" -o "Dir::Etc::preferencesparts=$work/empty"
  -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status" -o "Dir::Cache::archives=$work/archives"
  -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=" -o Acquire::Languages=none -o Acquire::Retries=3 -o "APT::Sandbox::User=$(id -un)")
apt-get "${options[@]}" update
(cd "$work/debs" && apt-get "${options[@]}" download "$@") >&2
for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$folder"; done
basename -a "$work"/debs/*.deb
