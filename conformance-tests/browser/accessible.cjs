// axe-core (https://github.com/dequelabs/axe-core) finds nothing on any page: light and dark, phone and desk, English and Hindi.
"use strict";

const { DESK, PHONE, account, assert, demo, origin, run, signIn } = require("./lib.cjs");
const { source } = require("axe-core");

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const PAGES = {
  patient: ["/patient", "/apps", "/account", "/launcher"],
  doctor: ["/doctor", "CHART", "/apps", "/launcher", "LAUNCHER"],
  admin: ["/admin/clients", "/admin/register", "/admin/clients/demo-confidential", "/admin/clients/demo-asymmetric", "/admin/users", `/admin/users/${account("patient").username}`, "/admin/grants"],
};

async function check(page, what) {
  await page.evaluate(source);
  const { violations } = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), TAGS);
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((node) => `${node.target}: ${node.failureSummary}`).join(" | ")}`);
  assert.deepEqual(found, [], `${what} at ${page.url()}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wide, 0, `${what} at ${page.url()} is wider than the screen`);
}

async function small(page, what) {
  const targets = await page.$$eval("main button, main input:not([type=hidden]), main .button, nav a", (all) =>
    all.filter((one) => one.checkVisibility() && !one.closest("label.choice") && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML),
  );
  assert.deepEqual(targets, [], `${what}: too small to touch`);
}

async function consent(page, challenge) {
  const parameters = new URLSearchParams({
    response_type: "code",
    client_id: "demo-public",
    redirect_uri: `${origin}/sandbox`,
    scope: "launch/patient openid fhirUser offline_access patient/*.rs patient/Observation.cruds user/Condition.rs?category=problem-list-item",
    state: "s",
    aud: demo.fhir_base,
    code_challenge: challenge,
    code_challenge_method: "S256",
    prompt: "consent",
  });
  await page.goto(`${origin}/auth/authorize?${parameters}`);
}

run(async (browser) => {
  const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
  let checked = 0;
  for (const locale of ["en-IN", "hi-IN"]) {
    for (const [colorScheme, viewport] of [["light", PHONE], ["dark", PHONE], ["light", DESK]]) {
      const what = `${locale} ${colorScheme} ${viewport.width}px`;
      for (const [role, paths] of Object.entries(PAGES)) {
        const context = await browser.newContext({ locale, colorScheme, viewport });
        const page = await context.newPage();
        await page.goto(`${origin}/`);
        await check(page, what);
        await small(page, what);
        await signIn(page, role);
        for (const path of paths) {
          if (path === "LAUNCHER") {
            await page.click("main button.primary");
            await page.waitForSelector("[name=banner]");
          } else await page.goto(`${origin}${path === "CHART" ? `/doctor/patients/${account("patient").patient}` : path}`);
          if (new URL(page.url()).pathname === "/doctor/patients/" + account("patient").patient && (await page.$("[name=client_id]")) === null) {
            await page.goto(`${origin}/doctor`);
            await page.click("main .links a");
          }
          assert.equal(await page.getAttribute("html", "lang"), locale.slice(0, 2));
          await check(page, what);
          await small(page, what);
          checked += 1;
        }
        if (role !== "admin") {
          await consent(page, challenge);
          await check(page, `${what} after authorize`);
          if (role === "doctor") {
            await page.check("[name=patient] >> nth=0");
            await page.click("main button.primary");
            await page.waitForSelector("[name=decision]");
            await check(page, `${what} consent`);
          }
          await small(page, what);
        }
        await page.goto(`${origin}/auth/authorize?client_id=nobody`);
        await check(page, `${what} error`);
        await context.close();
      }
    }
  }
  assert.ok(checked >= 60, `only ${checked} pages were checked`);
});
