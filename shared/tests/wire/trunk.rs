//! A trunk on a simulated network with a clock of its own: cut, lost, busy, and with several ways.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kessai_shared::exchange::{CallError, Health, Limits, State, Trunk, serve};
use kessai_shared::identity::Identity;
use kessai_shared::net::Net;
use kessai_shared::pin::Pin;
use kessai_shared::tls::{Migration, Peers, closed_client_config, server_config};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use turmoil::{Builder, Sim};

use crate::service::{ALPN, Ask, Teller, Told, identity};
use crate::sim_net::SimNet;

const PORT: u16 = 4433;
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
/// How soon a call is answered after the way to its server is clear: an attempt is made every quarter of a
/// second, and each takes two round trips of at most 40 ms.
const AT_ONCE: Duration = Duration::from_millis(500);
/// How soon it is answered when the server has first to be found out as silent.
const SOON: Duration = Duration::from_millis(1_000);

fn simulation(seed: u64) -> Sim<'static> {
    Builder::new()
        .simulation_duration(Duration::from_secs(300))
        .tick_duration(Duration::from_millis(5))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(20))
        .udp_capacity(4096)
        .rng_seed(seed)
        .build()
}

/// A server that gives no resets: each life of it has another key for them.
fn host(sim: &mut Sim<'_>, name: &str, key: &Arc<Identity>, peers: Peers) -> Arc<Teller> {
    let (teller, key) = (Arc::new(Teller::default()), Arc::clone(key));
    let told = Arc::clone(&teller);
    sim.host(name, move || {
        let (key, teller, peers) = (Arc::clone(&key), Arc::clone(&told), peers.clone());
        async move {
            let config = server_config(&key, peers.clone(), ALPN, Migration::Refused)?;
            let addr = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), PORT);
            let endpoint = SimNet::new(5).endpoint(addr, Some(config))?;
            serve(endpoint, peers, teller, Limits::default(), std::future::pending()).await;
            Ok(())
        }
    });
    teller
}

fn trunk(pin: Pin, servers: &[&str]) -> Trunk {
    let endpoint = SimNet::new(6).endpoint(ANY_PORT, None).unwrap();
    let config = closed_client_config(&identity(), Peers::pins([pin]), ALPN).unwrap();
    let addresses: Vec<_> =
        servers.iter().map(|server| SocketAddr::new(turmoil::lookup(*server), PORT)).collect();
    Trunk::new(endpoint, &addresses, config).unwrap()
}

async fn echo(trunk: &Trunk, value: u64, deadline: Duration) -> Result<Told, CallError> {
    trunk.call(&Ask::Echo(value), deadline).await
}

/// Asks until there is an answer, as the courier does; how long that took.
async fn insist(trunk: &Trunk, since: Instant) -> Duration {
    while echo(trunk, 1, Duration::from_secs(3)).await.is_err() {}
    since.elapsed()
}

async fn settled(trunk: &Trunk) -> Health {
    // Whether the server answers is looked at every 50 ms.
    sleep(Duration::from_millis(100)).await;
    trunk.health()
}

#[test]
fn a_link_that_was_cut_is_spoken_on_as_soon_as_it_heals() {
    let mut sim = simulation(1);
    let key = Arc::new(identity());
    let pin = key.pin();
    let teller = host(&mut sim, "server", &key, Peers::Any);
    sim.client("client", async move {
        let trunk = trunk(pin, &["server"]);
        insist(&trunk, Instant::now()).await;
        let mut asked = 1;
        for cut in [500, 3_000, 20_000, 60_000] {
            turmoil::partition("client", "server");
            let begun = Instant::now();
            let mut calls = JoinSet::new();
            while begun.elapsed() < Duration::from_millis(cut) {
                asked += 1;
                let trunk = trunk.clone();
                calls.spawn(async move { echo(&trunk, 7, Duration::from_secs(3)).await });
                sleep(Duration::from_millis(50)).await;
            }
            turmoil::repair("client", "server");
            asked += 1;
            let back = insist(&trunk, Instant::now()).await;
            assert!(back < AT_ONCE, "{back:?} after a cut of {cut} ms");
            while let Some(call) = calls.join_next().await {
                assert!(matches!(call.unwrap(), Ok(Told::Value(7)) | Err(_)));
            }
        }
        let health = settled(&trunk).await;
        assert_eq!((health.state, health.waiting, health.in_flight), (State::Up, 0, 0));
        assert!(health.lost > 0 && health.sent > health.lost && health.connections > 1, "{health:?}");
        assert!(teller.calls.load(Ordering::SeqCst) <= asked, "a request was sent more than once");
        Ok(())
    });
    sim.run().unwrap();
}

