// What the checks share: the sample clinic, clients of their own, a browser, the pages of the authorization server.
"use strict";

const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const { chromium } = require("playwright-core");

const data = process.env.DATA;
const demo = JSON.parse(fs.readFileSync(path.join(data, "demo.json"), "utf8"));
const account = (role, number = 0) => demo.accounts.filter((account) => account.role === role)[number];

const hearthgate = (...words) => execFileSync(process.env.PROGRAM, ["--data", data, ...words], { encoding: "utf8" });

// Registers a client at the command line; its secret, where it has one.
function register(id, kind, words) {
  const said = hearthgate("clients", "add", "--id", id, "--kind", kind, ...words);
  return kind === "secret" ? said.trim().split(" ").at(-1) : null;
}

// Serves files on a port of its own; the origin.
function serve(files) {
  const server = http.createServer((request, response) => {
    const file = files[new URL(request.url, "http://app").pathname];
    response.writeHead(file ? 200 : 404, { "content-type": file?.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8" });
    response.end(file ? fs.readFileSync(file) : "");
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve({ origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() })));
}

async function signIn(page, account) {
  await page.fill("[name=username]", account.username);
  await page.fill("[name=password]", account.password);
  await page.click("main button.primary");
}

async function decide(page, decision) {
  await page.waitForSelector("[name=decision]");
  await page.click(`[name=decision][value=${decision}]`);
}

// Runs the checks one after the other, each in a browser without a past; says which one failed.
async function run(checks) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    for (const [name, check] of Object.entries(checks)) {
      const context = await browser.newContext();
      context.setDefaultTimeout(20_000);
      const page = await context.newPage();
      try {
        await check(page);
      } catch (error) {
        const text = await page.innerText("body").catch(() => "");
        error.message = `${name}: ${error.message}\nat ${page.url().split("?")[0]}: ${text.slice(0, 500)}`;
        throw error;
      } finally {
        await context.close();
      }
      console.log(`${name}: good`);
    }
  } finally {
    await browser.close();
  }
}

module.exports = { account, assert, decide, demo, hearthgate, register, run, serve, signIn };
