"""Writes vectors.jsonl: JWKs, their thumbprints and flattened JWS made by other implementations.

Usage: make.py OPENSSL > vectors.jsonl, where OPENSSL is an openssl of 3.5 or newer; python3 has `cryptography` 48 or newer, node is on the path.
"""
import base64, hashlib, json, os, pathlib, subprocess, sys, tempfile
import cryptography
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

REQUIRED = {"EC": ["crv", "kty", "x", "y"], "RSA": ["e", "kty", "n"], "OKP": ["crv", "kty", "x"], "AKP": ["alg", "kty", "pub"]}


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def uint(number, size=None):
    return b64(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def thumbprint(jwk):
    canonical = json.dumps({m: jwk[m] for m in REQUIRED[jwk["kty"]]}, separators=(",", ":"))
    return b64(hashlib.sha256(canonical.encode()).digest())


def line(tool, name, alg, jwk, sign):
    # json.dumps with its white space: what is signed is the text, whatever its form.
    header = b64(json.dumps({"alg": alg, "nonce": b64(b"from-" + tool.encode()), "url": "https://ca.example/acme/new-account", "jwk": jwk}).encode())
    payload = b64(json.dumps({"termsOfServiceAgreed": True}).encode())
    signature = b64(sign(f"{header}.{payload}".encode()))
    print(json.dumps({
        "tool": tool, "name": name, "alg": alg, "jwk": json.dumps(jwk), "thumbprint": thumbprint(jwk),
        "jws": json.dumps({"protected": header, "payload": payload, "signature": signature}),
    }))


def python_lines():
    tool = f"python cryptography {cryptography.__version__}"
    for name, alg, curve, crv, digest, size in [("p256", "ES256", ec.SECP256R1(), "P-256", hashes.SHA256(), 32), ("p384", "ES384", ec.SECP384R1(), "P-384", hashes.SHA384(), 48)]:
        key = ec.generate_private_key(curve)
        point = key.public_key().public_numbers()

        def sign(data, key=key, digest=digest, size=size):
            r, s = decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")

        line(tool, name, alg, {"kty": "EC", "crv": crv, "x": uint(point.x, size), "y": uint(point.y, size)}, sign)

    # A coordinate that begins with zeros: in JOSE they stay (RFC 7518 §6.2.1.2).
    while True:
        key = ec.generate_private_key(ec.SECP256R1())
        point = key.public_key().public_numbers()
        if point.x < 1 << 248:
            break

    def sign_short(data):
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    line(tool, "p256-short-x", "ES256", {"kty": "EC", "crv": "P-256", "x": uint(point.x, 32), "y": uint(point.y, 32)}, sign_short)

    for bits in (2048, 2056, 3072, 4096, 8192):
        rsa_key = rsa.generate_private_key(65537, bits)
        numbers = rsa_key.public_key().public_numbers()
        line(tool, f"rsa{bits}", "RS256", {"kty": "RSA", "n": uint(numbers.n), "e": uint(numbers.e)}, lambda data, k=rsa_key: k.sign(data, padding.PKCS1v15(), hashes.SHA256()))

    for alg in ("EdDSA", "Ed25519"):
        ed = ed25519.Ed25519PrivateKey.generate()
        raw = ed.public_key().public_bytes_raw()
        line(tool, alg.lower(), alg, {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}, ed.sign)

    for size, kind in (("44", mldsa.MLDSA44PrivateKey), ("65", mldsa.MLDSA65PrivateKey), ("87", mldsa.MLDSA87PrivateKey)):
        # The seed of RFC 9964's own examples: 32 zeros.
        ml = kind.from_seed_bytes(bytes(32))
        line(tool, f"mldsa{size}-zero-seed", f"ML-DSA-{size}", {"kty": "AKP", "alg": f"ML-DSA-{size}", "pub": b64(ml.public_key().public_bytes_raw())}, ml.sign)


def openssl_lines(openssl):
    tool = " ".join(subprocess.run([openssl, "version"], capture_output=True, text=True, check=True).stdout.split()[:2])
    with tempfile.TemporaryDirectory() as folder:
        for size, length in (("44", 1312), ("65", 1952), ("87", 2592)):
            key, message, signature = (os.path.join(folder, n) for n in ("key.pem", "message", "signature"))
            subprocess.run([openssl, "genpkey", "-algorithm", f"ML-DSA-{size}", "-out", key], check=True, capture_output=True)
            spki = subprocess.run([openssl, "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout

            def sign(data):
                pathlib.Path(message).write_bytes(data)
                subprocess.run([openssl, "pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", message, "-out", signature], check=True, capture_output=True)
                return pathlib.Path(signature).read_bytes()

            line(tool, f"mldsa{size}", f"ML-DSA-{size}", {"kty": "AKP", "alg": f"ML-DSA-{size}", "pub": b64(spki[-length:])}, sign)


python_lines()
openssl_lines(sys.argv[1])
sys.stdout.flush()
subprocess.run(["node", str(pathlib.Path(__file__).with_name("make.mjs"))], check=True)
