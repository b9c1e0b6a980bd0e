// An OpenID provider for the tests of callers: `node issuer.mjs FOLDER PORT`. The provider itself lies in FOLDER.
//
// Each start makes other keys. Clients get tokens by their credential alone: signed ones for `urn:cordon:signed`, opaque
// ones otherwise.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, port] = process.argv.slice(2);
const require = createRequire(`${folder}/`);
const load = async (name) => import(pathToFileURL(require.resolve(name)));
const { default: Provider } = await load('oidc-provider');
const { exportJWK, generateKeyPair } = await load('jose');

const { privateKey } = await generateKeyPair('ES256', { extractable: true });
const key = { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: crypto.randomUUID() };

const client = (name) => ({
  client_id: name,
  client_secret: `secret of ${name}: 100%`,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  token_endpoint_auth_method: name === 'cordon' ? 'client_secret_basic' : 'client_secret_post',
  id_token_signed_response_alg: 'ES256',
});

const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: ["anna", "zoe", "brief", "cordon"].map(client),
  jwks: { keys: [key] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: (_, asking) => asking.clientId === 'cordon' },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      getResourceServerInfo: (_, resource) => ({
        audience: resource,
        scope: '',
        accessTokenFormat: resource === 'urn:cordon:signed' ? 'jwt' : 'opaque',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  ttl: {
    ClientCredentials: (_, token) => (token.clientId === 'brief' ? 2 : 600),
  },
});
provider.listen(Number(port), '127.0.0.1');
