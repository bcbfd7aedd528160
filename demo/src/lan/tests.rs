use std::net::UdpSocket;
use std::time::Duration;

use super::*;

/// How long nothing may come to be sure.
const WAIT: Duration = Duration::from_millis(300);
/// How long a datagram may take that is to come, on a machine that does much besides.
const PATIENCE: Duration = Duration::from_secs(60);

fn socket(host: &Host, address: &str) -> UdpSocket {
    host.inside(|| UdpSocket::bind(address)).expect("a host").expect("a socket")
}

fn hears_within(socket: &UdpSocket, time: Duration) -> bool {
    socket.set_read_timeout(Some(time)).expect("a time limit");
    socket.recv_from(&mut [0; 16]).is_ok()
}

fn hears(socket: &UdpSocket) -> bool {
    hears_within(socket, PATIENCE)
}

fn hears_nothing(socket: &UdpSocket) -> bool {
    !hears_within(socket, WAIT)
}

#[test]
fn hosts_hear_each_other_over_wires_alone() {
    if let Err(why) = may() {
        println!("SKIPPED: networks of one's own: {why}");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
        return;
    }
    let lan = Lan::new("lan-test").expect("a place for networks");
    let [left, middle, right] = ["left", "middle", "right"].map(|name| lan.host(name).expect("a host"));
    let one =
        lan.wire("one", &[(&left, Some("10.1.0.1/24")), (&middle, Some("10.1.0.2/24"))]).expect("a wire");
    lan.wire("two", &[(&middle, Some("10.2.0.2/24")), (&right, Some("10.2.0.3/24"))]).expect("a wire");
    let (here, there) = (socket(&left, "10.1.0.1:7"), socket(&middle, "10.1.0.2:7"));
    here.send_to(b"over the wire", "10.1.0.2:7").expect("sent");
    assert!(hears(&there));
    // The one in the middle stands on both wires and carries nothing from one to the other.
    let far = socket(&right, "10.2.0.3:7");
    assert!(here.send_to(b"beyond the wire", "10.2.0.3:7").is_err() || hears_nothing(&far));
    one.plug("left", false).expect("unplugged");
    let _ = here.send_to(b"unplugged", "10.1.0.2:7");
    assert!(hears_nothing(&there));
    one.plug("left", true).expect("plugged in");
    let is_heard = || here.send_to(b"plugged in", "10.1.0.2:7").is_ok() && !hears_nothing(&there);
    assert!((0..200).any(|_| is_heard()));
    let namespace = left.namespace().to_owned();
    drop(lan);
    assert!(!std::path::Path::new("/run/netns").join(namespace).exists(), "they are gone");
}

#[test]
fn a_bad_wire_loses_delays_and_doubles() {
    if may().is_err() {
        println!("SKIPPED: a bad wire: see the line above");
        return;
    }
    let lan = Lan::new("lan-bad").expect("a place for networks");
    let [left, right] = ["left", "right"].map(|name| lan.host(name).expect("a host"));
    let ends = [(&left, Some("10.3.0.1/24")), (&right, Some("10.3.0.2/24"))];
    let wire = lan.open_wire("bad", &ends).expect("a wire");
    let (here, there) = (socket(&left, "10.3.0.1:7"), socket(&right, "10.3.0.2:7"));
    let carrier = Carrier::start(&wire, 7).expect("a carrier");
    let send = |times: usize| (0..times).for_each(|_| drop(here.send_to(b"datagram", "10.3.0.2:7")));
    // At least so many are waited for, and then all that follow.
    let heard = |least: usize| {
        let waited_for = (0..least).take_while(|_| hears(&there)).count();
        waited_for + std::iter::from_fn(|| (!hears_nothing(&there)).then_some(())).count()
    };
    send(20);
    assert_eq!(heard(20), 20, "a good wire carries all");
    carrier.suffer(Faults { twice: 255, ..Faults::default() });
    send(20);
    assert!(heard(31) > 30);
    carrier.suffer(Faults { lost: 128, ..Faults::default() });
    send(40);
    assert!((5..=35).contains(&heard(5)));
    carrier.suffer(Faults { cut: true, ..Faults::default() });
    send(5);
    assert_eq!(heard(0), 0);
    let delay = Duration::from_millis(100);
    carrier.suffer(Faults { delay, ..Faults::default() });
    let begun = std::time::Instant::now();
    send(1);
    assert!(hears(&there) && begun.elapsed() >= delay);
}
