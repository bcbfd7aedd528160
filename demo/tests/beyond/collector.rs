//! A little collector of OpenTelemetry: it takes what is posted to it, and keeps it.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

/// Largest body that it takes, in bytes.
const MAX_BODY: usize = 16 << 20;

pub struct Collector {
    pub address: SocketAddr,
    taken: Arc<Mutex<Vec<Value>>>,
}

/// A span as the collector got it.
#[derive(Clone, Debug)]
pub struct Taken {
    pub service: String,
    pub name: String,
    pub trace: String,
    pub span: String,
    pub parent: String,
    pub kind: u64,
    pub begun: u64,
    pub ended: u64,
    pub attributes: BTreeMap<String, String>,
}

impl Collector {
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let taken = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&taken);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // One who hung up, because he came to his end in the middle of it, has posted nothing.
                let Ok(body) = stream.and_then(answer) else { continue };
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(body);
            }
        });
        Self { address, taken }
    }

    /// All spans so far, each with the service that sent it.
    pub fn spans(&self) -> Vec<Taken> {
        let bodies = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let resources = bodies.iter().flat_map(|body| list(&body["resourceSpans"]));
        resources
            .flat_map(|resource| {
                let service = attributes(&resource["resource"])["service.name"].clone();
                let spans = list(&resource["scopeSpans"]).iter().flat_map(|scope| list(&scope["spans"]));
                spans.map(move |span| Taken::of(&service, span))
            })
            .collect()
    }
}

impl Taken {
    fn of(service: &str, span: &Value) -> Self {
        let text = |key: &str| span[key].as_str().unwrap_or_else(|| panic!("{key}: {span}")).to_owned();
        let nanos = |key: &str| text(key).parse().expect("nanoseconds");
        Self {
            service: service.to_owned(),
            name: text("name"),
            trace: text("traceId"),
            span: text("spanId"),
            parent: text("parentSpanId"),
            kind: span["kind"].as_u64().expect("a kind"),
            begun: nanos("startTimeUnixNano"),
            ended: nanos("endTimeUnixNano"),
            attributes: attributes(span),
        }
    }
}

fn attributes(of: &Value) -> BTreeMap<String, String> {
    let pair = |pair: &Value| {
        let value = pair["value"]["stringValue"].as_str().expect("a text");
        (pair["key"].as_str().expect("a key").to_owned(), value.to_owned())
    };
    list(&of["attributes"]).iter().map(pair).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

/// Reads one request as RFC 9112 has it, and answers it.
fn answer(stream: TcpStream) -> io::Result<Value> {
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    assert_eq!(line, "POST /v1/traces HTTP/1.1\r\n");
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    assert_eq!(headers["content-type"], "application/json");
    let length: usize = headers["content-length"].parse().expect("a length");
    assert!(length <= MAX_BODY);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    (&stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")?;
    Ok(serde_json::from_slice(&body).expect("JSON"))
}
