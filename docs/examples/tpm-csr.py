#!/usr/bin/env python3
"""Prints a request (PKCS#10, PEM) for IDENTIFIER, a SPIFFE ID, signed by the key on P-256 at TPM_KEY. Run by acme-client.py. Needs tpm2-tools. (The tpm2 provider for openssl, version
1.1.1, cannot: it writes parameters into the algorithm identifier of ECDSA, which RFC 5758 §3.2 forbids.)"""
import base64
import hashlib
import os
import subprocess
import tempfile
import textwrap


def der(tag, *parts):
    content = b"".join(parts)
    length = len(content)
    size = b"" if length < 128 else length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, len(size) | 128 if size else length]) + size + content


key = os.environ.get("TPM_KEY", "0x81000011")
with tempfile.TemporaryDirectory() as folder:
    def run(tool, name, *arguments):
        path = os.path.join(folder, name)
        subprocess.run([tool, "-Q", "-c", key, "-o", path, *arguments], check=True)
        with open(path, "rb") as file:
            return file.read()

    public = run("tpm2_readpublic", "public", "-f", "der")
    names = der(0x30, der(0x30, bytes.fromhex("0603551d11"), der(0x04, der(0x30, der(0x86, os.environ["IDENTIFIER"].encode())))))
    attributes = der(0xA0, der(0x30, bytes.fromhex("06092a864886f70d01090e"), der(0x31, names)))
    info = der(0x30, bytes.fromhex("020100"), der(0x30), public, attributes)
    with open(os.path.join(folder, "digest"), "wb") as digest:
        digest.write(hashlib.sha256(info).digest())
    signature = run("tpm2_sign", "signature", "-g", "sha256", "-s", "ecdsa", "-f", "plain", "-d", digest.name)
request = der(0x30, info, bytes.fromhex("300a06082a8648ce3d040302"), der(0x03, b"\0", signature))
print("-----BEGIN CERTIFICATE REQUEST-----", *textwrap.wrap(base64.b64encode(request).decode(), 64), "-----END CERTIFICATE REQUEST-----", sep="\n")
