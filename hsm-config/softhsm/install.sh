#!/usr/bin/env bash
# Installs SoftHSMv2 from Debian's or Ubuntu's own packages when it is missing, and prints the module's path.
#   hsm-config/softhsm/install.sh
set -euo pipefail

module() {
  local path
  for path in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so /usr/lib64/softhsm/libsofthsm2.so; do
    [ -f "$path" ] && echo "$path" && return
  done
  return 1
}

if ! module >/dev/null; then
  command -v apt-get >/dev/null || { echo "install.sh: this is no Debian or Ubuntu; install SoftHSMv2 with this system's package manager" >&2; exit 1; }
  root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "install.sh: SoftHSM is missing; as root, type: apt-get install softhsm2" >&2; exit 1; }
    root=(sudo)
  fi
  "${root[@]}" apt-get -o DPkg::Lock::Timeout=300 update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends softhsm2 >/dev/null
fi
module || { echo "install.sh: softhsm2 is installed but its module is not where it usually is" >&2; exit 1; }
