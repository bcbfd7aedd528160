//! Spans as OTLP writes them in JSON: the body of one request to `/v1/traces`
//! (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding": ids in hexadecimal, 64-bit numbers as texts).

use serde_json::{Value, json};

use super::{Leg, Span};

/// What OTLP calls a span that answers a request, one that makes one, and one of neither kind.
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
const CLIENT: u8 = 3;

/// The request that hands these spans in.
pub(super) fn request(service: &str, spans: &[Span]) -> Value {
    let spans: Vec<Value> = spans.iter().map(span).collect();
    json!({
        "resourceSpans": [{
            "resource": { "attributes": [
                text("service.name", service),
                text("service.version", env!("CARGO_PKG_VERSION")),
            ] },
            "scopeSpans": [{ "scope": { "name": "kessai" }, "spans": spans }],
        }],
    })
}

fn span(span: &Span) -> Value {
    let Span { order, leg, id, parent, begun, micros, outcome } = span;
    let nanos = |micros: u64| (u128::from(micros) * 1_000).to_string();
    json!({
        "traceId": hex(order.as_bytes()),
        "spanId": hex(id),
        "parentSpanId": parent.map_or_else(String::new, |parent| hex(&parent)),
        "name": leg.name(),
        "kind": kind(*leg),
        "startTimeUnixNano": nanos(begun.0),
        "endTimeUnixNano": nanos(begun.0.saturating_add(*micros)),
        "attributes": [text("kessai.order", &order.to_string()), text("kessai.outcome", outcome)],
    })
}

fn hex(bytes: &[u8]) -> String {
    crate::hex::of(bytes).to_string()
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

const fn kind(leg: Leg) -> u8 {
    match leg {
        Leg::Opening | Leg::Deciding => INTERNAL,
        Leg::Order
        | Leg::Decision
        | Leg::Reversing
        | Leg::Capturing(_)
        | Leg::Releasing(_)
        | Leg::Refunding(_)
        | Leg::Asking => SERVER,
        Leg::Purchase | Leg::Inquiry | Leg::Reversal | Leg::Capture(_) | Leg::Release(_) | Leg::Refund(_) => {
            CLIENT
        }
    }
}
