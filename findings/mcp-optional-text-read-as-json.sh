#!/usr/bin/env bash
# Subject: the Python SDK of the Model Context Protocol, a tool whose parameter is an optional text (str | None)
# Guess:   the tool gets the text that was sent, as it does where the parameter is a text (str)
# Truth:   a text that happens to be JSON is read first: the text "null" arrives as None, and the text of an object or a list is
#          refused as "not a valid string", although the schema of the tool says that a text is what it takes
# Matters: this API's filter for customers is a text that holds a JSON object; an optional parameter cannot hand it on
# Versions: mcp 2.3.0 (Python 3)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv environment
environment/bin/pip install --quiet --disable-pip-version-check mcp==2.3.0
cat > finding.py <<'PYTHON'
import asyncio

from mcp.server import MCPServer

server = MCPServer("finding")


@server.tool()
def required(filter: str) -> str:
    return repr(filter)


@server.tool()
def optional(filter: str | None = None) -> str:
    return repr(filter)


async def main():
    for tool in await server.list_tools():
        print(tool.name, tool.input_schema["properties"]["filter"])
    for name in ("required", "optional"):
        for text in ("contoso", "null", '{"Field": "CompanyName", "Value": "con"}'):
            try:
                outcome = (await server.call_tool(name, {"filter": text})).content[0].text
            except Exception as error:
                outcome = "error: " + " ".join(str(error).split())
            print(f"{name}: {text} -> {outcome}")


asyncio.run(main())
PYTHON
environment/bin/pip list --disable-pip-version-check 2> /dev/null | grep -i '^mcp '
output=$(environment/bin/python finding.py)
echo "$output"
has() { grep -qF -- "$1" <<< "$output" || { echo "the behavior has changed: no line with $1"; exit 1; }; }
has "required: contoso -> 'contoso'"
has "required: null -> 'null'"
has "required: {\"Field\": \"CompanyName\", \"Value\": \"con\"} -> '{\"Field\": \"CompanyName\", \"Value\": \"con\"}'"
has "optional: contoso -> 'contoso'"
has "optional: null -> None"
grep -q 'optional: {"Field".* -> error: .*valid string' <<< "$output" || { echo "the behavior has changed"; exit 1; }
