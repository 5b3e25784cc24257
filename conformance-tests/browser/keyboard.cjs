// A patient connects the sample app by the keyboard alone, and disconnects it again.
"use strict";

const { PHONE, account, assert, origin, run, tabTo } = require("./lib.cjs");

run(async (browser) => {
  const page = await (await browser.newContext({ viewport: PHONE })).newPage();
  await page.goto(`${origin}/sandbox`);
  await tabTo(page, "form#start button");
  await page.keyboard.press("Enter");

  await page.waitForSelector("[name=username]");
  assert.ok(await page.evaluate(() => document.activeElement.name === "username"), "typing can begin at once");
  await page.keyboard.type(account("patient").username);
  await tabTo(page, "[name=password]");
  await page.keyboard.type(account("patient").password);
  await page.keyboard.press("Enter");

  await page.waitForSelector("[name=decision]");
  const words = await page.innerText("main");
  assert.match(words, /See your prescriptions/);
  assert.doesNotMatch(words, /patient\/|\.rs/);
  await tabTo(page, "[name=scope][value^='patient/Condition.']");
  await page.keyboard.press("Space");
  await tabTo(page, "[name=decision][value=allow]");
  await page.keyboard.press("Enter");

  await page.waitForSelector("#result:not([hidden])");
  await page.waitForFunction(() => [...document.querySelectorAll("#facts dt")].some((name) => name.textContent === "Condition"));
  const facts = await page.$$eval("#facts > div", (rows) => Object.fromEntries(rows.map((row) => [row.children[0].textContent, row.children[1].textContent])));
  assert.match(facts.scope, /patient\/MedicationRequest\.rs/);
  assert.doesNotMatch(facts.scope, /Condition/, "what was declined is not granted");
  assert.match(facts.MedicationRequest, /^\d+$/);
  assert.doesNotMatch(facts.Condition, /^\d+$/, "what was declined is not served");

  await page.goto(`${origin}/apps`);
  assert.match(await page.innerText("main"), /See your prescriptions/);
  await tabTo(page, "main button.danger");
  await page.keyboard.press("Enter");
  await page.waitForURL(/disconnected/);
  assert.match(await page.innerText("main"), /No app is connected/);
});
