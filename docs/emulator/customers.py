"""Tests against the emulator with the standard library of Python: python3 customers.py http://127.0.0.1:8080"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

BASE = sys.argv[1]
TENANT = "contoso.onmicrosoft.com"


def call(method, path, body=None, headers=None):
    """Returns the status and the JSON of a response; an error, such as one of a gateway, need not be JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, data, headers or {}, method=method)
    if data is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.loads(response.read() or "null")
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def sign_in():
    form = {
        "grant_type": "client_credentials",
        "client_id": "11111111-2222-3333-4444-555555555555",
        "client_secret": "emulator-secret",
        "scope": "https://api.partnercenter.microsoft.com/.default",
    }
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(f"{BASE}/{TENANT}/oauth2/v2.0/token", data) as response:
        return {"Authorization": "Bearer " + json.load(response)["access_token"]}


def list_customers(authorization):
    """Returns the customers of all pages."""
    path, headers, customers = "/v1/customers?size=20", authorization, []
    while True:
        status, page = call("GET", path, headers=headers)
        assert status == 200, (status, page)
        customers += page["items"]
        following = page["links"].get("next")
        if following is None:
            return customers
        path = "/v1" + following["uri"]
        headers = authorization | {header["key"]: header["value"] for header in following["headers"]}


# Each test begins with the same customers.
assert call("POST", "/_emulator/reset", {"customers": 30})[0] == 200
authorization = sign_in()
assert len(list_customers(authorization)) == 30

# The next request fails as the service does when it is busy.
assert call("POST", "/_emulator/faults", {"fault": "503@1"})[0] == 201
assert [call("GET", "/v1/customers?size=1", headers=authorization)[0] for _ in range(2)] == [503, 200]

# What is written is there.
customer = {
    "companyProfile": {"domain": "northwind.onmicrosoft.com"},
    "billingProfile": {
        "companyName": "Northwind Traders",
        "culture": "en-US",
        "language": "en",
        "email": "accounts@northwind.example",
        "defaultAddress": {
            "firstName": "Rosa",
            "lastName": "Keller",
            "addressLine1": "20 Market Street",
            "city": "Seattle",
            "state": "WA",
            "postalCode": "98101",
            "country": "US",
        },
    },
}
status, created = call("POST", "/v1/customers", customer, authorization)
assert status == 201, (status, created)
assert call("GET", "/v1/customers/" + created["id"], headers=authorization)[0] == 200
assert len(list_customers(authorization)) == 31

# Ten days later.
before = call("GET", "/_emulator/clock")[1]["time"]
after = call("POST", "/_emulator/clock", {"advanceSeconds": 10 * 24 * 60 * 60})[1]["time"]
assert before < after, (before, after)
print("Python: ok")
