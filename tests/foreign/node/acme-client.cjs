// The npm package acme-client against an appliance: account, two orders by http-01 (the second with a new account key), revocation, and both ends
// (an authorization's, the account's). Whatever should fail and does not ends this with a message and exit code 1.
// Environment: ACME_DIRECTORY, ACME_NAME, ACME_HTTP_PORT, ACME_OUT (a folder), optionally ACME_KEY_ID and ACME_KEY_SECRET; NODE_PATH finds the package.
const { writeFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { join } = require('node:path');
const acme = require('acme-client');

const { ACME_DIRECTORY, ACME_NAME, ACME_HTTP_PORT, ACME_OUT, ACME_KEY_ID, ACME_KEY_SECRET } = process.env;
const answers = new Map();
const web = createServer((request, response) => {
  const answer = answers.get(request.url.replace('/.well-known/acme-challenge/', ''));
  response.writeHead(answer ? 200 : 404).end(answer);
});

const mustFail = async (what, action) => {
  try {
    await action();
  } catch (refused) {
    return refused;
  }
  throw new Error(`${what} was to fail and did not`);
};

const obtain = async (client, names, file) => {
  const [key, request] = await acme.crypto.createCsr({ altNames: names }, await acme.crypto.createPrivateEcdsaKey('P-256'));
  const pem = await client.auto({
    csr: request,
    termsOfServiceAgreed: true,
    challengePriority: ['http-01'],
    skipChallengeVerification: true, // it would look the name up itself
    challengeCreateFn: async (authorization, challenge, answer) => answers.set(challenge.token, answer),
    challengeRemoveFn: async (authorization, challenge) => answers.delete(challenge.token),
  });
  writeFileSync(join(ACME_OUT, `${file}.pem`), pem);
  writeFileSync(join(ACME_OUT, `${file}.key`), key);
  return pem;
};

const main = async () => {
  const externalAccountBinding = ACME_KEY_ID ? { kid: ACME_KEY_ID, hmacKey: ACME_KEY_SECRET } : undefined;
  const client = new acme.Client({ directoryUrl: ACME_DIRECTORY, accountKey: await acme.crypto.createPrivateEcdsaKey('P-256'), externalAccountBinding });
  await client.createAccount({ termsOfServiceAgreed: true, contact: ['mailto:node@agents.test'] });
  await obtain(client, [ACME_NAME], 'first');

  await client.updateAccountKey(await acme.crypto.createPrivateEcdsaKey('P-384'));
  await client.updateAccount({ contact: ['mailto:others@agents.test'] });
  const second = await obtain(client, [ACME_NAME, `also-${ACME_NAME}`], 'second');
  await client.revokeCertificate(second, { reason: 4 });
  await mustFail('a second revocation', () => client.revokeCertificate(second, { reason: 4 }));

  const order = await client.createOrder({ identifiers: [{ type: 'dns', value: `third-${ACME_NAME}` }] });
  const [authorization] = await client.getAuthorizations(order);
  const ended = await client.deactivateAuthorization(authorization);
  if (ended.status !== 'deactivated') throw new Error(`the authorization is ${ended.status}`);

  await client.updateAccount({ status: 'deactivated' });
  await mustFail('an order of a deactivated account', () => client.createOrder({ identifiers: [{ type: 'dns', value: ACME_NAME }] }));
};

web.listen(Number(ACME_HTTP_PORT), '127.0.0.1', () => main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
}));
