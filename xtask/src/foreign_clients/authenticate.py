"""Clients of other vendors get tokens from the emulator over TLS, and list customers with them."""

import base64
import json
import os
import sys
import time
import urllib.parse

# Only the certificate files named below are trusted.
for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
    os.environ.pop(name, None)

import msal
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import ClientSecretCredential

URL, CA_FILE = sys.argv[1:]
CLIENT_ID = "11111111-2222-3333-4444-555555555555"
SECRET = "emulator-secret"
REFRESH_TOKEN = "emulator-refresh-token"
TENANT = "contoso.onmicrosoft.com"
API = "https://api.partnercenter.microsoft.com"
SCOPE = f"{API}/.default"


def claims(token):
    header, payload, signature = token.split(".")
    assert signature
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def check(name, token, is_user):
    """Checks that the token is one of the application or of its user, has not expired, and lists customers."""
    content = claims(token)
    assert content["aud"] == API and content["appid"] == CLIENT_ID, content
    assert content["nbf"] <= time.time() and content["exp"] > time.time() + 300, content
    assert ("scp" in content) == is_user, content
    response = requests.get(
        f"{URL}/v1/customers", headers={"Authorization": f"Bearer {token}"}, verify=CA_FILE, timeout=10
    )
    assert response.status_code == 200 and response.json()["totalCount"] == 500, response.text
    print(f"{name}: a token, and customers")


def application(kind=msal.ConfidentialClientApplication, authority=f"{URL}/{TENANT}", **options):
    return kind(CLIENT_ID, authority=authority, instance_discovery=False, verify=CA_FILE, **options)


def with_msal():
    app = application(client_credential=SECRET)
    result = app.acquire_token_for_client([SCOPE])
    check("MSAL, client credentials", result["access_token"], False)
    again = app.acquire_token_for_client([SCOPE])
    assert again["token_source"] == "cache" and again["access_token"] == result["access_token"], again

    result = app.acquire_token_by_refresh_token(REFRESH_TOKEN, scopes=[SCOPE])
    check("MSAL, refresh token", result["access_token"], True)
    [account] = app.get_accounts()
    silent = app.acquire_token_silent([SCOPE], account)
    assert silent["token_source"] == "cache", silent
    forced = app.acquire_token_silent([SCOPE], account, force_refresh=True)
    check("MSAL, silently by the refresh token in its cache", forced["access_token"], True)

    public = application(msal.PublicClientApplication)
    result = public.acquire_token_by_refresh_token(REFRESH_TOKEN, scopes=[SCOPE])
    check("MSAL, refresh token without a secret", result["access_token"], True)

    oidc = application(authority=None, oidc_authority=f"{URL}/{TENANT}/v2.0", client_credential=SECRET)
    check("MSAL, by its OpenID authority", oidc.acquire_token_for_client([SCOPE])["access_token"], False)

    wrong = application(client_credential="wrong").acquire_token_for_client([SCOPE])
    assert wrong["error"] == "invalid_client" and 7000215 in wrong["error_codes"], wrong
    print("MSAL, wrong secret: invalid_client")


def with_azure_identity():
    def credential(secret):
        transport = RequestsTransport(connection_verify=CA_FILE)
        return ClientSecretCredential(
            TENANT, CLIENT_ID, secret, authority=URL, disable_instance_discovery=True, transport=transport
        )

    check("azure-identity, client credentials", credential(SECRET).get_token(SCOPE).token, False)
    try:
        credential("wrong").get_token(SCOPE)
        raise AssertionError("a wrong secret gives no token")
    except ClientAuthenticationError as error:
        assert "AADSTS7000215" in str(error), error
        print("azure-identity, wrong secret: AADSTS7000215")


def with_basic_authentication():
    form = {"grant_type": "client_credentials", "scope": SCOPE}
    for path in ("oauth2/v2.0/token", "oauth2/token"):
        response = requests.post(
            f"{URL}/{TENANT}/{path}",
            data=form | {"resource": API},
            auth=(urllib.parse.quote_plus(CLIENT_ID), urllib.parse.quote_plus(SECRET)),
            verify=CA_FILE,
            timeout=10,
        )
        check(f"HTTP Basic at {path}", response.json()["access_token"], False)


with_msal()
with_azure_identity()
with_basic_authentication()
