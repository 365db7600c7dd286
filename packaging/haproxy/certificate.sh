#!/usr/bin/env bash
# Gets the proxy's own TLS certificate from the appliance over EST, or renews it, as any other agent would: curl and openssl are enough.
# Usage: packaging/haproxy/certificate.sh EST_URL ANCHORS BUNDLE NAME [CREDENTIAL_FILE]
#   EST_URL          the appliance's own, for example https://localhost:8443/.well-known/est
#   ANCHORS          PEM file with its root (anchors/root.pem)
#   BUNDLE           what HAProxy reads: certificate, issuing CA and key in one file, mode 0600
#   NAME             the DNS name that clients connect to
#   CREDENTIAL_FILE  one line name:secret (agentpki credential new); needed the first time only
# Afterwards: systemctl reload haproxy. Run it from a timer, well before the certificate ends (a day, in the default profile).
set -euo pipefail
url=${1:?usage: certificate.sh EST_URL ANCHORS BUNDLE NAME [CREDENTIAL_FILE]} anchors=${2:?ANCHORS} bundle=${3:?BUNDLE} name=${4:?NAME} credential=${5:-}
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "certificate.sh: $*" >&2; exit 1; }

curl_est() { curl -sS --noproxy '*' --cacert "$anchors" --max-time 60 "$@"; }
decode() { tr -d '\r\n' <"$1" | openssl base64 -d -A | openssl pkcs7 -inform DER -print_certs -out "$2"; }

subject=/CN=$name
identity=() operation=simpleenroll
if [ -s "$bundle" ] && openssl x509 -in "$bundle" -noout -checkend 60 >/dev/null 2>&1; then
  # RFC 7030 §4.2.2: the certificate renews itself, with a new key and the same names.
  operation=simplereenroll identity=(--cert "$bundle" --key "$bundle")
else
  [ -n "$credential" ] || fail "$bundle holds no certificate that is still good, so a credential is needed: agentpki credential new --owner proxy"
  # The secret goes to curl by its standard input: a command line can be read by everybody (ps).
  printf 'user = "%s"\n' "$(head -n 1 "$credential")" >"$work/credential"
  identity=(--config "$work/credential")
fi

openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/key" -outform DER -out "$work/request" \
  -subj "$subject" -addext "subjectAltName=DNS:$name" 2>/dev/null
openssl base64 -in "$work/request" -out "$work/request.b64"
status=$(curl_est "${identity[@]}" -H 'Content-Type: application/pkcs10' --data-binary "@$work/request.b64" -o "$work/answer" -w '%{http_code}' "$url/$operation") ||
  fail "the appliance cannot be reached at $url"
[ "$status" = 200 ] || fail "$operation was answered $status: $(head -c 300 "$work/answer")"
decode "$work/answer" "$work/leaf"
curl_est -o "$work/authorities" "$url/cacerts"
decode "$work/authorities" "$work/chain"
cat "$work/leaf" "$work/chain" "$work/key" >"$bundle.new"
mv "$bundle.new" "$bundle"
echo "$bundle: $name until $(openssl x509 -in "$bundle" -noout -enddate | cut -d= -f2)"
