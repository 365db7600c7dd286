#!/usr/bin/env bash
# Runs the steps of the Dockerfile's second stage in a clean Debian 13 chroot: install as root, then `agentpki up` as the
# service's user with a read-only program tree, and asks /readyz. What Docker and Vagrant add themselves is not covered.
# Usage: packaging/test-chroot.sh [WORK_DIR]         as root; needs debootstrap. Environment: DEBIAN_MIRROR.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ "$(id -u)" = 0 ] || { echo "packaging/test-chroot.sh: must run as root (chroot, mounts)" >&2; exit 2; }
command -v debootstrap >/dev/null || apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
work=${1:-$(mktemp -d)}
root=$work/trixie
mirror=${DEBIAN_MIRROR:-$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources)}
pid=
# shellcheck disable=SC2317 # reached through the trap
cleanup() {
  [ -z "$pid" ] || { kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; }
  for m in usr/lib/agentpki dev proc tmp; do mountpoint -q "$root/$m" && umount "$root/$m"; done
  return 0
}
trap cleanup EXIT

[ -x "$root/bin/sh" ] || debootstrap --variant=minbase trixie "$root" "$mirror" >"$work/debootstrap.log" 2>&1 || { tail -5 "$work/debootstrap.log" >&2; exit 1; }
# The chroot shares this machine's resolver and package sources' reachability, nothing else.
cp /etc/resolv.conf "$root/etc/resolv.conf"
[ ! -d /etc/apt/apt.conf.d ] || cp -n /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"

packaging/build.sh "$work/publish"
rm -rf "$root/publish" "$root/packaging"
cp -R "$work/publish" "$root/publish"
cp -R packaging "$root/packaging"
chroot "$root" env AGENTPKI_NO_SYSTEMD=1 /packaging/install.sh /publish
# Read-only program tree, as `docker run --read-only` gives it.
mount --bind "$root/usr/lib/agentpki" "$root/usr/lib/agentpki"
mount -o remount,ro,bind "$root/usr/lib/agentpki"

https=$((20000 + RANDOM % 10000)) http=$((30000 + RANDOM % 10000))
chroot --userspec=agentpki:agentpki "$root" env -i PATH=/usr/bin:/bin HOME=/var/lib/agentpki AGENTPKI_HOME=/var/lib/agentpki \
  AGENTPKI_HTTPS_PORT="$https" AGENTPKI_HTTP_PORT="$http" DOTNET_EnableDiagnostics=0 agentpki up >"$work/up.log" 2>&1 &
pid=$!
for _ in $(seq 120); do
  if curl -fsS -o /dev/null "http://127.0.0.1:$http/readyz" 2>/dev/null && grep -q 'verif' "$work/up.log"; then
    sed 's/^/  | /' "$work/up.log"
    echo "chroot: ready on Debian $(cat "$root/etc/debian_version") as $(ps -o user= -p "$(pgrep -P "$pid" agentpki || echo "$pid")" | head -1)"
    exit 0
  fi
  kill -0 "$pid" 2>/dev/null || break
  sleep 1
done
sed 's/^/  | /' "$work/up.log" >&2
echo "chroot: the appliance did not become ready" >&2
exit 1
