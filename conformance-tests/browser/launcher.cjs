// A doctor finds a patient at the launcher and opens the sample app: an EHR launch. A patient opens it by itself: a standalone launch.
// The pages themselves work without JavaScript, and by the keyboard alone.
"use strict";

const { DESK, PHONE, assert, origin, run, signIn, tabTo } = require("./lib.cjs");

const facts = async (page) => {
  await page.waitForFunction(() => [...document.querySelectorAll("#facts dt")].some((term) => term.textContent.startsWith("Visits")));
  return page.$eval("#facts", (list) => Object.fromEntries([...list.children].map((row) => [...row.children].map((cell) => cell.textContent))));
};

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
  await plain.click("main button.primary");
  await plain.waitForSelector("[name=banner]");
  assert.match(await plain.innerText("main"), /this patient's whole health record/);
  await plain.check("[name=banner][value=page]");
  const [launched] = await Promise.all([
    plain.waitForRequest((request) => new URL(request.url()).searchParams.has("launch")),
    plain.click("main button.primary"),
  ]);
  const address = new URL(launched.url());
  assert.equal(address.pathname, "/sandbox");
  assert.equal(address.searchParams.get("iss"), `${origin}/fhir`);

  // By the keyboard, with a visit, dark, and a page around the app that says whose record it is.
  const page = await (await browser.newContext({ viewport: DESK })).newPage();
  await signIn(page, "doctor");
  await tabTo(page, "nav a[href='/launcher']");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[name=patient]");
  await tabTo(page, "[name=client_id]");
  await page.check("[name=client_id][value=demo-public]");
  await tabTo(page, "[name=patient]");
  await page.keyboard.press("ArrowDown");
  const name = await page.locator("label.choice:has([name=patient]:checked) strong").innerText();
  await tabTo(page, "main button.primary");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[name=banner]");
  assert.match(await page.innerText("main dl"), new RegExp(name.split(" ").at(-1)));
  await tabTo(page, "[name=encounter]");
  await page.keyboard.press("ArrowDown");
  const visit = await page.$eval("[name=encounter]:checked", (choice) => choice.value);
  assert.ok(visit, "a visit is chosen");
  await tabTo(page, "[name=banner]");
  await page.keyboard.press("ArrowDown");
  await tabTo(page, "[name=style]");
  await page.keyboard.press("ArrowDown");
  await tabTo(page, "main button.primary");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[name=decision][value=allow]");
  await page.click("[name=decision][value=allow]");
  const told = await facts(page);
  assert.equal(told.Patient.split(" ").at(-1), name.split(" ").at(-1), "the app is about the patient chosen");
  assert.deepEqual([told.encounter, told["Patient banner"], told.Style], [visit, "not needed", "#f1eee9 on #1d2226"]);
  assert.match(told["Visits, kept by this app"], /^\d+$/);

  // A patient's own list, and the sample app from it; what the app keeps is there the second time.
  const own = await (await browser.newContext({ viewport: PHONE })).newPage();
  await signIn(own, "patient");
  let visits = 0;
  for (const _ of [1, 2]) {
    await own.goto(`${origin}/`);
    await own.click("main a[href='/launcher']");
    await own.waitForSelector("main .button");
    assert.match(await own.innerText("main"), /this app.s own settings for you/);
    await own.click("main .button[href*='/sandbox']");
    await own.waitForSelector("[name=decision][value=allow]");
    assert.match(await own.innerText("main"), /this app's own settings for you/);
    await own.click("[name=decision][value=allow]");
    const said = await facts(own);
    assert.ok(Number(said["Visits, kept by this app"]) > visits, "what the app keeps is there the next time");
    visits = Number(said["Visits, kept by this app"]);
    assert.equal(said["Patient banner"], "shown by this app");
  }
});
