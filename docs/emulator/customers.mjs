// Tests against the emulator with Node.js alone: node customers.mjs http://127.0.0.1:8080
import assert from "node:assert/strict";

const base = process.argv[2];
const tenant = "contoso.onmicrosoft.com";

/** Returns the status and the JSON of a response; an error, such as one of a gateway, need not be JSON. */
async function call(method, path, body, headers = {}) {
  const content = body === undefined ? {} : { "Content-Type": "application/json" };
  const response = await fetch(base + path, {
    method,
    headers: { ...content, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return [response.status, response.ok ? JSON.parse(text || "null") : text];
}

async function signIn() {
  const response = await fetch(`${base}/${tenant}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: "11111111-2222-3333-4444-555555555555",
      client_secret: "emulator-secret",
      scope: "https://api.partnercenter.microsoft.com/.default",
    }),
  });
  return { Authorization: `Bearer ${(await response.json()).access_token}` };
}

/** Returns the customers of all pages. */
async function listCustomers(authorization) {
  let [path, headers, customers] = ["/v1/customers?size=20", authorization, []];
  for (;;) {
    const [status, page] = await call("GET", path, undefined, headers);
    assert.equal(status, 200);
    customers = customers.concat(page.items);
    const following = page.links.next;
    if (following === undefined) return customers;
    path = `/v1${following.uri}`;
    headers = { ...authorization, ...Object.fromEntries(following.headers.map(({ key, value }) => [key, value])) };
  }
}

// Each test begins with the same customers.
assert.equal((await call("POST", "/_emulator/reset", { customers: 30 }))[0], 200);
const authorization = await signIn();
assert.equal((await listCustomers(authorization)).length, 30);

// The next request fails as the service does when it is busy.
assert.equal((await call("POST", "/_emulator/faults", { fault: "503@1" }))[0], 201);
assert.equal((await call("GET", "/v1/customers?size=1", undefined, authorization))[0], 503);
assert.equal((await call("GET", "/v1/customers?size=1", undefined, authorization))[0], 200);

// What is written is there.
const customer = {
  companyProfile: { domain: "northwind.onmicrosoft.com" },
  billingProfile: {
    companyName: "Northwind Traders",
    culture: "en-US",
    language: "en",
    email: "accounts@northwind.example",
    defaultAddress: {
      firstName: "Rosa",
      lastName: "Keller",
      addressLine1: "20 Market Street",
      city: "Seattle",
      state: "WA",
      postalCode: "98101",
      country: "US",
    },
  },
};
const [status, created] = await call("POST", "/v1/customers", customer, authorization);
assert.equal(status, 201);
assert.equal((await call("GET", `/v1/customers/${created.id}`, undefined, authorization))[0], 200);
assert.equal((await listCustomers(authorization)).length, 31);

// Ten days later.
const before = (await call("GET", "/_emulator/clock"))[1].time;
const after = (await call("POST", "/_emulator/clock", { advanceSeconds: 10 * 24 * 60 * 60 }))[1].time;
assert.ok(before < after);
console.log("Node.js: ok");
