#!/usr/bin/env python3
"""Answers device-attest-01 in the format "android-key", in the place of a phone: openssl plays its keystore and the maker's root. DEVICE_KEY is the key to be certified (P-256, PEM),
SERIAL the phone's serial number, ATTESTATION_ROOT and ATTESTATION_KEY the root's certificate and key. Prints {"attObj": …}. Run by acme-client.py, with KEY_AUTHORIZATION in the
environment. A phone does the same by setAttestationChallenge(SHA-256 of the key authorization) when it makes the key, and getCertificateChain after it."""
import base64
import hashlib
import json
import os
import secrets
import subprocess
import tempfile


def cbor(value):
    def head(major, number):  # RFC 8949 §3
        if number < 24:
            return bytes([major << 5 | number])
        return bytes([major << 5 | 25]) + number.to_bytes(2, "big")

    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def der(tag, *parts):
    content = b"".join(parts)
    length = len(content)
    size = b"" if length < 128 else length.to_bytes((length.bit_length() + 7) // 8, "big")
    return tag + bytes([len(size) | 128 if size else length]) + size + content


def field(number, value):  # [number] EXPLICIT
    return der(bytes([0xA0 | number]) if number < 31 else bytes([0xBF, 0x80 | number >> 7, number & 0x7F]) if number > 127 else bytes([0xBF, number]), value)


def integer(value):
    return der(b"\x02", value.to_bytes(value.bit_length() // 8 + 1, "big"))


def enumerated(value):
    return der(b"\x0a", bytes([value]))


def octets(value):
    return der(b"\x04", value)


def description(challenge, serial):
    """Android's KeyDescription: a key that was made in the trusted execution environment, to sign, on a phone that started its maker's system and is locked."""
    root_of_trust = der(b"\x30", octets(bytes(32)), der(b"\x01", b"\xff"), enumerated(0), octets(bytes(32)))
    hardware = field(1, der(b"\x31", integer(2))), field(2, integer(3)), field(702, integer(0)), field(704, root_of_trust), field(713, octets(serial.encode()))
    return der(b"\x30", integer(200), enumerated(1), integer(200), enumerated(1), octets(challenge), octets(b""), der(b"\x30"), der(b"\x30", *hardware))


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


key, root = os.environ["DEVICE_KEY"], os.environ["ATTESTATION_ROOT"]
authorization = os.environ["KEY_AUTHORIZATION"].encode()
with tempfile.NamedTemporaryFile("w", suffix=".cnf") as extensions:
    extensions.write(f"keyUsage=critical,digitalSignature\n1.3.6.1.4.1.11129.2.1.17=DER:{description(hashlib.sha256(authorization).digest(), os.environ['SERIAL']).hex()}\n")
    extensions.flush()
    request = openssl("req", "-new", "-key", key, "-subj", "/CN=Android Keystore Key")
    certificate = openssl(
        "x509", "-req", "-CA", root, "-CAkey", os.environ["ATTESTATION_KEY"], "-set_serial", str(secrets.randbits(63) | 1), "-days", "365", "-extfile", extensions.name, "-outform", "DER", data=request)
chain = [certificate, openssl("x509", "-in", root, "-outform", "DER")]
statement = {"alg": -7, "sig": openssl("dgst", "-sha256", "-sign", key, data=authorization), "x5c": chain}
print(json.dumps({"attObj": base64.urlsafe_b64encode(cbor({"fmt": "android-key", "attStmt": statement})).rstrip(b"=").decode()}))
