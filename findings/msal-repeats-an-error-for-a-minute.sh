#!/usr/bin/env bash
# Subject: MSAL for Python, a token request that the authority refuses with HTTP 400 and would grant a moment later
# Guess:   each call of acquire_token_for_client that finds no token asks the authority, as after an answer of 401
# Truth:   for a minute every such call returns the first answer again, without a request; a second application object asks at
#          once. A refusal with 401, as of a wrong secret, is asked again by the next call
# Matters: whoever grants consent and repeats the call sees the old error, and looks for the fault in what was just granted
# Versions: msal 1.39.0 (Python 3)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check msal==1.39.0
cat > finding.py <<'PYTHON'
import json

import msal

AUTHORITY = "https://login.contoso.example/tenant"


class Response:
    headers = {}

    def __init__(self, status_code, body):
        self.status_code, self.text = status_code, json.dumps(body)

    def raise_for_status(self):
        assert self.status_code < 400


class Authority:
    """An HTTP client that refuses the first token request by itself and grants the others."""

    def __init__(self, refusal):
        self.refusal, self.requests = refusal, 0

    def get(self, url, **_):
        return Response(200, {
            "issuer": AUTHORITY,
            "authorization_endpoint": f"{AUTHORITY}/authorize",
            "token_endpoint": f"{AUTHORITY}/token",
        })

    def post(self, url, **_):
        self.requests += 1
        if self.requests == 1:
            return Response(self.refusal, {"error": "invalid_grant", "error_description": "consent is missing"})
        return Response(200, {"token_type": "Bearer", "access_token": "token", "expires_in": 3600})

    def close(self):
        pass


def application(authority):
    return msal.ConfidentialClientApplication(
        "client", client_credential="secret", oidc_authority=AUTHORITY, http_client=authority, instance_discovery=False
    )


def outcome(client):
    answer = client.acquire_token_for_client(["https://api.contoso.example/.default"])
    return answer.get("error", "a token")


for refusal in (400, 401):
    authority = Authority(refusal)
    client = application(authority)
    calls = [outcome(client) for _ in range(3)]
    print(f"{refusal}: {', '.join(calls)}; requests: {authority.requests}")
    print(f"{refusal}, then a second application: {outcome(application(authority))}; requests: {authority.requests}")
PYTHON
environment/bin/pip list --disable-pip-version-check 2> /dev/null | grep -i '^msal '
output=$(environment/bin/python finding.py)
echo "$output"
expected='400: invalid_grant, invalid_grant, invalid_grant; requests: 1
400, then a second application: a token; requests: 2
401: invalid_grant, a token, a token; requests: 2
401, then a second application: a token; requests: 3'
[ "$output" = "$expected" ] || { echo "the behavior has changed"; exit 1; }
