// Pictures of the pages for docs/pages: `node screenshots.cjs FOLDER`, with the same environment as the checks.
"use strict";

const path = require("node:path");
const { PHONE, assert, demo, origin, run, signIn } = require("./lib.cjs");

const folder = process.argv[2];
assert.ok(folder, "name the folder for the pictures");

function authorize(scope) {
  const parameters = { response_type: "code", client_id: "demo-public", redirect_uri: `${origin}/sandbox`, scope, state: "s", aud: demo.fhir_base, prompt: "consent" };
  const challenge = { code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256" };
  return `${origin}/auth/authorize?${new URLSearchParams({ ...parameters, ...challenge })}`;
}

run(async (browser) => {
  const shoot = async (name, options, role, open) => {
    const context = await browser.newContext({ viewport: PHONE, locale: "en-IN", colorScheme: "light", ...options });
    const page = await context.newPage();
    if (role) await signIn(page, role);
    await open(page);
    await page.screenshot({ path: path.join(folder, `${name}.png`) });
    await context.close();
  };
  const scope = "launch/patient openid fhirUser offline_access patient/MedicationRequest.rs patient/Condition.rs patient/Observation.cruds";
  const wide = { viewport: { width: 900, height: 640 } };
  await shoot("sign-in", {}, null, (page) => page.goto(`${origin}/sign-in`));
  await shoot("sign-in-dark-hindi", { colorScheme: "dark", locale: "hi-IN" }, null, (page) => page.goto(`${origin}/sign-in`));
  await shoot("consent", { viewport: { width: 360, height: 1180 } }, "patient", (page) => page.goto(authorize(scope)));
  await shoot("consent-dark-hindi", { viewport: { width: 360, height: 1180 }, colorScheme: "dark", locale: "hi-IN" }, "patient", (page) => page.goto(authorize(scope)));
  await shoot("picker", {}, "doctor", (page) => page.goto(authorize(scope)));
  await shoot("doctor", wide, "doctor", (page) => page.goto(`${origin}/doctor`));
  await shoot("chart", { viewport: { width: 900, height: 900 } }, "doctor", async (page) => {
    await page.goto(`${origin}/doctor`);
    await page.click("main .links a");
    await page.waitForSelector("article");
  });
  await shoot("note", { viewport: { width: 900, height: 900 } }, "doctor", async (page) => {
    await page.goto(`${origin}/doctor`);
    await page.click("main .links a");
    await page.$eval("article", (note) => note.scrollIntoView());
  });
  await shoot("launcher", { viewport: { width: 700, height: 1600 } }, "doctor", async (page) => {
    await page.goto(`${origin}/launcher`);
    await page.check("[name=client_id][value=demo-public]");
    await page.click("main button.primary");
    await page.waitForSelector("[name=banner]");
  });
  await shoot("launcher-patient", {}, "patient", (page) => page.goto(`${origin}/launcher`));
  await shoot("patient", {}, "patient", (page) => page.goto(`${origin}/patient`));
  await shoot("account", {}, "patient", async (page) => {
    await page.goto(`${origin}/account`);
    await page.click("[value=totp-start]");
  });
  await shoot("clients", wide, "admin", (page) => page.goto(`${origin}/admin/clients`));
  await shoot("sandbox", {}, null, (page) => page.goto(`${origin}/sandbox`));
});
