#!/usr/bin/env bash
# Unpacks an OpenSSL that knows ML-DSA, SLH-DSA and ML-KEM (3.5 or newer) into a private folder, and makes a .NET host that uses it.
#   tests/foreign/pq-runtime.sh FOLDER
# Leaves FOLDER/openssl (the command line) and FOLDER/dotnet/dotnet (run assemblies with it directly: "dotnet run" and "dotnet test" start
# other processes, which fall back to the system's libraries), and prints the latter's path. Does nothing when both are there and work. Nothing
# is installed system-wide. Needs apt, dpkg and patchelf; the packages come from the mirror that this machine already uses (or that
# DEBIAN_MIRROR names). The newer OpenSSL needs a newer C library, so that one comes along, and the host's loader is replaced by its.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

folder=${1:?usage: pq-runtime.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
lib=$folder/lib
packages=(libc6 libssl3t64 openssl openssl-provider-legacy libzstd1 zlib1g libgcc-s1 libstdc++6)

die() { echo "pq-runtime.sh: $*" >&2; exit 1; }
need() { command -v "$1" >/dev/null 2>&1 || die "$1 is missing; type: apt-get install $2"; } # command package

need dotnet "dotnet-sdk-10.0 (or see README.md)"
installed=$(dirname "$(readlink -f "$(command -v dotnet)")") # where the machine's .NET lies
stamp="$installed $(stat -c '%s %Y' "$installed/dotnet")"

works() { # both parts, made from the .NET that is installed now
  [ "$(cat "$folder/STAMP" 2>/dev/null)" = "$stamp" ] &&
    "$folder/openssl" list -signature-algorithms 2>/dev/null | grep -q ML-DSA-65 &&
    "$folder/dotnet/dotnet" --list-runtimes 2>/dev/null | grep -q Microsoft.NETCore.App
}

fetch() { # suite: its libraries into $lib, its openssl program beside them
  local unpacked=$folder/unpacked
  "$here/../../scripts/unpack-debian.sh" "$1" "$unpacked" "${packages[@]}" >"$folder/VERSION" || return 1
  rm -rf "$lib" "$folder/ossl-modules"
  mkdir "$lib" "$folder/ossl-modules"
  # One flat folder, whatever the suite's layout: /lib, /usr/lib, with or without the name of the architecture.
  find "$unpacked" \( -name gconv -o -name ossl-modules -o -name engines-3 \) -prune -o \( -type f -o -type l \) \( -name '*.so' -o -name '*.so.*' \) -exec cp -Ln {} "$lib/" \;
  find "$unpacked" -path '*/ossl-modules/*' -exec cp {} "$folder/ossl-modules/" \;
  find "$unpacked" -path '*/bin/openssl' -exec cp {} "$lib/openssl.program" \;
  rm -rf "$unpacked"
}

make_openssl() { # a wrapper: its loader and its libraries, not the system's
  cat >"$folder/openssl" <<END
#!/bin/sh
OPENSSL_MODULES='$folder/ossl-modules' exec '$loader' --library-path '$lib' --argv0 openssl '$lib/openssl.program' "\$@"
END
  chmod +x "$folder/openssl"
}

make_dotnet() { # the machine's .NET through links, with a host of its own that loads the libraries from $lib
  local part
  rm -rf "$folder/dotnet"
  mkdir "$folder/dotnet"
  for part in "$installed"/*; do
    [ "$(basename "$part")" = dotnet ] || ln -s "$part" "$folder/dotnet/"
  done
  cp "$installed/dotnet" "$folder/dotnet/dotnet"
  patchelf --set-interpreter "$loader" --force-rpath --set-rpath "$lib" "$folder/dotnet/dotnet"
}

exec 9>"$folder/.lock"
flock 9 # two test projects may ask at once
if ! works; then
  need patchelf patchelf
  for suite in ${PQ_RUNTIME_SUITES:-trixie forky}; do
    rm -f "$folder/STAMP"
    fetch "$suite" || { echo "pq-runtime.sh: $suite could not be fetched, trying the next" >&2; continue; }
    loader=$(find "$lib" -name 'ld-linux*.so.*' | head -1)
    make_openssl
    make_dotnet
    echo "$stamp" >"$folder/STAMP"
    works && break
    echo "pq-runtime.sh: the packages of $suite do not run here, trying the next" >&2
  done
  works || die "no suite has an OpenSSL with ML-DSA that runs on this system"
fi
echo "$folder/dotnet/dotnet"
