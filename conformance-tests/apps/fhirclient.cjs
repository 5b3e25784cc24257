// SMART's own JavaScript client, `fhirclient`, in a real browser: standalone and EHR launch, reads, searches, refresh, a refusal, and the
// two kinds of confidential clients.
"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { generateKeyPairSync } = require("node:crypto");
const { account, assert, decide, demo, hearthgate, register, run, serve, signIn } = require("./lib.cjs");

const STATE = `https://prefs.example/${process.pid}|preferences`;
const SCOPE = `launch launch/patient launch/encounter openid fhirUser offline_access online_access patient/*.rs user/*.rs patient/Basic.cruds?code=${STATE} user/Basic.cruds?code=${STATE}`;
const STANDALONE = "launch/patient openid fhirUser offline_access patient/*.rs";
const PUBLIC = `fhirclient-${process.pid}`;
const library = require.resolve("fhirclient/build/fhir-client.js");
const file = (name) => path.join(__dirname, "page", name);

async function main() {
  const app = await serve({ "/fhir-client.js": library, "/launch.html": file("launch.html"), "/index.html": file("index.html") });

  // Opens the app as a patient would from a bookmark, up to our first page.
  const open = async (page, configuration) => {
    await page.addInitScript(([origin, text]) => location.origin === origin && sessionStorage.setItem("configuration", text), [app.origin, JSON.stringify({ clientId: PUBLIC, ...configuration })]);
    await page.goto(`${app.origin}/launch.html?iss=${encodeURIComponent(demo.fhir_base)}`);
  };
  const arrived = async (page) => {
    await page.waitForFunction(() => document.getElementById("said")?.textContent);
    return page.innerText("#said");
  };
  const token = (page) => page.evaluate(() => client.state.tokenResponse);
  const readPatient = (page) => page.evaluate(() => client.patient.read());

  // Chooses the first one of a list; its id.
  const pick = async (page, name) => {
    await page.waitForSelector(`[name=${name}]`);
    const first = await page.$eval(`[name=${name}]`, (choice) => choice.value);
    await page.check(`[name=${name}][value="${first}"]`);
    await page.click("main button.primary");
    return first;
  };

  const connect = async (page, who, configuration) => {
    await open(page, { scope: STANDALONE, ...configuration });
    await signIn(page, who);
    await decide(page, "allow");
    assert.equal(await arrived(page), "ready");
  };

  try {
    const words = ["--redirect-uri", `${app.origin}/index.html`, "--launch-url", `${app.origin}/launch.html`, "--scope", SCOPE];
    register(PUBLIC, "public", words);
    await run({
      "standalone launch with a patient, reads and a search": async (page) => {
        const patient = account("patient");
        await connect(page, patient);
        const answer = await token(page);
        assert.deepEqual([answer.token_type, answer.patient, answer.need_patient_banner], ["Bearer", patient.patient, true]);
        for (const scope of STANDALONE.split(" ")) assert.ok(answer.scope.split(" ").includes(scope), `${scope} is in ${answer.scope}`);
        assert.equal(await page.evaluate(() => client.getIdToken().fhirUser), `${demo.fhir_base}/${patient.fhirUser}`);
        assert.equal((await readPatient(page)).id, patient.patient);
        assert.equal((await page.evaluate(() => client.user.read())).id, patient.patient);
        const found = await page.evaluate(() => client.request(`Condition?patient=${client.patient.id}&_count=2`, { pageLimit: 0, flat: true }));
        assert.ok(found.length > 2, "pages are followed");
        assert.ok(found.every((resource) => resource.resourceType === "Condition" && resource.subject.reference === `Patient/${patient.patient}`));
        const other = await page.evaluate((id) => client.request(`Patient/${id}`).then(() => "read", (error) => error.status ?? error.statusCode), account("patient", 1).patient);
        assert.equal(other, 404);
      },

      "refresh of the access token": async (page) => {
        await connect(page, account("patient"));
        const before = await token(page);
        await page.evaluate(() => client.refresh());
        const after = await token(page);
        assert.notEqual(after.access_token, before.access_token);
        assert.notEqual(after.refresh_token, before.refresh_token);
        assert.equal(after.patient, before.patient);
        await readPatient(page);
        // The library does it by itself once the token is over.
        await page.evaluate(() => (client.state.expiresAt = 0));
        await readPatient(page);
        assert.notEqual((await token(page)).access_token, after.access_token);
      },

      "refusal at consent": async (page) => {
        await open(page, { scope: STANDALONE });
        await signIn(page, account("patient", 1));
        await decide(page, "deny");
        assert.match(await arrived(page), /^access_denied/);
        assert.equal(await page.evaluate(() => window.client), undefined);
      },

      "a doctor picks the patient of a standalone launch": async (page) => {
        await open(page, { scope: "launch/patient openid fhirUser online_access patient/*.rs" });
        await signIn(page, account("doctor"));
        await page.waitForSelector("[name=patient]");
        const picked = await page.$eval("[name=patient]", (choice) => choice.value);
        await page.check(`[name=patient][value="${picked}"]`);
        await page.click("main button.primary");
        await decide(page, "allow");
        assert.equal(await arrived(page), "ready");
        assert.equal((await token(page)).patient, picked);
        assert.equal((await readPatient(page)).id, picked);
        assert.equal(await page.evaluate(() => client.user.resourceType), "Practitioner");
        await page.evaluate(() => client.refresh());
        await readPatient(page);
      },

      "a doctor picks patient and encounter of a standalone launch": async (page) => {
        await open(page, { scope: "launch/patient launch/encounter openid fhirUser patient/*.rs" });
        await signIn(page, account("doctor"));
        const patient = await pick(page, "patient");
        const encounter = await pick(page, "encounter");
        await decide(page, "allow");
        assert.equal(await arrived(page), "ready");
        const answer = await token(page);
        assert.deepEqual([answer.patient, answer.encounter], [patient, encounter]);
        assert.ok(answer.scope.split(" ").includes("launch/encounter"));
        const read = await page.evaluate(() => client.encounter.read());
        assert.deepEqual([read.id, read.subject.reference], [encounter, `Patient/${patient}`]);
      },

      "an app keeps its state and finds it again": async (page) => {
        const keep = (page, text) => page.evaluate(async ([state, text]) => {
          const [system, code] = state.split("|");
          const subject = { reference: `${client.state.serverUrl}/${client.user.fhirUser}` };
          const found = await client.request(`Basic?code=${encodeURIComponent(state)}&subject=${encodeURIComponent(subject.reference)}`, { flat: true });
          const kept = found[0] || { resourceType: "Basic", code: { coding: [{ system, code }] }, subject };
          const before = kept.extension?.[0].valueString;
          kept.extension = [{ url: `${system}/${code}`, valueString: text }];
          const written = kept.id
            ? await client.update(kept, { headers: { "If-Match": `W/"${kept.meta.versionId}"` } })
            : await client.create(kept);
          return { before, number: found.length, id: written.id, after: written.extension[0].valueString };
        }, [STATE, text]);
        const visit = async (user, scope, text) => {
          const context = await page.context().browser().newContext();
          const own = await context.newPage();
          await open(own, { scope });
          await signIn(own, user);
          await decide(own, "allow");
          assert.equal(await arrived(own), "ready");
          const answer = await keep(own, text).finally(() => context.close());
          return answer;
        };
        const asked = `launch/patient openid fhirUser user/Basic.cruds?code=${STATE}`;
        const patient = account("patient");
        const first = await visit(patient, asked, "dark");
        assert.deepEqual([first.before ?? null, first.number, first.after], [null, 0, "dark"]);
        // Another launch, another browser: it is there, and changed from its newest version.
        assert.deepEqual(await visit(patient, asked, "light"), { before: "dark", number: 1, id: first.id, after: "light" });
        // Somebody else's is somebody else's.
        const other = await visit(account("patient", 1), asked, "other");
        assert.deepEqual([other.before ?? null, other.number], [null, 0]);
        assert.notEqual(other.id, first.id);
      },

      "scopes as version 1 writes them": async (page) => {
        const asked = "launch/patient openid patient/Patient.read patient/Observation.read patient/Observation.write";
        await connect(page, account("patient"), { scope: asked });
        const granted = (await token(page)).scope.split(" ");
        for (const scope of ["patient/Patient.read", "patient/Observation.read"]) assert.ok(granted.includes(scope), `${scope} is in ${granted}`);
        assert.ok(!granted.includes("patient/Observation.write"), "patients do not write measurements");
        await readPatient(page);
        const found = await page.evaluate(() => client.patient.request("Observation?_count=5", { pageLimit: 1, flat: true }));
        assert.ok(found.length > 0, "`read` searches too");
        for (const path of ["Condition", "Patient?_revinclude=Condition:subject"]) {
          const status = await page.evaluate((path) => client.request(path).then((answer) => answer.entry?.some((entry) => entry.resource.resourceType === "Condition"), (error) => error.status ?? error.statusCode), path);
          assert.ok(status === 403 || !status, `${path}: ${status}`);
        }
      },

      "access while somebody is signed in, and no longer": async (page) => {
        await connect(page, account("patient"), { scope: "launch/patient openid online_access patient/Patient.rs" });
        assert.ok((await token(page)).scope.split(" ").includes("online_access"));
        await page.evaluate(() => client.refresh());
        await readPatient(page);
        const portal = await page.context().newPage();
        await portal.goto(`${demo.issuer}/auth/logout`);
        await decide(portal, "allow");
        await portal.waitForLoadState();
        assert.equal(await page.evaluate(() => client.patient.read().then(() => "read", () => "refused")), "refused");
        assert.equal((await token(page)).refresh_token, undefined, "the library tried to refresh, was refused, and gave up");
      },

      "an authorization request by POST, before and after signing in": async (page) => {
        const scope = "launch/patient openid fhirUser patient/Patient.rs";
        const requests = [];
        page.on("request", (request) => request.url().startsWith(`${demo.issuer}/auth/authorize`) && requests.push(request.method()));
        await open(page, { scope, noRedirect: true });
        await signIn(page, account("patient"));
        await decide(page, "allow");
        assert.equal(await arrived(page), "ready");
        assert.equal((await readPatient(page)).id, account("patient").patient);
        assert.equal(requests[0], "POST");
        // The cookie does not come with another site's form; still nobody signs in again.
        await open(page, { scope, noRedirect: true });
        await decide(page, "allow");
        assert.equal(await arrived(page), "ready");
        assert.equal((await readPatient(page)).id, account("patient").patient);
        assert.equal(requests.filter((method) => method === "POST").length, 2);
      },

      "launch from the chart": async (page) => {
        await page.addInitScript(([origin, text]) => location.origin === origin && sessionStorage.setItem("configuration", text), [app.origin, JSON.stringify({ clientId: PUBLIC, scope: "launch openid fhirUser patient/*.rs" })]);
        await page.goto(`${demo.issuer}/`);
        await signIn(page, account("doctor"));
        await page.click("main .links a");
        await page.waitForSelector("[name=client_id]");
        const patient = await page.$eval("[name=patient]", (field) => field.value);
        await page.click(`[name=client_id][value="${PUBLIC}"]`);
        await decide(page, "allow");
        assert.equal(await arrived(page), "ready");
        const answer = await token(page);
        assert.deepEqual([answer.patient, answer.refresh_token], [patient, undefined]);
        assert.ok(answer.scope.split(" ").includes("launch"));
        const style = await page.evaluate((url) => fetch(url).then((answer) => answer.json()), answer.smart_style_url);
        assert.match(style.color_background, /^#/);
        assert.equal((await readPatient(page)).id, patient);
        const found = await page.evaluate(() => client.patient.request("MedicationRequest", { pageLimit: 1, flat: true }));
        assert.ok(found.length > 0 && found.every((resource) => resource.subject.reference === `Patient/${patient}`));
      },

      "launch from the chart about an encounter": async (page) => {
        await page.addInitScript(([origin, text]) => location.origin === origin && sessionStorage.setItem("configuration", text), [app.origin, JSON.stringify({ clientId: PUBLIC, scope: "launch openid fhirUser patient/*.rs" })]);
        await page.goto(`${demo.issuer}/`);
        await signIn(page, account("doctor"));
        await page.click("main .links a");
        await page.waitForSelector("[name=client_id]");
        const patient = await page.$eval("[name=patient]", (field) => field.value);
        const system = hearthgate("token", "--client", "demo-backend", "--scope", "system/Encounter.rs").trim().split("\n").at(-1);
        const found = await (await fetch(`${demo.fhir_base}/Encounter?patient=${patient}&_count=1`, { headers: { authorization: `Bearer ${system}` } })).json();
        const encounter = found.entry[0].resource.id;
        // As a chart that is open at an encounter would: the same form with one field more.
        await page.$eval("[name=patient]", (field, id) => field.insertAdjacentHTML("afterend", `<input type="hidden" name="encounter" value="${id}">`), encounter);
        await page.click(`[name=client_id][value="${PUBLIC}"]`);
        await decide(page, "allow");
        assert.equal(await arrived(page), "ready");
        const answer = await token(page);
        assert.deepEqual([answer.patient, answer.encounter, answer.need_patient_banner], [patient, encounter, true]);
        assert.equal((await page.evaluate(() => client.encounter.read())).id, encounter);
      },

      "a disconnected app reads and refreshes no more": async (page) => {
        await connect(page, account("patient"));
        const portal = await page.context().newPage();
        await portal.goto(`${demo.issuer}/apps`);
        await portal.click("main button.danger");
        await portal.waitForURL(/disconnected/);
        const refused = await page.evaluate(() => client.request("Patient/" + client.patient.id).then(() => "read", (error) => error.message));
        assert.notEqual(refused, "read");
        assert.equal((await token(page)).refresh_token, undefined, "the library tried to refresh, was refused, and gave up");
      },

      "a confidential app with a secret": async (page) => {
        const id = `${PUBLIC}-secret`;
        const clientSecret = register(id, "secret", words);
        await connect(page, account("patient"), { clientId: id, clientSecret });
        await readPatient(page);
        const before = await token(page);
        await page.evaluate(() => client.refresh());
        assert.notEqual((await token(page)).access_token, before.access_token);
        await readPatient(page);
      },

      "a confidential app with a key": async (page) => {
        for (const [alg, options] of [["ES384", { namedCurve: "P-384" }], ["RS384", { modulusLength: 2048 }]]) {
          const { publicKey, privateKey } = generateKeyPairSync(alg === "ES384" ? "ec" : "rsa", options);
          const name = { kid: `key-${alg}`, alg };
          const keys = path.join(os.tmpdir(), `${PUBLIC}-${alg}.json`);
          fs.writeFileSync(keys, JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), ...name, use: "sig" }] }));
          const id = `${PUBLIC}-${alg}`;
          register(id, "jwks", ["--jwks", keys, ...words]);
          fs.unlinkSync(keys);
          const own = await page.context().browser().newContext();
          const other = await own.newPage();
          await connect(other, account("patient"), { clientId: id, clientPrivateJwk: { ...privateKey.export({ format: "jwk" }), ...name, key_ops: ["sign"], ext: true } });
          await readPatient(other);
          await own.close();
        }
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
