// A doctor finds a patient at the launcher and opens the sample app: an EHR launch. The page itself works without JavaScript.
"use strict";

const { PHONE, assert, origin, run, signIn } = require("./lib.cjs");

run(async (browser) => {
  const plain = await (await browser.newContext({ viewport: PHONE, javaScriptEnabled: false })).newPage();
  await signIn(plain, "doctor");
  await plain.goto(`${origin}/launcher`);
  const first = await plain.innerText("label.choice:has([name=patient]) strong");
  await plain.fill("[name=name]", "Nobody-of-this-name");
  await plain.click("form[role=search] button");
  assert.equal(await plain.$("[name=patient]"), null);
  await plain.fill("[name=name]", first.split(" ").at(-1));
  await plain.click("form[role=search] button");
  await plain.check("[name=client_id][value=demo-public]");
  const [launched] = await Promise.all([
    plain.waitForRequest((request) => new URL(request.url()).searchParams.has("launch")),
    plain.click("main button.primary"),
  ]);
  const address = new URL(launched.url());
  assert.equal(address.pathname, "/sandbox");
  assert.equal(address.searchParams.get("iss"), `${origin}/fhir`);

  const page = await (await browser.newContext({ viewport: PHONE })).newPage();
  await signIn(page, "doctor");
  await page.click("nav a[href='/launcher']");
  await page.check("[name=client_id][value=demo-public]");
  const chosen = page.locator("label.choice:has([name=patient])").last();
  const name = await chosen.locator("strong").innerText();
  await chosen.click();
  await page.click("main button.primary");
  await page.waitForSelector("[name=decision][value=allow]");
  await page.click("[name=decision][value=allow]");
  await page.waitForFunction(() => document.querySelectorAll("#facts dt").length >= 5);
  const told = await page.$eval("#facts", (facts) => [...facts.children].find((row) => row.children[0].textContent === "Patient").children[1].textContent);
  assert.equal(told.split(" ").at(-1), name.split(" ").at(-1), "the app is about the patient chosen");
});
