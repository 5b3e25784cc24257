"""Backend services by clients that others wrote: authlib signs the assertion and fetches the token; fhirclient reads with one."""

import json
import sys
import time

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from fhirclient import client as smart
from fhirclient.models.patient import Patient

demo = json.load(open(sys.argv[1]))
base = demo["fhir_base"]
backend = next(c for c in demo["clients"] if c["client_id"] == "demo-backend")
configuration = requests.get(base + "/.well-known/smart-configuration", timeout=10).json()
token_endpoint = configuration["token_endpoint"]
assert "private_key_jwt" in configuration["token_endpoint_auth_methods_supported"]
assert "ES384" in configuration["token_endpoint_auth_signing_alg_values_supported"]

session = OAuth2Session(
    backend["client_id"],
    backend["private_jwk"],
    # The client's own hour is too long for SMART, which allows five minutes.
    token_endpoint_auth_method=PrivateKeyJWT(
        token_endpoint,
        claims={"exp": int(time.time()) + 240},
        headers={"kid": backend["private_jwk"]["kid"]},
        alg="ES384",
    ),
    scope="system/Patient.rs",
    token_endpoint=token_endpoint,
)
token = session.fetch_token(grant_type="client_credentials")
assert token["token_type"] == "Bearer" and token["expires_in"] <= 300 and token["scope"] == "system/Patient.rs", token
bundle = session.get(base + "/Patient?_count=2").json()
assert bundle["resourceType"] == "Bundle" and len(bundle["entry"]) == 2
assert session.get(base + "/Encounter").status_code == 403
print("authlib: good")

server = smart.FHIRClient(settings={"app_id": backend["client_id"], "api_base": base}).server
server.session.headers["Authorization"] = "Bearer " + token["access_token"]
found = Patient.where({"_count": "2"}).perform(server)
assert len(found.entry) == 2 and found.entry[0].resource.id
assert Patient.read(found.entry[0].resource.id, server).id == found.entry[0].resource.id
print("fhirclient: good")
