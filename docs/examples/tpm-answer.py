#!/usr/bin/env python3
"""Answers device-attest-01 with a TPM 2.0 (format "tpm"): the key at TPM_KEY is certified by the attestation key at TPM_AK, whose certificate is in AK_CERTIFICATE (PEM, chain
after it). PCRS=sha256:0,7 adds a quote. Prints {"attObj": …}. Needs tpm2-tools. Run by acme-client.py, with KEY_AUTHORIZATION in the environment."""
import base64
import hashlib
import json
import os
import re
import subprocess
import tempfile


def cbor(value):
    def head(major, number):  # RFC 8949 §3
        if number < 24:
            return bytes([major << 5 | number])
        size = 1 if number < 1 << 8 else 2 if number < 1 << 16 else 4
        return bytes([major << 5 | {1: 24, 2: 25, 4: 26}[size]]) + number.to_bytes(size, "big")

    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def main():
    key, ak, pcrs = os.environ.get("TPM_KEY", "0x81000011"), os.environ.get("TPM_AK", "0x81000010"), os.environ.get("PCRS")
    nonce = hashlib.sha256(os.environ["KEY_AUTHORIZATION"].encode()).digest()
    pem = open(os.environ["AK_CERTIFICATE"], encoding="ascii").read()
    chain = [base64.b64decode(block) for block in re.findall("-----BEGIN CERTIFICATE-----(.*?)-----END", pem, re.S)]
    with tempfile.TemporaryDirectory() as folder:
        def path(name):
            return os.path.join(folder, name)

        def read(name):
            with open(path(name), "rb") as file:
                return file.read()

        subprocess.run(["tpm2_readpublic", "-Q", "-c", key, "-o", path("public")], check=True)
        # TPM2_Certify with the nonce as qualifyingData and empty passwords; tpm2_certify of tpm2-tools 5.4 has no option for it.
        password = "400000090000000000"
        body = bytes.fromhex(f"00000148{int(key, 16):08x}{int(ak, 16):08x}00000012{password}{password}0020{nonce.hex()}0010")
        with open(path("command"), "wb") as file:
            file.write(bytes.fromhex(f"8002{6 + len(body):08x}") + body)
        response = bytes.fromhex("00000000000000000922")
        while response[6:10] == bytes.fromhex("00000922"):  # TPM_RC_RETRY: the first use after a start
            subprocess.run(["tpm2_send", "-o", path("response"), path("command")], check=True)
            response = read("response")
        if response[6:10] != bytes(4):
            raise SystemExit(f"TPM2_Certify: error 0x{response[6:10].hex()}")
        end, length = 14 + int.from_bytes(response[10:14], "big"), int.from_bytes(response[14:16], "big")
        statement = {"ver": "2.0", "alg": -7, "x5c": chain, "sig": response[16 + length:end], "certInfo": response[16:16 + length], "pubArea": read("public")[2:]}
        if pcrs:
            subprocess.run(["tpm2_quote", "-Q", "-c", ak, "-l", pcrs, "-q", nonce.hex(), "-g", "sha256", "-m", path("quote"), "-s", path("quote.sig"), "-o", path("pcrs"), "-F", "values"], check=True)
            values = read("pcrs")
            statement |= {"quote": read("quote"), "quoteSig": read("quote.sig"), "pcrs": [values[i:i + 32] for i in range(0, len(values), 32)]}
    attestation = cbor({"fmt": "tpm", "attStmt": statement})
    print(json.dumps({"attObj": base64.urlsafe_b64encode(attestation).rstrip(b"=").decode()}))


main()
