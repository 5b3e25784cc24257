// `openid-client`, a certified OpenID Connect client: registration, discovery, code flow, ID tokens of both algorithms, userinfo, refresh,
// logout, pushed requests, signed assertions, tokens bound to a key.
"use strict";

const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { webcrypto } = require("node:crypto");
const { account, assert, decide, demo, hearthgate, register, run, serve, signIn } = require("./lib.cjs");

const SCOPE = "openid fhirUser profile offline_access";

async function main() {
  const oidc = await import(pathToFileURL(path.join(process.env.NODE_PATH, "openid-client/build/index.js")));
  const app = await serve({ "/cb": path.join(__dirname, "page", "blank.html"), "/callback": path.join(__dirname, "page", "blank.html"), "/bye": path.join(__dirname, "page", "blank.html") });
  const issuer = new URL(demo.issuer);
  const insecure = { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] };
  const redirect_uri = `${app.origin}/cb`;

  // Sends a person through our pages and answers with the tokens.
  const granted = async (page, config, { scope = SCOPE, who = account("patient"), more = {}, options = {}, pushed = false, decision = "allow" } = {}) => {
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
    const checks = { pkceCodeVerifier, expectedNonce: oidc.randomNonce(), expectedState: oidc.randomState(), idTokenExpected: scope.includes("openid") };
    const parameters = {
      redirect_uri,
      scope,
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
      nonce: checks.expectedNonce,
      state: checks.expectedState,
      ...more,
    };
    const url = pushed ? await oidc.buildAuthorizationUrlWithPAR(config, parameters, options) : oidc.buildAuthorizationUrl(config, parameters);
    if (pushed) assert.deepEqual([...url.searchParams.keys()].sort(), ["client_id", "request_uri"]);
    await page.goto(url.href);
    if (await page.$("[name=username]")) await signIn(page, who);
    await decide(page, decision);
    await page.waitForURL((url) => url.origin === app.origin);
    return oidc.authorizationCodeGrant(config, new URL(page.url()), checks, undefined, options);
  };

  // A client that registers itself and is let in.
  const registered = async (name, alg) => {
    const metadata = {
      client_name: name,
      redirect_uris: [redirect_uri],
      post_logout_redirect_uris: [`${app.origin}/bye`],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      scope: SCOPE,
      id_token_signed_response_alg: alg,
      token_endpoint_auth_method: "client_secret_basic",
    };
    const config = await oidc.dynamicClientRegistration(issuer, metadata, oidc.ClientSecretBasic(), insecure);
    hearthgate("clients", "approve", config.clientMetadata().client_id);
    return config;
  };

  const header = (token) => JSON.parse(Buffer.from(token.split(".")[0], "base64url"));
  const asymmetric = demo.clients.find((client) => client.client_id === "demo-asymmetric");
  const importKey = async ({ private_jwk: { alg, kid, use, key_ops, ...jwk } }) => ({ key: await webcrypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-384" }, false, ["sign"]), kid });
  // SMART wants the token endpoint for the audience; this library names the issuer unless told otherwise.
  const smart = { [oidc.modifyAssertion]: (_, payload) => (payload.aud = `${demo.issuer}/auth/token`) };

  const checks = {};
  for (const alg of ["RS256", "ES256"]) {
    checks[`registration, code flow, userinfo, refresh, revocation and logout, ${alg}`] = async (page) => {
      const config = await registered(`OpenID app ${process.pid} ${alg}`, alg);
      const who = account("patient");
      const tokens = await granted(page, config, { more: { max_age: "600" } });
      assert.equal(header(tokens.id_token).alg, alg);
      const claims = tokens.claims();
      assert.deepEqual([claims.iss, claims.fhirUser, claims.aud], [demo.issuer, `${demo.fhir_base}/${who.fhirUser}`, config.clientMetadata().client_id]);
      assert.ok(claims.auth_time && claims.at_hash);
      const info = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
      assert.deepEqual([info.fhirUser, info.preferred_username], [claims.fhirUser, who.username]);

      const again = await oidc.refreshTokenGrant(config, tokens.refresh_token);
      assert.notEqual(again.access_token, tokens.access_token);
      assert.equal(again.claims()?.sub ?? claims.sub, claims.sub);
      await oidc.fetchUserInfo(config, again.access_token, claims.sub);

      await oidc.tokenRevocation(config, again.access_token);
      await assert.rejects(oidc.fetchUserInfo(config, again.access_token, claims.sub));

      const state = oidc.randomState();
      await page.goto(oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: `${app.origin}/bye`, state }).href);
      assert.equal(page.url(), `${app.origin}/bye?state=${state}`);
      await page.goto(`${demo.issuer}/apps`);
      await page.waitForSelector("[name=username]");
    };
  }

  checks["a refusal reaches the client as it should"] = async (page) => {
    const config = await registered(`OpenID app ${process.pid} refused`, "RS256");
    await assert.rejects(granted(page, config, { decision: "deny" }), (error) => error instanceof oidc.AuthorizationResponseError && error.error === "access_denied");
  };

  checks["a pushed request, signed assertions, a SMART scope"] = async (page) => {
    // The sample clinic's own client, whose assertions name the token endpoint, with a redirect of ours.
    const config = await oidc.discovery(issuer, asymmetric.client_id, undefined, oidc.PrivateKeyJwt(await importKey(asymmetric), smart), insecure);
    assert.equal(config.serverMetadata().supportsPKCE(), true);
    const place = asymmetric.redirect_uris[0].replace(/:\d+/, `:${new URL(app.origin).port}`).replace(/\/[^/]*$/, "/callback");
    const tokens = await granted(page, config, { scope: "launch/patient openid fhirUser offline_access patient/*.rs", pushed: true, more: { aud: demo.fhir_base, redirect_uri: place } });
    assert.equal(tokens.patient, account("patient").patient);
    const answer = await oidc.fetchProtectedResource(config, tokens.access_token, new URL(`${demo.fhir_base}/Patient/${tokens.patient}`), "GET");
    assert.equal((await answer.json()).id, tokens.patient);
    const again = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    assert.equal(again.patient, tokens.patient);
  };

  checks["tokens bound to a key"] = async (page) => {
    const id = `bound-${process.pid}`;
    register(id, "public", ["--dpop", "--redirect-uri", redirect_uri, "--scope", "launch/patient openid fhirUser offline_access patient/*.rs"]);
    const config = await oidc.discovery(issuer, id, undefined, oidc.None(), insecure);
    const options = { DPoP: oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair("ES256")) };
    const tokens = await granted(page, config, { scope: "launch/patient openid fhirUser offline_access patient/*.rs", options, more: { aud: demo.fhir_base } });
    assert.equal(tokens.token_type, "dpop");
    const url = new URL(`${demo.fhir_base}/Patient/${tokens.patient}`);
    const read = (token, own) => oidc.fetchProtectedResource(config, token, url, "GET", undefined, undefined, own);
    assert.equal((await read(tokens.access_token, options)).status, 200);
    await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, options);
    const stranger = { DPoP: oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair("ES256")) };
    await assert.rejects(async () => assert.equal((await read(tokens.access_token, stranger)).status, 200));
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, stranger));
    const again = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, options);
    assert.equal((await read(again.access_token, options)).status, 200);
  };

  checks["a backend service"] = async () => {
    const backend = demo.clients.find((client) => client.client_id === "demo-backend");
    const config = await oidc.discovery(new URL(`${demo.issuer}/.well-known/oauth-authorization-server`), backend.client_id, undefined, oidc.PrivateKeyJwt(await importKey(backend), smart), insecure);
    const tokens = await oidc.clientCredentialsGrant(config, { scope: "system/Patient.rs" });
    assert.deepEqual([tokens.scope, tokens.refresh_token], ["system/Patient.rs", undefined]);
    const answer = await oidc.fetchProtectedResource(config, tokens.access_token, new URL(`${demo.fhir_base}/Patient?_count=1`), "GET");
    assert.equal((await answer.json()).resourceType, "Bundle");
  };

  try {
    await run(checks);
  } finally {
    app.close();
  }
}

main().catch((error) => {
  console.error(error.message, error.cause ?? "", error.stack);
  process.exitCode = 1;
});
