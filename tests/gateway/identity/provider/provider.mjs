// The certified OpenID provider (npm oidc-provider) as the tests' issuer.
// Arguments: the folder that holds node_modules, the port, and a JSON file with jwks and algorithm.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [home, port, configuration] = process.argv.slice(2);
const { jwks, algorithm } = JSON.parse(readFileSync(configuration, 'utf8'));
const resolve = createRequire(`${home}/`).resolve;
const { default: Provider } = await import(pathToFileURL(resolve('oidc-provider')).href);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks,
  clients: [
    {
      client_id: 'batch',
      client_secret: 'batch-secret',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      id_token_signed_response_alg: algorithm,
    },
    {
      client_id: 'app',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: ['http://127.0.0.1/callback'],
      application_type: 'native',
      id_token_signed_response_alg: algorithm,
    },
  ],
  findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  extraTokenClaims: (_context, token) => ({
    organization: 'acme',
    realm: { team: 'hr', roles: token.accountId ? ['analyst'] : ['batch'] },
  }),
  scopes: ['openid', 'models'],
  cookies: { keys: ['throw-away'] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_context, resource) => ({
        scope: 'models',
        audience: resource,
        accessTokenTTL: 300,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: algorithm } },
      }),
    },
  },
});
createServer(provider.callback()).listen(Number(port), '127.0.0.1');
