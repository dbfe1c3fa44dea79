#!/usr/bin/env bash
# Subject: MSAL for Python, silent acquisition for "<resource>/.default" after a refresh token was exchanged for it
# Guess:   the access token is cached under the scopes that were requested, so that the next silent call finds it
# Truth:   it is cached under the scopes that the response names. An authority that answers with the granted permission alone
#          ("<resource>/user_impersonation") makes every silent call for ".default" a cache miss and a request of its own;
#          with the requested scope in the response, too, the second call makes no request
# Matters: whoever imitates the authority for tests has to name the requested scope, or clients refresh before each call
# Versions: msal 1.39.0 (Python 3)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check msal==1.39.0
cat > finding.py <<'PYTHON'
import base64
import json

import msal

RESOURCE = "https://api.contoso.example"
SCOPE = f"{RESOURCE}/.default"
AUTHORITY = "https://login.contoso.example/tenant"


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class Response:
    status_code = 200
    headers = {}

    def __init__(self, body):
        self.text = json.dumps(body)

    def raise_for_status(self):
        pass


class Authority:
    """An HTTP client that answers by itself."""

    def __init__(self, scope):
        self.scope, self.tokens = scope, 0

    def get(self, url, **_):
        return Response({
            "issuer": AUTHORITY,
            "authorization_endpoint": f"{AUTHORITY}/authorize",
            "token_endpoint": f"{AUTHORITY}/token",
        })

    def post(self, url, **_):
        self.tokens += 1
        claims = {"aud": "client", "iss": AUTHORITY, "sub": "user", "iat": 0, "exp": 2**40, "oid": "o", "tid": "tenant"}
        return Response({
            "token_type": "Bearer",
            "access_token": f"token {self.tokens}",
            "refresh_token": "refresh",
            "expires_in": 3600,
            "scope": self.scope,
            "id_token": f"{encoded({'alg': 'none'})}.{encoded(claims)}.",
            "client_info": encoded({"uid": "o", "utid": "tenant"}),
        })

    def close(self):
        pass


def requests(scope):
    authority = Authority(scope)
    application = msal.ConfidentialClientApplication(
        "client", client_credential="secret", oidc_authority=AUTHORITY, http_client=authority, instance_discovery=False
    )
    assert "access_token" in application.acquire_token_by_refresh_token("refresh", [SCOPE])
    [account] = application.get_accounts()
    for _ in range(3):
        assert "access_token" in application.acquire_token_silent([SCOPE], account)
    return authority.tokens


print("response names the permission alone:   ", requests(f"{RESOURCE}/user_impersonation"), "token requests for 4 calls")
print("response names the requested scope too:", requests(f"{RESOURCE}/user_impersonation {SCOPE}"), "token requests for 4 calls")
PYTHON
environment/bin/pip list --disable-pip-version-check 2> /dev/null | grep -i '^msal '
output=$(environment/bin/python finding.py)
echo "$output"
grep -q 'alone: *4 token' <<< "$output" || { echo "the behavior has changed"; exit 1; }
grep -q 'too: *1 token' <<< "$output" || { echo "the behavior has changed"; exit 1; }
