// A doctor opens a patient's chart and the sample app from it: an EHR launch with a real browser.
"use strict";

const { DESK, assert, origin, run, signIn } = require("./lib.cjs");

run(async (browser) => {
  const page = await (await browser.newContext({ viewport: DESK })).newPage();
  await signIn(page, "doctor");
  assert.equal(new URL(page.url()).pathname, "/doctor");
  await page.click("main .links a");
  await page.waitForSelector("[name=client_id]");
  const name = await page.innerText("h1");
  await page.click("[name=client_id][value=demo-public]");
  await page.waitForSelector("[name=decision][value=allow]");
  assert.match(await page.innerText("main"), /See this patient's prescriptions/);
  await page.click("[name=decision][value=allow]");
  await page.waitForSelector("#result:not([hidden])");
  await page.waitForFunction(() => document.querySelectorAll("#facts dt").length >= 5);
  const patient = await page.$eval("#facts", (facts) => [...facts.children].find((row) => row.children[0].textContent === "Patient").children[1].textContent);
  const last = (text) => text.split(" ").at(-1);
  assert.equal(last(patient), last(name), "the app is about the patient of the chart");
});
