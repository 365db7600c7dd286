#!/usr/bin/env bash
# Installs a published appliance (packaging/build.sh) on a Debian or Ubuntu machine: user, program, home, systemd unit.
# Usage: packaging/install.sh PUBLISH_DIR        as root; safe to run again (an upgrade keeps the home)
# Environment: AGENTPKI_NO_SYSTEMD=1 leaves the unit out (containers, chroots).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
src=${1:?usage: packaging/install.sh PUBLISH_DIR}
[ "$(id -u)" = 0 ] || { echo "packaging/install.sh: must run as root; try: sudo $0 $src" >&2; exit 2; }
[ -x "$src/agentpki" ] || { echo "packaging/install.sh: no agentpki executable in $src; run packaging/build.sh first" >&2; exit 2; }
lib=/usr/lib/agentpki home=/var/lib/agentpki

"$src/scripts/prerequisites.sh"
getent group agentpki >/dev/null || groupadd --system agentpki
getent passwd agentpki >/dev/null || useradd --system --gid agentpki --home-dir "$home" --shell /usr/sbin/nologin agentpki

# The new program goes beside the old one and takes its place by rename: a running service keeps its files.
rm -rf "$lib.new"
install -d -m 0755 "$lib.new"
cp -R "$src/." "$lib.new/"
chown -R root:root "$lib.new"
chmod -R u=rwX,go=rX "$lib.new"
rm -rf "$lib.old"
[ ! -d "$lib" ] || mv "$lib" "$lib.old"
mv "$lib.new" "$lib"
rm -rf "$lib.old"
ln -sf "$lib/agentpki" /usr/bin/agentpki

install -d -m 0700 -o agentpki -g agentpki "$home"
if [ -z "${AGENTPKI_NO_SYSTEMD:-}" ]; then
  install -m 0644 "$here/systemd/agentpki.service" /etc/systemd/system/agentpki.service
  systemctl daemon-reload
  cat <<NEXT
installed to $lib; next:
  runuser -u agentpki -- env AGENTPKI_HOME=$home agentpki ceremony --development
  systemctl edit agentpki     # a development home is served only when told so: [Service] Environment=AGENTPKI_SERVE_OPTIONS=--dev
  systemctl enable --now agentpki
NEXT
else
  echo "installed to $lib"
fi
