#!/usr/bin/env bash
# Runs the programs of this folder against the emulator, those whose languages are installed:
#   cargo build --bin partner-center && docs/emulator/try.sh target/debug/partner-center
set -euo pipefail
command=${1:-partner-center}
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
"$command" emulator --quiet --data "$folder/emulator.data" > "$folder/output" &
emulator=$!
trap 'kill "$emulator"; wait "$emulator" || true; rm -rf "$folder"' EXIT
until grep -q '^listening on ' "$folder/output"; do
    kill -0 "$emulator"
    sleep 0.1
done
url=$(sed -n 's/^listening on //p' "$folder/output")

run() {
    if command -v "$1" > /dev/null; then "$@"; else echo "$1 is not installed"; fi
}
run python3 "$here/customers.py" "$url"
run node "$here/customers.mjs" "$url"
run pwsh "$here/customers.ps1" "$url"
if command -v mcs > /dev/null; then
    mcs -langversion:7.2 -r:System.Net.Http.dll -out:"$folder/customers.exe" "$here/Customers.cs"
    mono "$folder/customers.exe" "$url"
elif command -v dotnet > /dev/null; then
    dotnet new console --output "$folder/customers" > "$folder/dotnet.log"
    cp "$here/Customers.cs" "$folder/customers/Program.cs"
    dotnet run --project "$folder/customers" -- "$url"
else
    echo "neither mono nor dotnet is installed"
fi
