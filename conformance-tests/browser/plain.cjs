// Everything but the sample app works without JavaScript: sign-in, consent with something declined, the answer at the app's address.
"use strict";

const { createHash, randomBytes } = require("node:crypto");
const { PHONE, account, assert, demo, origin, run } = require("./lib.cjs");

run(async (browser) => {
  const page = await (await browser.newContext({ viewport: PHONE, javaScriptEnabled: false })).newPage();
  const redirect = demo.clients[0].redirect_uris[0];
  let answer = null;
  await page.route(`${redirect}**`, (route) => {
    answer = new URL(route.request().url());
    return route.fulfill({ status: 200, contentType: "text/html", body: "<title>there</title>" });
  });
  const challenge = createHash("sha256").update(randomBytes(32).toString("base64url")).digest("base64url");
  const parameters = new URLSearchParams({
    response_type: "code",
    client_id: "demo-public",
    redirect_uri: redirect,
    scope: "launch/patient patient/*.rs offline_access",
    state: "s",
    aud: demo.fhir_base,
    code_challenge: challenge,
    code_challenge_method: "S256",
  });
  await page.goto(`${origin}/auth/authorize?${parameters}`);
  await page.fill("[name=username]", account("patient", 1).username);
  await page.fill("[name=password]", "not the password");
  await page.click("main button.primary");
  assert.match(await page.innerText("[role=alert]"), /wrong/);
  await page.fill("[name=password]", account("patient", 1).password);
  await page.click("main button.primary");
  await page.uncheck("[name=scope][value='patient/*.rs']");
  await page.click("summary");
  await page.check("[name=scope][value='patient/MedicationRequest.rs']");
  await page.click("[name=decision][value=allow]");
  await page.waitForURL(/code=/);
  assert.ok(answer.searchParams.get("code"));
  assert.equal(answer.searchParams.get("state"), "s");
  assert.equal(answer.searchParams.get("iss"), origin);
});
