// Shows what needs passkeys where the browser has them, and posts what the authenticator answers
// (https://www.w3.org/TR/webauthn-3/). Without this file the page says so, and asks for a code as ever.
"use strict";

const able = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;
for (const form of document.querySelectorAll("form[data-passkey], form[data-new-passkey]")) {
  if (!able) break;
  for (const part of form.querySelectorAll("[data-unable]")) part.hidden = true;
  for (const part of form.querySelectorAll("[data-able]")) part.hidden = false;
  const { passkey, newPasskey, failed } = form.dataset;
  const status = form.querySelector("[role=status]");
  form.addEventListener("submit", async (event) => {
    const field = form.elements.passkey;
    if (field.value) return;
    event.preventDefault();
    status.textContent = "";
    try {
      const credential = newPasskey
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(newPasskey)) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(passkey)) });
      field.value = JSON.stringify(credential);
      form.submit();
    } catch {
      // Cancelled, or no passkey here: the other ways stand on the page.
      status.textContent = failed;
    }
  });
}
