#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: the token, the foreign clients that judge the appliance, a C compiler
# for the fault shim, with --full also what the full tier alone needs, and privately (.tools/pq-runtime) an OpenSSL that knows post-quantum algorithms. Asks for root only when something is missing. Says nothing and does nothing when all is there.
set -euo pipefail

missing=()
command_of() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); } # command package
file_of() { [ -e "$1" ] || missing+=("$2"); }                        # path package

command_of softhsm2-util softhsm2
command_of pkcs11-tool opensc
command_of openssl openssl
command_of curl curl
command_of pki strongswan-pki
command_of ocsptool gnutls-bin
command_of haproxy haproxy
command_of nginx nginx-light
command_of gcc gcc
file_of /usr/include/stdio.h libc6-dev
command_of faketime faketime
command_of patchelf patchelf
command_of shellcheck shellcheck
command_of swtpm swtpm
command_of swtpm_localca swtpm-tools
command_of tpm2_certify tpm2-tools
command_of certbot certbot
command_of lego lego
command_of uacme uacme
command_of dehydrated dehydrated
command_of node nodejs
command_of npm npm
command_of javac default-jdk-headless
file_of /usr/share/java/bcprov.jar libbcprov-java
file_of /usr/share/java/bcutil.jar libbcutil-java
file_of /usr/share/java/bcpkix.jar libbcpkix-java
if [ "${1:-}" = --full ]; then # what only tests of the full tier use
  command_of busybox busybox     # the third shell that runs a ceremony's verify.sh
  command_of chromium chromium   # shows and prints a ceremony's minutes
  command_of zbarimg zbar-tools  # reads the QR codes of them
  command_of go golang-go        # its own library judges the published ledger
  file_of /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog/tlog.go golang-golang-x-mod-dev
  file_of /usr/share/gocode/src/google.golang.org/grpc/clientconn.go golang-google-grpc-dev         # workloads in Go ask the Workload API with it
  file_of /usr/share/gocode/src/google.golang.org/protobuf/encoding/protowire/wire.go golang-google-protobuf-dev
fi

if [ ${#missing[@]} -gt 0 ]; then
  # pki without these plugins can neither make an EC key nor speak TLS.
  [[ " ${missing[*]} " = *" strongswan-pki "* ]] && missing+=(libstrongswan-standard-plugins)
  root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
      echo "install.sh: as root, type: apt-get install ${missing[*]}" >&2
      exit 1
    }
    root=(sudo)
  fi
  echo "installing: ${missing[*]}"
  "${root[@]}" apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/pq-runtime.sh" "$here/../../.tools/pq-runtime" >/dev/null
"$here/bouncycastle.sh" "$here/../../.tools/bouncycastle" >/dev/null
