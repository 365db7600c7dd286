#!/bin/sh
# Builds libdropwrites.so into the folder given (default: this one's bin/) and prints its path. Installs gcc when it is missing and may.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/bin}
library=$out/libdropwrites.so
mkdir -p "$out"
# shellcheck disable=SC3013 # -nt: dash, bash and busybox all have it
if [ ! -e "$library" ] || [ "$here/dropwrites.c" -nt "$library" ]; then
  if ! command -v gcc >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      apt-get install -y --no-install-recommends gcc libc6-dev >&2
    else
      echo "gcc is missing: apt-get install gcc libc6-dev" >&2
      exit 1
    fi
  fi
  # Under another name first: two test runs may build at the same time.
  gcc -std=gnu11 -O2 -Wall -Wextra -fPIC -shared -fno-builtin -o "$library.$$" "$here/dropwrites.c" -ldl -lpthread
  mv "$library.$$" "$library"
fi
echo "$library"
