// Passkeys in a real browser with a virtual authenticator (https://www.w3.org/TR/webauthn-3/#sctn-automation): added on the account's page,
// used on the way to an app, refused when its counter goes back, removed; by keyboard-sized pages that axe finds nothing on; and
// without JavaScript a page that says what to do.
"use strict";

const { createHmac } = require("node:crypto");
const { source } = require("axe-core");
const { PHONE, account, assert, demo, origin, run, signIn } = require("./lib.cjs");

// RFC 6238.
function code(secret, ahead = 0) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((eight) => parseInt(eight, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + ahead));
  const tag = createHmac("sha1", key).update(step).digest();
  return String((tag.readUInt32BE(tag[19] & 15) & 0x7fffffff) % 1000000).padStart(6, "0");
}

async function sound(page, what) {
  await page.evaluate(source);
  const { violations } = await page.evaluate(() => axe.run({ runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] } }));
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.failureSummary)}`), [], what);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wide, 0, `${what} is wider than the screen`);
}

const ASK = new URLSearchParams({
  response_type: "code",
  client_id: "demo-public",
  redirect_uri: `${origin}/sandbox`,
  scope: "launch/patient patient/*.rs",
  state: "s",
  aud: demo.fhir_base,
  code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  code_challenge_method: "S256",
  prompt: "consent",
});

async function password(page) {
  const { username, password } = account("patient");
  await page.goto(`${origin}/auth/authorize?${ASK}`);
  await page.fill("[name=username]", username);
  await page.fill("[name=password]", password);
  await page.click("main button.primary");
  await page.waitForSelector("[name=code]");
}

run(async (browser) => {
  assert.equal(new URL(origin).hostname, "localhost", "browsers make no passkeys for a number");
  const context = await browser.newContext({ viewport: PHONE, locale: "en-IN" });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });

  await signIn(page, "patient");
  await page.goto(`${origin}/account/passkeys`);
  assert.match(await page.innerText("main"), /authenticator app/);
  await sound(page, "without an authenticator app");
  await page.goto(`${origin}/account`);
  await page.click("[value=totp-start]");
  const secret = await page.innerText("dl code");
  await page.fill("[name=code]", code(secret));
  await page.click("[value=totp-confirm]");
  const recovery = await page.$$eval("ul.codes code", (all) => all.map((one) => one.textContent));
  assert.equal(recovery.length, 8);

  await page.click("main a[href='/account/passkeys']");
  await sound(page, "the form for a code");
  await page.fill("[name=code]", recovery[0]);
  await page.click("[value=confirm]");
  await sound(page, "the page opened");
  await page.fill("#name", "My phone");
  await page.click("[data-new-passkey] button.primary");
  await page.waitForSelector("h2:has-text('My phone')");
  assert.match(await page.innerText("main"), /Not yet/);
  await sound(page, "with a passkey");
  const { credentials } = await devtools.send("WebAuthn.getCredentials", { authenticatorId });
  assert.equal(credentials.length, 1);
  assert.equal(credentials[0].rpId, "localhost");
  // The same device has one already.
  await page.fill("#name", "Again");
  await page.click("[data-new-passkey] button.primary");
  await page.waitForFunction(() => document.querySelector("[role=status]").textContent.includes("already has one"));

  // On the way to an app.
  await context.clearCookies();
  await password(page);
  await sound(page, "the second factor");
  await page.click("[data-passkey] button");
  await page.waitForSelector("[name=decision]");
  await page.goto(`${origin}/account/passkeys`);
  assert.doesNotMatch(await page.innerText("dl"), /Not yet/);

  // A copy of the key, made before it was used.
  await devtools.send("WebAuthn.removeCredential", { authenticatorId, credentialId: credentials[0].credentialId });
  await devtools.send("WebAuthn.addCredential", { authenticatorId, credential: { ...credentials[0], signCount: 0 } });
  await context.clearCookies();
  await password(page);
  await page.click("[data-passkey] button");
  await page.waitForSelector("[role=alert]");
  assert.match(await page.innerText("[role=alert]"), /passkey could not be confirmed/);
  await sound(page, "a passkey refused");

  // Cancelled, or not recognised: the page says so, and a code still works.
  await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await page.click("[data-passkey] button");
  await page.waitForFunction(() => document.querySelector("[role=status]").textContent !== "");
  await page.fill("[name=code]", recovery[1]);
  await page.click("main button.primary");
  await page.waitForSelector("[name=decision]");

  // Removed; then it is not asked for any more.
  await page.goto(`${origin}/account/passkeys`);
  await page.fill("[name=code]", recovery[2]);
  await page.click("[value=confirm]");
  await page.click("[value=remove]");
  await page.waitForSelector("text=No passkey yet");
  await context.clearCookies();
  await password(page);
  assert.equal(await page.$("[data-passkey]"), null);
  await page.fill("[name=code]", recovery[3]);
  await page.click("main button.primary");
  await page.waitForSelector("[name=decision]");

  // In Hindi; and without JavaScript, where the page says what to do instead.
  await page.goto(`${origin}/language?to=hi&next=/account/passkeys`);
  assert.equal(await page.getAttribute("html", "lang"), "hi");
  await page.fill("[name=code]", recovery[4]);
  await page.click("[value=confirm]");
  await sound(page, "in Hindi");
  await page.goto(`${origin}/language?to=en&next=/account/passkeys`);
  const plain = await browser.newContext({ viewport: PHONE, javaScriptEnabled: false, storageState: await context.storageState() });
  const still = await plain.newPage();
  await still.goto(`${origin}/account/passkeys`);
  await still.fill("[name=code]", recovery[5]);
  await still.click("[value=confirm]");
  assert.ok(await still.isVisible("[data-unable]"));
  assert.match(await still.innerText("[data-unable]"), /JavaScript/);
  assert.ok(!(await still.isVisible("#name")));
});