#[test]
fn a_server_that_was_started_again_is_found_out_by_its_silence() {
    let mut sim = simulation(2);
    let key = Arc::new(identity());
    let pin = key.pin();
    host(&mut sim, "server", &key, Peers::Any);
    sim.client("client", async move {
        let trunk = trunk(pin, &["server"]);
        insist(&trunk, Instant::now()).await;
        sleep(Duration::from_secs(8)).await;
        // Nothing was asked meanwhile, and nobody said that the connection is gone.
        assert_eq!(trunk.health().connections, 1);
        let back = insist(&trunk, Instant::now()).await;
        assert!(back < SOON, "{back:?}");
        assert_eq!(settled(&trunk).await.connections, 2);
        Ok(())
    });
    let mut crashed = false;
    while !sim.step().unwrap() {
        if !crashed && sim.elapsed() > Duration::from_secs(5) {
            crashed = true;
            sim.crash("server");
            sim.bounce("server");
        }
    }
}

#[test]
fn a_server_that_is_slow_keeps_its_connection() {
    let mut sim = simulation(3);
    let key = Arc::new(identity());
    let pin = key.pin();
    host(&mut sim, "server", &key, Peers::Any);
    sim.client("client", async move {
        let trunk = trunk(pin, &["server"]);
        let slow = trunk.call::<_, Told>(&Ask::Wait { millis: 8_000, value: 4 }, Duration::from_secs(9));
        assert_eq!(slow.await, Ok(Told::Value(4)));
        let health = settled(&trunk).await;
        assert_eq!((health.connections, health.state), (1, State::Up), "{health:?}");
        Ok(())
    });
    sim.run().unwrap();
}

#[test]
fn of_several_ways_one_that_answers_is_taken_and_tried_first_from_then_on() {
    let mut sim = simulation(4);
    let key = Arc::new(identity());
    let pin = key.pin();
    host(&mut sim, "one", &key, Peers::Any);
    host(&mut sim, "two", &key, Peers::Any);
    sim.client("client", async move {
        // Nobody answers at our own address.
        let trunk = trunk(pin, &["client", "one", "two"]);
        insist(&trunk, Instant::now()).await;
        let address = |name: &str| SocketAddr::new(turmoil::lookup(name), PORT);
        for (used, other) in [("one", "two"), ("two", "one")] {
            let health = settled(&trunk).await;
            assert_eq!(health.address, Some(address(used)));
            assert_eq!(health.addresses.first(), Some(&address(used)));
            assert_eq!(health.addresses.len(), 3);
            turmoil::partition("client", used);
            let back = insist(&trunk, Instant::now()).await;
            assert!(back < SOON, "{back:?}");
            assert_eq!(settled(&trunk).await.address, Some(address(other)));
            turmoil::repair("client", used);
        }
        Ok(())
    });
    sim.run().unwrap();
}

#[test]
fn a_call_that_finds_no_link_ends_at_its_deadline_and_was_never_sent() {
    let mut sim = simulation(5);
    let key = Arc::new(identity());
    let pin = key.pin();
    let teller = host(&mut sim, "server", &key, Peers::Any);
    sim.client("client", async move {
        turmoil::partition("client", "server");
        let trunk = trunk(pin, &["server"]);
        let begun = Instant::now();
        let error = echo(&trunk, 1, Duration::from_millis(700)).await.unwrap_err();
        assert!(matches!(error, CallError::NotSent(_)), "{error:?}");
        assert!(begun.elapsed() < Duration::from_millis(750));
        let busy = trunk.health().attempts;
        sleep(Duration::from_secs(10)).await;
        let health = trunk.health();
        assert_eq!((health.state, health.waiting, health.connections), (State::Down, 0, 0));
        // Nobody waits any more, so attempts are a second apart.
        assert!((9..=18).contains(&(health.attempts - busy)), "{health:?}");
        assert_eq!(teller.calls.load(Ordering::SeqCst), 0);
        Ok(())
    });
    sim.run().unwrap();
}

#[test]
fn a_server_that_refuses_us_is_asked_less_and_less_often() {
    let mut sim = simulation(6);
    let key = Arc::new(identity());
    let pin = key.pin();
    let teller = host(&mut sim, "server", &key, Peers::pins([identity().pin()]));
    sim.client("client", async move {
        let trunk = trunk(pin, &["server"]);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            assert!(echo(&trunk, 1, Duration::from_secs(2)).await.is_err());
        }
        let health = trunk.health();
        assert_eq!(health.state, State::Down);
        // 250, 500, 1,000, 2,000 and 4,000 ms, and then 5 s each, none less than three quarters of it.
        assert!((5..=10).contains(&health.connections), "{health:?}");
        assert_eq!(teller.calls.load(Ordering::SeqCst), 0);
        Ok(())
    });
    sim.run().unwrap();
}
