#!/usr/bin/env python3
"""Answers tkauth-01 (RFC 9447): makes the token itself with the authority's key in AUTHORITY_KEY (P-256, PEM), as an authority would for a client that it knows. In the field
the client sends IDENTIFIER and THUMBPRINT to its authority and gets the token back. Run by acme-client.py. Needs openssl."""
import base64
import json
import os
import subprocess
import time
import uuid


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


thumbprint = base64.urlsafe_b64decode(os.environ["THUMBPRINT"] + "=")
header = {"typ": "JWT", "alg": "ES256"}
claims = {
    "iss": os.environ.get("AUTHORITY", "fleet"),
    "exp": int(time.time()) + 600,
    "jti": uuid.uuid4().hex,
    "atc": {"tktype": "spiffe", "tkvalue": os.environ["IDENTIFIER"], "fingerprint": "SHA256 " + ":".join(f"{octet:02X}" for octet in thumbprint)},
}
text = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", os.environ["AUTHORITY_KEY"]], input=text.encode(), check=True, stdout=subprocess.PIPE).stdout
numbers = der[4:4 + der[3]], der[6 + der[3]:]
print(json.dumps({"tkauth": text + "." + b64(b"".join(number[-32:].rjust(32, b"\0") for number in numbers))}))
