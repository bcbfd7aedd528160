//! Spans and a collector that is never there: what is begun is never held up, and nothing is lost uncounted.
//! A process has one way for its spans, so this is one test in a program of its own.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use kessai_shared::config::{Config, ConfigError};
use kessai_shared::ids::{CaptureId, OrderId};
use kessai_shared::time::Timestamp;
use kessai_shared::trace::{self, Leg, Settings};

/// More than may wait, by far.
const SPANS: u64 = 40_000;

fn order(nth: u64) -> OrderId {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&nth.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    OrderId::mint(Timestamp(1_700_000_000_000_000), random)
}

#[tokio::test]
async fn a_collector_that_takes_nothing_keeps_nobody_waiting_and_every_span_is_counted() {
    // It lets everybody connect, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = silent.local_addr().expect("an address");
    assert_eq!(trace::counts(), None);
    trace::start(Some(&Settings { endpoint, ratio: 0.5 }), "test");
    for nth in 0..SPANS {
        let leg = trace::begin(order(nth), Leg::Order);
        leg.part(Leg::Opening).end("opened");
        leg.end("confirmed");
        if nth % 1_000 == 0 {
            tokio::task::yield_now().await;
        }
    }
    trace::flush(Duration::from_millis(50)).await;
    // Half of the orders are sampled, each with two spans. Some wait, one request is under way, and all others
    // were dropped at once, because there was no room for them.
    let (sent, dropped) = trace::counts().expect("counts");
    assert_eq!(sent, 0);
    let waiting = SPANS.abs_diff(dropped);
    assert!(dropped < SPANS && (7_500..11_000).contains(&waiting), "{dropped} dropped of about {SPANS}");
    drop(silent);
}

#[test]
fn joint_legs_have_spans_that_everybody_can_work_out() {
    let (one, other) = (order(1), order(2));
    let first = CaptureId::of(one, 0);
    let legs = [Leg::Purchase, Leg::Order, Leg::Inquiry, Leg::Reversal, Leg::Capture(first)];
    let mut spans: Vec<_> = legs.iter().map(|leg| leg.span(one)).collect();
    spans.extend(legs.iter().map(|leg| leg.span(other)));
    spans.push(Leg::Capture(CaptureId::of(one, 1)).span(one));
    let count = spans.len();
    spans.sort_unstable();
    spans.dedup();
    assert_eq!(spans.len(), count, "two legs have one span");
    // Programs of another build have to come to the same.
    let known = OrderId::from_bytes([7; 16]);
    assert_eq!(Leg::Order.span(known), Leg::Order.span(OrderId::from_bytes([7; 16])));
    assert_eq!(Leg::Capturing(first).parent(), Some(Leg::Capture(first)));
    let mut leg = Leg::Deciding;
    let mut way = vec![leg.name()];
    while let Some(parent) = leg.parent() {
        leg = parent;
        way.push(leg.name());
    }
    assert_eq!(way, ["deciding", "decision", "inquiry", "order", "purchase"]);
}

#[test]
fn the_configuration_of_traces_tells_every_mistake() {
    let read = |text: &str| {
        let mut config = Config::of_text(Path::new("x.toml"), text).expect("TOML");
        let settings = Settings::take(&mut config);
        config.finish().map(|()| settings)
    };
    assert_eq!(read("").expect("nothing"), None);
    let settings = read("[traces]\nendpoint = 'http://127.0.0.1:4318/'\nratio = 0.25\n").expect("settings");
    let expected = Settings { endpoint: "127.0.0.1:4318".parse().expect("an address"), ratio: 0.25 };
    assert_eq!(settings, Some(expected));
    for (text, mistakes) in [
        ("[traces]\n", 1),
        ("[traces]\nendpoint = 'https://127.0.0.1:4318'\n", 1),
        ("[traces]\nendpoint = 'http://127.0.0.1:4318/v1'\nratio = 0\n", 2),
        ("[traces]\nendpoint = 'http://127.0.0.1:4318'\nratio = 1.5\nheaders = 'a'\n", 2),
        ("traces = 5\n", 1),
    ] {
        let ConfigError(told) = read(text).expect_err("mistakes");
        assert_eq!(told.len(), mistakes, "{text}: {told:?}");
    }
    assert!("http://localhost:4318".parse::<Settings>().is_err(), "names would have to be looked up");
}
