// Signing in at the hospital's own provider (npm `oidc-provider`) in a real browser: linked from the account page, on the way of an app's
// authorization, and with the second factor that somebody set up here.
"use strict";

const path = require("node:path");
const { createHmac } = require("node:crypto");
const { account, assert, decide, demo, register, run, serve, signIn } = require("./lib.cjs");

const ID = `upstream-${process.pid}`;
const SCOPE = "launch/patient openid fhirUser patient/Patient.rs";
const file = (name) => path.join(__dirname, "page", name);
const hospital = (page) => page.click('a[href^="/auth/upstream/hospital"]');

// RFC 6238 with its defaults.
function code(secret, seconds) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)));
  const tag = createHmac("sha1", key).update(counter).digest();
  return String((tag.readUInt32BE(tag[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

async function main() {
  const app = await serve({ "/fhir-client.js": require.resolve("fhirclient/build/fhir-client.js"), "/launch.html": file("launch.html"), "/index.html": file("index.html") });
  const open = async (page) => {
    await page.addInitScript(([origin, text]) => location.origin === origin && sessionStorage.setItem("configuration", text), [app.origin, JSON.stringify({ clientId: ID, scope: SCOPE })]);
    await page.goto(`${app.origin}/launch.html?iss=${encodeURIComponent(demo.fhir_base)}`);
  };
  const ready = async (page) => {
    await page.waitForFunction(() => document.getElementById("said")?.textContent === "ready");
    assert.equal((await page.evaluate(() => client.patient.read())).id, account("patient").patient);
  };
  let recovery;

  try {
    register(ID, "public", ["--redirect-uri", `${app.origin}/index.html`, "--scope", SCOPE]);
    await run({
      "who is linked to nobody is nobody here": async (page) => {
        await open(page);
        await hospital(page);
        await page.waitForURL(/callback/);
        assert.equal(await page.evaluate((url) => fetch(url).then((answer) => new URL(answer.url).pathname), `${demo.issuer}/apps`), "/sign-in");
      },

      "an account is linked from its own page": async (page) => {
        await page.goto(`${demo.issuer}/sign-in?next=/account`);
        await signIn(page, account("patient"));
        await hospital(page);
        await page.waitForSelector('[name=do][value="upstream-remove"]');
        assert.equal(new URL(page.url()).pathname, "/account");
      },

      "an app is authorised by way of the hospital, without a password": async (page) => {
        await open(page);
        await hospital(page);
        await decide(page, "allow");
        await ready(page);
      },

      "a second factor is turned on by who came that way": async (page) => {
        await page.goto(`${demo.issuer}/sign-in?next=/account`);
        await hospital(page);
        await page.click('[name=do][value="totp-start"]');
        await page.waitForSelector("[name=code]");
        const secret = await page.innerText("dd code");
        await page.fill("[name=code]", code(secret, Date.now() / 1000));
        await page.click('[name=do][value="totp-confirm"]');
        await page.waitForSelector(".codes code");
        recovery = await page.$$eval(".codes code", (codes) => codes.map((code) => code.textContent));
      },

      "and from then on asked for on that way too": async (page) => {
        await open(page);
        await hospital(page);
        await page.waitForSelector("[name=code]");
        assert.equal(await page.$("[name=decision]"), null);
        // Half signed in is not signed in.
        const elsewhere = await page.context().newPage();
        await elsewhere.goto(`${demo.issuer}/apps`);
        assert.ok(await elsewhere.$("[name=code]"), elsewhere.url());
        await page.fill("[name=code]", "000000");
        await page.click("main button.primary");
        await page.waitForSelector("#error");
        await page.fill("[name=code]", recovery[0]);
        await page.click("main button.primary");
        await decide(page, "allow");
        await ready(page);
      },
    });
  } finally {
    app.close();
  }
}

main().catch((error) => {
  console.error(error.message, error.stack);
  process.exitCode = 1;
});
