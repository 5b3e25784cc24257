// A provider that lies: `liar.mjs PORT REDIRECT_URI SECRET`. The code it is shown names what is wrong with the ID token it gives for it.
import http from 'node:http';
import crypto from 'node:crypto';

const [port, redirect, secret] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const own = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
let asked = {};

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(lie) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: 'hearthgate', sub: 'subject-2', iat: now, exp: now + 300, nonce: asked.nonce, preferred_username: 'anna' };
  if (lie === 'nonce') claims.nonce = 'of-another-sign-in';
  if (lie === 'no-nonce') delete claims.nonce;
  if (lie === 'issuer') claims.iss = 'http://127.0.0.1:1';
  if (lie === 'audience') claims.aud = 'another-client';
  if (lie === 'expired') claims.exp = now - 3600;
  if (lie === 'mail') Object.assign(claims, { sub: 'subject-3', preferred_username: undefined, email: 'anna', email_verified: true });
  if (lie === 'reused-name') claims.sub = 'subject-4';
  const alg = { unsigned: 'none', 'shared-secret': 'HS256' }[lie] ?? 'RS256';
  const said = `${encoded({ alg, kid: 'one', typ: 'JWT' })}.${encoded(claims)}`;
  if (alg === 'none') return `${said}.`;
  if (alg === 'HS256') return `${said}.${crypto.createHmac('sha256', secret).update(said).digest('base64url')}`;
  return `${said}.${crypto.sign('sha256', said, (lie === 'key' ? other : own).privateKey).toString('base64url')}`;
}

function answer(url, body) {
  switch (url.pathname) {
    case '/.well-known/openid-configuration':
      return {
        issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks`,
        response_types_supported: ['code'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
      };
    case '/jwks':
      return { keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }] };
    case '/token': {
      const form = new URLSearchParams(body);
      const proof = crypto.createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
      if (asked.method !== 'S256' || proof !== asked.challenge) return undefined;
      return { access_token: 'unused', token_type: 'Bearer', expires_in: 60, id_token: token(form.get('code')) };
    }
    default:
      return undefined;
  }
}

http
  .createServer((request, response) => {
    const url = new URL(request.url, issuer);
    if (url.pathname === '/authorize') {
      const at = url.searchParams;
      asked = { nonce: at.get('nonce'), challenge: at.get('code_challenge'), method: at.get('code_challenge_method') };
      response.writeHead(302, { location: `${redirect}?code=sound&state=${at.get('state')}` }).end();
      return;
    }
    let body = '';
    request.on('data', (piece) => (body += piece));
    request.on('end', () => {
      const found = answer(url, body);
      response.writeHead(found ? 200 : 400, { 'content-type': 'application/json' }).end(JSON.stringify(found ?? { error: 'invalid_grant' }));
    });
  })
  .listen(Number(port), '127.0.0.1', () => console.log('ready'));
