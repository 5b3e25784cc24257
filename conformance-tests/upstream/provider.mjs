// A real OpenID provider (npm oidc-provider) whose one person is signed in at once: `provider.mjs PORT REDIRECT_URI SECRET SUBJECT NAME`.
import http from 'node:http';
import Provider from 'oidc-provider';

const [port, redirect, secret, subject, name] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'hearthgate', client_secret: secret, redirect_uris: [redirect], token_endpoint_auth_method: 'client_secret_basic' }],
  claims: { openid: ['sub'], profile: ['preferred_username'] },
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, preferred_username: name }) }),
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid profile');
    await grant.save();
    return grant;
  },
  pkce: { required: () => true },
});
const serve = provider.callback();
http
  .createServer((request, response) =>
    request.url.startsWith('/interaction/') ? provider.interactionFinished(request, response, { login: { accountId: subject } }) : serve(request, response),
  )
  .listen(Number(port), '127.0.0.1', () => console.log('ready'));
