#!/usr/bin/env bash
# Subject: openapi-python-client, a response that is a oneOf with a discriminator and a mapping
# Guess:   the discriminator chooses the class, so that {"kind": "license"} becomes a LicenseLine
# Truth:   it is not looked at: the value becomes the first class of the oneOf that reads it without an exception, so a license
#          line becomes a UsageLine, and what only license lines have is in its additional_properties. Generation says nothing
# Matters: code that asks isinstance(line, LicenseLine), as the annotations suggest, never sees one; order decides what is read
# Versions: openapi-python-client 0.29.1 (Python 3)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1
cat > document.yaml <<'YAML'
openapi: 3.0.3
info: {title: Bills, version: '1'}
paths:
  /lines/first:
    get:
      operationId: firstLine
      responses:
        '200':
          description: A line.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Line'}
components:
  schemas:
    Line:
      oneOf: [{$ref: '#/components/schemas/UsageLine'}, {$ref: '#/components/schemas/LicenseLine'}]
      discriminator:
        propertyName: kind
        mapping: {usage: '#/components/schemas/UsageLine', license: '#/components/schemas/LicenseLine'}
    UsageLine:
      type: object
      required: [kind]
      properties: {kind: {type: string}, meter: {type: string}}
    LicenseLine:
      type: object
      required: [kind]
      properties: {kind: {type: string}, seats: {type: integer}}
YAML
environment/bin/openapi-python-client --version
# The generator calls ruff at its end, which was installed with it.
export PATH="$folder/environment/bin:$PATH"
openapi-python-client generate --path document.yaml --meta none --output-path bills 2>&1 | tee log
cat > finding.py <<'PYTHON'
import httpx
from bills import Client
from bills.api.default import first_line

for body in ({"kind": "usage", "meter": "storage"}, {"kind": "license", "seats": 3}):
    client = Client("https://api.contoso.example")
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=body))
    client.set_httpx_client(httpx.Client(base_url="https://api.contoso.example", transport=transport))
    line = first_line.sync(client=client)
    print(f"{body} is a {type(line).__name__}, additional properties: {line.additional_properties}")
PYTHON
output=$(environment/bin/python finding.py)
echo "$output"
expected="{'kind': 'usage', 'meter': 'storage'} is a UsageLine, additional properties: {}
{'kind': 'license', 'seats': 3} is a UsageLine, additional properties: {'seats': 3}"
[ "$output" = "$expected" ] || { echo "the behavior has changed"; exit 1; }
! grep -qi 'warning\|discriminator' log || { echo "generation warns now"; exit 1; }
