// Keys, thumbprints and flattened JWS by Node's own crypto, one JSON line each; called by make.py.
import { generateKeyPairSync, sign, createHash } from 'node:crypto';

const b64 = data => Buffer.from(data).toString('base64url');
const required = { EC: ['crv', 'kty', 'x', 'y'], RSA: ['e', 'kty', 'n'], OKP: ['crv', 'kty', 'x'] };

function make(name, alg, type, options, hash) {
  const { publicKey, privateKey } = generateKeyPairSync(type, options);
  const jwk = publicKey.export({ format: 'jwk' });
  const canonical = JSON.stringify(Object.fromEntries(required[jwk.kty].map(m => [m, jwk[m]])));
  const header = b64(JSON.stringify({ alg, jwk, nonce: b64('from-node'), url: 'https://ca.example/acme/new-account' }));
  const payload = b64(JSON.stringify({ termsOfServiceAgreed: true, contact: ['mailto:älice@example.org'] }));
  const signature = sign(hash, Buffer.from(`${header}.${payload}`), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  console.log(JSON.stringify({
    tool: `node ${process.version}`, name, alg, jwk: JSON.stringify(jwk), thumbprint: createHash('sha256').update(canonical).digest('base64url'),
    jws: JSON.stringify({ protected: header, payload, signature: b64(signature) }),
  }));
}

make('p256', 'ES256', 'ec', { namedCurve: 'P-256' }, 'sha256');
make('p384', 'ES384', 'ec', { namedCurve: 'P-384' }, 'sha384');
make('rsa2048', 'RS256', 'rsa', { modulusLength: 2048 }, 'sha256');
make('rsa2432', 'RS256', 'rsa', { modulusLength: 2432 }, 'sha256');
make('ed25519', 'EdDSA', 'ed25519', {}, null);
