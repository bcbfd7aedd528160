//! The same exchange on a simulated network that loses, cuts and crashes.

use std::future::pending;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::exchange::{CallError, Limits, Link, serve};
use kessai_shared::identity::Identity;
use kessai_shared::net::{Net, lasting_config, reset_key};
use kessai_shared::pin::Pin;
use kessai_shared::tls::{Migration, Peers, client_config, server_config};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use turmoil::{Builder, Sim};

use crate::service::{ALPN, Ask, Teller, Told, identity};
use crate::sim_net::SimNet;

const PORT: u16 = 4433;
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// 26 of 256 datagrams, each way.
const TENTH: u8 = 26;

fn simulation(seed: u64) -> Sim<'static> {
    Builder::new()
        .simulation_duration(Duration::from_secs(300))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(20))
        .udp_capacity(4096)
        .rng_seed(seed)
        .build()
}

fn host(sim: &mut Sim<'_>, key: Arc<Identity>, net: SimNet) {
    sim.host("server", move || {
        let (key, net) = (Arc::clone(&key), net.clone());
        async move {
            let config = server_config(&key, Peers::Any, ALPN, Migration::Allowed)?;
            let addr = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), PORT);
            let endpoint = net.endpoint(addr, Some(config))?;
            let teller = Arc::new(Teller::default());
            serve(endpoint, Peers::Any, teller, Limits::default(), pending()).await;
            Ok(())
        }
    });
}

fn link(net: &SimNet, pin: Pin) -> Link {
    let endpoint = net.endpoint(ANY_PORT, None).unwrap();
    let config = client_config(&identity(), Peers::pins([pin]), ALPN).unwrap();
    let addr = SocketAddr::new(turmoil::lookup("server"), PORT);
    Link::new(endpoint, addr, config)
}

async fn echo(link: &Link, value: u64) -> Result<Told, CallError> {
    link.call(&Ask::Echo(value), Duration::from_secs(4)).await
}

#[test]
fn loss_and_a_partition_leave_no_call_without_an_outcome() {
    let mut sim = simulation(1);
    let key = Arc::new(identity());
    let pin = key.pin();
    host(&mut sim, key, SimNet::losing(2, TENTH));
    sim.client("client", async move {
        let link = link(&SimNet::losing(3, TENTH), pin);
        let mut calls = JoinSet::new();
        for value in 0..200 {
            let link = link.clone();
            calls.spawn(async move {
                sleep(Duration::from_millis(value * 15)).await;
                let started = Instant::now();
                let outcome = echo(&link, value).await;
                assert!(started.elapsed() < Duration::from_millis(4100));
                (value, outcome)
            });
        }
        sleep(Duration::from_secs(1)).await;
        turmoil::partition("client", "server");
        sleep(Duration::from_secs(1)).await;
        turmoil::repair("client", "server");
        let outcomes = calls.join_all().await;
        assert_eq!(outcomes.len(), 200);
        let mut failed = Vec::new();
        for (value, outcome) in outcomes {
            match outcome {
                Ok(told) => assert_eq!(told, Told::Value(value)),
                Err(_) => failed.push(value),
            }
        }
        assert!(failed.len() < 150, "{} of 200 failed", failed.len());
        for value in failed {
            assert_eq!(echo(&link, value).await, Ok(Told::Value(value)));
        }
        Ok(())
    });
    sim.run().unwrap();
}

#[test]
fn a_link_finds_its_way_back_when_the_network_does() {
    let mut sim = simulation(4);
    let key = Arc::new(identity());
    let pin = key.pin();
    host(&mut sim, key, SimNet::new(5));
    sim.client("client", async move {
        let link = link(&SimNet::new(6), pin);
        assert!(echo(&link, 1).await.is_ok());
        turmoil::partition("client", "server");
        let error = echo(&link, 2).await.unwrap_err();
        assert_eq!(error, CallError::Timeout);
        // Long enough for the transport to give up as well.
        sleep(Duration::from_secs(60)).await;
        let error = echo(&link, 3).await.unwrap_err();
        assert!(!error.may_have_happened(), "{error:?}");
        turmoil::repair("client", "server");
        let healed = Instant::now();
        while echo(&link, 4).await.is_err() {}
        assert!(healed.elapsed() < Duration::from_secs(10));
        Ok(())
    });
    sim.run().unwrap();
}

#[test]
fn a_crashed_host_is_reached_again_after_its_restart() {
    for lasting in [true, false] {
        let mut sim = simulation(7);
        let key = Arc::new(identity());
        let pin = key.pin();
        let mut net = SimNet::new(8);
        if lasting {
            net = net.with_config(lasting_config(Arc::new(reset_key(&key))));
        }
        host(&mut sim, key, net);
        sim.client("client", async move {
            let link = link(&SimNet::new(9), pin);
            assert!(echo(&link, 1).await.is_ok());
            sleep(Duration::from_secs(10)).await;
            let asked = Instant::now();
            while echo(&link, 2).await.is_err() {}
            // Told by the new process, or else by the deadline of the call that went nowhere.
            let patience = if lasting { 1 } else { 6 };
            assert!(asked.elapsed() < Duration::from_secs(patience), "{lasting}");
            assert!(lasting || asked.elapsed() > Duration::from_secs(3));
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
        assert!(crashed);
    }
}
