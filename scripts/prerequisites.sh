#!/usr/bin/env bash
# Installs the system parts of the appliance on Debian or Ubuntu: SoftHSM (the PKCS#11 token), openssl and curl.
# The launcher, the Dockerfile, the Vagrantfile and packaging/ all run this one script. Without the right to install it says what to type.
set -euo pipefail
packages=(softhsm2 openssl curl ca-certificates)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null || {
  echo "agentpki: missing: ${missing[*]}. This is not Debian or Ubuntu: install them with your package manager." >&2
  exit 3
}
if [ "$(id -u)" = 0 ]; then run=(); elif sudo -n true 2>/dev/null; then run=(sudo -n); else
  echo "agentpki: missing: ${missing[*]}. Type: sudo apt-get update && sudo apt-get install -y ${missing[*]}" >&2
  exit 3
fi
echo "agentpki: installing ${missing[*]} (apt)" >&2
log=$(mktemp)
install() { "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; }
if ! { install || { "${run[@]}" apt-get update && install; }; } >"$log" 2>&1; then
  tail -n 5 "$log" >&2
  echo "agentpki: apt could not install ${missing[*]}; the whole log is in $log. Mend it and type: sudo apt-get update && sudo apt-get install -y ${missing[*]}" >&2
  exit 3
fi
rm -f "$log"
