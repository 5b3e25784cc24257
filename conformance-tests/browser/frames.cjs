// Nobody can frame a page or post a form from elsewhere (ABUSE B26, B28), in a real browser with a real session.
"use strict";

const http = require("node:http");
const { DESK, assert, origin, run, signIn } = require("./lib.cjs");

const evil = http.createServer((request, response) => {
  response.setHeader("content-type", "text/html");
  const path = new URL(request.url, "http://evil").searchParams.get("path");
  response.end(
    request.url.startsWith("/frame")
      ? `<iframe id=f src="${origin}${path}"></iframe>`
      : `<form method=post action="${origin}${path}"><input name=app value=1><input name=decision value=allow><button>win a prize</button></form>`,
  );
});

evil.listen(0, "127.0.0.1", () =>
  run(async (browser) => {
    // Another site to the browser: another host name.
    const away = `http://localhost:${evil.address().port}`;
    const page = await (await browser.newContext({ viewport: DESK })).newPage();
    await signIn(page, "patient");
    for (const path of ["/patient", "/apps", "/sign-in", "/sandbox", "/auth/authorize?client_id=demo-public"]) {
      await page.goto(`${away}/frame?path=${encodeURIComponent(path)}`);
      await page.waitForLoadState("load");
      const frame = page.frames().find((frame) => frame !== page.mainFrame());
      const body = await frame.evaluate(() => document.querySelector("main")?.innerText ?? "").catch(() => "");
      assert.equal(body, "", `${path} shows itself in a frame of another site`);
    }
    for (const path of ["/apps", "/account", "/auth/consent", "/launch", "/sign-out"]) {
      await page.goto(`${away}/form?path=${encodeURIComponent(path)}`);
      const [answer] = await Promise.all([page.waitForResponse((response) => response.url() === `${origin}${path}`), page.click("button")]);
      assert.ok([303, 403].includes(answer.status()), `${path} answers ${answer.status()} to a form of another site`);
      if (answer.status() === 303) assert.match(answer.headers().location, /^\/sign-in/, `${path} obeys a form of another site`);
    }
    await page.goto(`${origin}/patient`);
    assert.equal(new URL(page.url()).pathname, "/patient", "the session is as it was");
  }).finally(() => evil.close()),
);
