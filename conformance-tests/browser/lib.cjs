// What the checks share: a browser, the sample clinic's accounts, signing in.
"use strict";

const fs = require("node:fs");
const assert = require("node:assert/strict");
const { chromium } = require("playwright-core");

const demo = JSON.parse(fs.readFileSync(process.env.HEARTHGATE_DEMO_JSON, "utf8"));
const origin = demo.issuer;
const account = (role, number = 0) => demo.accounts.filter((account) => account.role === role)[number];

const PHONE = { width: 360, height: 740 };
const DESK = { width: 1100, height: 800 };

const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });

async function signIn(page, role) {
  const { username, password } = account(role);
  await page.goto(`${origin}/`);
  await page.fill("[name=username]", username);
  await page.fill("[name=password]", password);
  await Promise.all([page.waitForURL((url) => url.pathname !== "/auth/sign-in" && url.pathname !== "/sign-in"), page.click("main button.primary")]);
}

// Presses Tab until the element that a selector names has the focus.
async function tabTo(page, selector) {
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) {
      const visible = await page.evaluate(() => {
        const style = getComputedStyle(document.activeElement);
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      });
      assert.ok(visible, `the focus on ${selector} cannot be seen`);
      return;
    }
  }
  assert.fail(`${selector} cannot be reached by the keyboard at ${page.url()}`);
}

async function run(check) {
  const browser = await launch();
  try {
    await check(browser);
  } finally {
    await browser.close();
  }
}

module.exports = { DESK, PHONE, account, assert, demo, origin, run, signIn, tabTo };
