// Shows the passkey forms where the browser knows passkeys, and posts what the authenticator answers
// (https://www.w3.org/TR/webauthn-3/). Without this file the page asks for a code or a password, as ever.
"use strict";

const able = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;
for (const form of document.querySelectorAll("form[data-passkey], form[data-new-passkey]")) {
  if (!able) break;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    const field = form.elements.passkey;
    if (field.value) return;
    event.preventDefault();
    try {
      const credential = form.dataset.newPasskey
        ? await navigator.credentials.create({
            publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(form.dataset.newPasskey)),
          })
        : await navigator.credentials.get({
            publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(form.dataset.passkey)),
          });
      field.value = JSON.stringify(credential);
      form.submit();
    } catch {
      // Cancelled, or no passkey here: the other ways stand on the page.
    }
  });
}
