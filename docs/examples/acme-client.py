#!/usr/bin/env python3
"""A small ACME client (RFC 8555) for challenges that no stock client knows: what answers the challenge, and what signs the request, are programs of yours.

    acme-client.py --directory URL --ca root.pem --account account.key --identifier spiffe:spiffe://… --challenge device-attest-01 --answer PROGRAM --csr PROGRAM --out agent.pem

--answer is run with KEY_AUTHORIZATION, TOKEN, IDENTIFIER and THUMBPRINT in its environment and prints the challenge's payload, a JSON object.
--csr prints the request in PEM. The account's key is one on P-256, made when the file is not there. Needs Python's standard library and openssl.
"""
import argparse
import base64
import hashlib
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def run(*command, data=None, env=None):
    return subprocess.run(command, input=data, env=env, check=True, stdout=subprocess.PIPE).stdout


class Client:
    def __init__(self, directory, ca, key):
        if not os.path.exists(key):
            with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
        self.key, self.account, self.nonce = key, None, None
        self.tls = ssl.create_default_context(cafile=ca)
        point = run("openssl", "pkey", "-in", key, "-pubout", "-outform", "DER")[-64:]
        self.jwk = {"crv": "P-256", "kty": "EC", "x": b64(point[:32]), "y": b64(point[32:])}
        self.thumbprint = b64(hashlib.sha256(json.dumps(self.jwk, separators=(",", ":")).encode()).digest())
        self.directory = json.loads(self.send(urllib.request.Request(directory))[0])

    def send(self, request):
        try:
            answer = urllib.request.urlopen(request, context=self.tls)
        except urllib.error.HTTPError as error:
            answer = error
        body = answer.read()
        self.nonce = answer.headers.get("Replay-Nonce", self.nonce)
        if answer.status >= 400:
            sys.exit(f"{request.full_url}: {answer.status} {body.decode()}")
        return body, answer.headers

    def post(self, url, payload=None):
        if self.nonce is None:
            self.send(urllib.request.Request(self.directory["newNonce"], method="HEAD"))
        header = {"alg": "ES256", "nonce": self.nonce, "url": url, **({"kid": self.account} if self.account else {"jwk": self.jwk})}
        self.nonce = None
        text = b64(json.dumps(header).encode()) + "." + ("" if payload is None else b64(json.dumps(payload).encode()))
        der = run("openssl", "dgst", "-sha256", "-sign", self.key, data=text.encode())
        first = der[4:4 + der[3]]
        second = der[6 + der[3]:]
        signature = b"".join(number[-32:].rjust(32, b"\0") for number in (first, second))
        protected, content = text.split(".")
        jws = json.dumps({"protected": protected, "payload": content, "signature": b64(signature)}).encode()
        return self.send(urllib.request.Request(url, jws, {"Content-Type": "application/jose+json"}))

    def wait(self, url, states):
        while True:
            body = json.loads(self.post(url)[0])
            if body["status"] not in states:
                return body
            time.sleep(1)


def main():
    parser = argparse.ArgumentParser()
    for name in ("directory", "ca", "account", "identifier", "challenge", "answer", "csr", "out"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--profile")
    options = parser.parse_args()
    client = Client(options.directory, options.ca, options.account)
    client.account = client.post(client.directory["newAccount"], {"termsOfServiceAgreed": True})[1]["Location"]

    kind, value = options.identifier.split(":", 1)
    order = {"identifiers": [{"type": kind, "value": value}], **({"profile": options.profile} if options.profile else {})}
    body, headers = client.post(client.directory["newOrder"], order)
    url, order = headers["Location"], json.loads(body)
    for authorization in order["authorizations"]:
        state = json.loads(client.post(authorization)[0])
        if state["status"] == "pending":
            challenge = next(c for c in state["challenges"] if c["type"] == options.challenge)
            environment = {**os.environ, "KEY_AUTHORIZATION": f"{challenge['token']}.{client.thumbprint}", "TOKEN": challenge["token"], "IDENTIFIER": value, "THUMBPRINT": client.thumbprint}
            client.post(challenge["url"], json.loads(run(options.answer, env=environment)))
            state = client.wait(authorization, ("pending",))
        if state["status"] != "valid":
            sys.exit(json.dumps(state, indent=2))

    der = run("openssl", "req", "-outform", "DER", data=run(options.csr, env={**os.environ, "IDENTIFIER": value}))
    client.post(order["finalize"], {"csr": b64(der)})
    order = client.wait(url, ("ready", "processing"))
    with open(options.out, "wb") as file:
        file.write(client.post(order["certificate"])[0])
    print(f"{options.out}: a certificate for {value}")


main()
