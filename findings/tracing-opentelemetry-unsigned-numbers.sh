#!/usr/bin/env bash
# Subject: tracing-opentelemetry, a span field whose value is an unsigned number, such as the u16 of an HTTP status
# Guess:   it is exported as an integer, as a signed number is
# Truth:   it is exported as a text, whatever its width, in spans and in events: OpenTelemetry has signed integers alone, and
#          404_u16, which fits one, is not converted to it. 404_i64 is an integer
# Matters: a query for http.response.status_code >= 500 finds nothing, and numbers beside it are summed as text or not at all
# Versions: tracing-opentelemetry 0.34.0, opentelemetry 0.33.1, tracing 0.1.44
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo init --quiet --vcs none --name finding --edition 2021
cargo add --quiet tracing@=0.1.44 tracing-opentelemetry@=0.34.0 opentelemetry@=0.33.1
cargo add --quiet opentelemetry_sdk@=0.33.1 --features trace,testing
cargo add --quiet tracing-subscriber@0.3 --no-default-features --features registry,std
cat > src/main.rs <<'RUST'
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use tracing_subscriber::layer::SubscriberExt;

fn main() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("finding"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let _entered = tracing::info_span!("request", status.u16 = 404_u16, status.u64 = 404_u64, status.i64 = 404_i64).entered();
        tracing::info!(status.event = 404_u16, "answered");
    });
    for span in exporter.get_finished_spans().unwrap() {
        let events = span.events.iter().flat_map(|event| event.attributes.iter());
        for attribute in span.attributes.iter().chain(events).filter(|attribute| attribute.key.as_str().starts_with("status.")) {
            println!("{} = {:?}", attribute.key, attribute.value);
        }
    }
}
RUST
cargo tree --quiet --depth 1
output=$(cargo run --quiet)
echo "$output"
expected='status.u16 = String(Owned("404"))
status.u64 = String(Owned("404"))
status.i64 = I64(404)
status.event = String(Owned("404"))'
[ "$output" = "$expected" ] || { echo "the behavior has changed"; exit 1; }
