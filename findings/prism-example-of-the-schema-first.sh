#!/usr/bin/env bash
# Subject: Prism as a mock server, a response that has examples of its own and a schema with an `example`
# Guess:   the example of the media type is served, as OpenAPI 3.0.3 says that it overrides the example of the schema
# Truth:   the example of the schema is served; without it, that of the media type is
# Matters: an example that is meant for the documentation of a schema changes what clients get from the mock
# Versions: @stoplight/prism-cli 5.16.0, Node.js 20
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${prism:-}" 2> /dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @stoplight/prism-cli@5.16.0 > npm.log 2>&1 || { cat npm.log; exit 1; }
document() {
    cat << YAML
openapi: 3.0.3
info: {title: Example, version: '1'}
paths:
  /thing:
    get:
      responses:
        '200':
          description: A thing.
          content:
            application/json:
              schema: {\$ref: '#/components/schemas/Thing'}
              examples:
                first: {value: {name: of the media type}}
components:
  schemas:
    Thing:
      type: object
      properties: {name: {type: string}}
$1
YAML
}
served() {
    document "$1" > document.yaml
    node_modules/.bin/prism mock --port 4917 document.yaml > prism.log 2>&1 &
    prism=$!
    for _ in $(seq 100); do grep -q 'Prism is listening' prism.log && break; sleep 0.1; done
    curl --silent --max-time 5 http://127.0.0.1:4917/thing
    kill "$prism"
    wait "$prism" 2> /dev/null || true
}
node_modules/.bin/prism --version
output="schema without an example: $(served '')
schema with an example: $(served '      example: {name: of the schema}')"
echo "$output"
grep -q 'without an example: .*of the media type' <<< "$output" || { echo "the comparison has changed"; exit 1; }
grep -q 'with an example: .*of the schema' <<< "$output" || { echo "the behavior has changed"; exit 1; }
