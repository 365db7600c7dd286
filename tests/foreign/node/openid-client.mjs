// The npm package openid-client against an appliance: discovery, client credentials by mTLS and by an assertion, introspection, token exchange; and its own verification of what it got is what a resource server would do
// with jose. Whatever should fail and does not ends this with a message and exit code 1.
// Environment: OAUTH_MODULES (a node_modules folder), OAUTH_ISSUER, OAUTH_CA, OAUTH_MCP (a resource that knows no mTLS); of a parent and its child: OAUTH_{PARENT,CHILD}_{ID,CERT,KEY}.
import { X509Certificate, createHash, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const env = process.env;
const load = (name, file) => import(pathToFileURL(join(env.OAUTH_MODULES, name, file)));
const client = await load('openid-client', 'build/index.js');
const jose = await load('jose', 'dist/webapi/index.js');
const ca = readFileSync(env.OAUTH_CA);
const who = (name) => ({ id: env[`OAUTH_${name}_ID`], cert: readFileSync(env[`OAUTH_${name}_CERT`]), key: readFileSync(env[`OAUTH_${name}_KEY`]) });
const [parent, child] = [who('PARENT'), who('CHILD')];

// fetch over node:https, for the certificates.
const fetchWith = (tls) => (url, options) =>
  new Promise((resolve, reject) => {
    const headers = Object.fromEntries(new Headers(options.headers).entries());
    const sent = request(url, { method: options.method, headers, ca, ...tls }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part)).on('end', () => resolve(new Response(Buffer.concat(parts), { status: answer.statusCode, headers: answer.headers })));
    });
    sent.on('error', reject).end(options.body?.toString());
  });
const discover = (agent, method, tls) =>
  client.discovery(new URL(env.OAUTH_ISSUER), agent.id, { use_mtls_endpoint_aliases: false }, method, { algorithm: 'oauth2', [client.customFetch]: fetchWith(tls) });
const mustFail = async (what, error, action) => {
  try {
    await action();
  } catch (refused) {
    if (refused.error === error) return;
    throw new Error(`${what}: ${error} expected, got ${refused.error ?? refused}`);
  }
  throw new Error(`${what} was to fail and did not`);
};
const must = (what, condition) => {
  if (!condition) throw new Error(what);
};

// 1. tls_client_auth
const parents = await discover(parent, client.TlsClientAuth(), { cert: parent.cert, key: parent.key });
const first = await client.clientCredentialsGrant(parents);
const keys = jose.createLocalJWKSet(await (await fetchWith({})(parents.serverMetadata().jwks_uri, { method: 'GET' })).json());
const { payload } = await jose.jwtVerify(first.access_token, keys, { issuer: env.OAUTH_ISSUER, audience: env.OAUTH_ISSUER, typ: 'at+jwt' });
must('cnf is not the certificate', payload.cnf['x5t#S256'] === createHash('sha256').update(new X509Certificate(parent.cert).raw).digest('base64url'));
must('not active', (await client.tokenIntrospection(parents, first.access_token)).active);

// 2. token exchange by the child
const childs = await discover(child, client.TlsClientAuth(), { cert: child.cert, key: child.key });
const exchange = (config, token) =>
  client.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:token-exchange', { subject_token: token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' });
const second = await exchange(childs, first.access_token);
const claims = jose.decodeJwt(second.access_token);
must('act is not the child', claims.sub === parent.id && claims.act.sub === child.id);
await mustFail('an exchange upwards', 'invalid_grant', () => exchange(parents, second.access_token));
await mustFail('a scope that nobody has', 'invalid_scope', () => client.clientCredentialsGrant(childs, { scope: 'tool.invoke:everything' }));

// 3. private_key_jwt without a certificate
const key = await webcrypto.subtle.importKey('pkcs8', Buffer.from(String(parent.key).replace(/-----[^-]+-----|\s/g, ''), 'base64'), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
const kid = createHash('sha256').update(new X509Certificate(parent.cert).raw).digest('base64url');
const bare = await discover(parent, client.PrivateKeyJwt({ key, kid }), {});
const mcp = await client.clientCredentialsGrant(bare, { resource: env.OAUTH_MCP });
must('bound to something', jose.decodeJwt(mcp.access_token).cnf === undefined);
await mustFail('a resource that knows mTLS', 'invalid_target', () => client.clientCredentialsGrant(bare));
console.log('done');
