#!/usr/bin/env bash
# A workload by go-spiffe, the SPIFFE project's own client library, which Debian's stable release lacks, as it does a Go that builds it.
#   tests/foreign/gospiffe.sh FOLDER
# Leaves FOLDER/workload, which is tests/foreign/go/gospiffe, and FOLDER/VERSION, and prints FOLDER's path. Does nothing when it is there and newer than its source.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:?usage: gospiffe.sh FOLDER}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
source=$here/go/gospiffe

exec 9>"$folder/.lock"
flock 9
if [ ! "$folder/workload" -nt "$source/workload.go" ]; then
  unpacked=$folder/unpacked
  trap 'rm -rf "$unpacked" "$folder/cache"' EXIT # most of a gigabyte, wanted once
  "$here/../../scripts/unpack-debian.sh" "${GOSPIFFE_SUITE:-trixie}" "$unpacked" golang-1.24-go golang-1.24-src golang-github-spiffe-go-spiffe-dev golang-github-go-jose-go-jose-dev \
    golang-github-zeebo-errs-dev golang-github-golang-protobuf-1-5-dev golang-google-grpc-dev golang-google-protobuf-dev golang-google-genproto-dev golang-golang-x-net-dev golang-golang-x-sys-dev \
    golang-golang-x-text-dev golang-golang-x-crypto-dev >"$folder/VERSION"
  # As Debian builds: from its own sources, no module is fetched.
  (cd "$source" && env GOROOT="$unpacked/usr/lib/go-1.24" GOPATH="$unpacked/usr/share/gocode" GO111MODULE=off GOFLAGS= GOTOOLCHAIN=local CGO_ENABLED=0 GOCACHE="$folder/cache" HOME="$folder" \
    "$unpacked/usr/lib/go-1.24/bin/go" build -o "$folder/workload" .) >&2
fi
echo "$folder"
