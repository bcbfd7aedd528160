//! Who gets in. Only a reply counts: a client may believe it is in before the server has decided.

use std::sync::Arc;

use kessai_shared::exchange::{CallError, Client, Limits, LinkError};
use kessai_shared::pin_set::PinSet;
use kessai_shared::tls::{Peers, SERVER_NAME, client_config};
use rustls::crypto::aws_lc_rs::kx_group;
use tokio::time::timeout;

use crate::raw::{Show, answer_with, frame};
use crate::service::{
    ALPN, Ask, FOR_EVER, SOON, TestServer, Told, echo, endpoint, identity, until_counted, wait,
};

#[tokio::test]
async fn the_right_pins_get_in_and_are_told_apart() {
    let (server, client) = (identity(), identity());
    let server = TestServer::with(&server, Peers::pins([client.pin()]), Limits::default());
    let asking = server.client_as(&client).await.unwrap();
    assert_eq!(asking.peer_pin(), server.pin);
    let told = asking.call(&Ask::Whoami, SOON).await;
    assert_eq!(told, Ok(Told::You(client.pin())));
}

#[tokio::test]
async fn an_open_server_admits_any_good_certificate_and_no_bad_one() {
    let server = TestServer::open();
    assert!(Show::good().is_answered_by(server.addr).await);
    assert_eq!(server.calls(), 1);
    let mut nothing = Show::good();
    nothing.show_nothing = true;
    let mut other_alpn = Show::good();
    other_alpn.alpn = vec![b"kessai-test/2".to_vec()];
    let mut no_alpn = Show::good();
    no_alpn.alpn.clear();
    let mut other_group = Show::good();
    other_group.groups = vec![kx_group::X25519];
    let mut long = Show::good();
    long.chain.push(Show::good().chain[0].clone());
    let mut stolen = Show::good();
    stolen.key = Show::good().key;
    for (what, show) in [
        ("no certificate", nothing),
        ("an unrelated certificate behind", long),
        ("a chain", Show::vouched(true)),
        ("an issuer that is not there", Show::vouched(false)),
        ("ECDSA", Show::ecdsa()),
        ("expired", Show::dated(2020, 2021)),
        ("not yet valid", Show::dated(2040, 2041)),
        ("no private key", stolen),
        ("another protocol", other_alpn),
        ("no protocol", no_alpn),
        ("another key exchange", other_group),
    ] {
        assert!(!show.is_answered_by(server.addr).await, "{what}");
        assert_eq!(server.calls(), 1, "{what}");
    }
}

#[tokio::test]
async fn a_list_admits_its_keys_and_not_whoever_copies_their_certificate() {
    let known = Show::good();
    let peers = Peers::pins([known.pin()]);
    let server = TestServer::with(&identity(), peers, Limits::default());
    assert!(known.is_answered_by(server.addr).await);
    let mut stolen = known.clone();
    stolen.key = Show::good().key;
    for stranger in [Show::good(), stolen] {
        assert!(!stranger.is_answered_by(server.addr).await);
    }
    assert_eq!(server.calls(), 1);
}

#[tokio::test]
async fn a_client_that_is_refused_learns_it_with_its_first_reply() {
    let peers = Peers::pins([identity().pin()]);
    let server = TestServer::with(&identity(), peers, Limits::default());
    let error = match server.client_as(&identity()).await {
        Err(error) => error,
        Ok(client) => match echo(&client, 1).await {
            Err(CallError::Lost(error) | CallError::NotSent(error)) => error,
            other => panic!("a stranger got {other:?}"),
        },
    };
    assert!(matches!(error, LinkError::Refused(_)), "{error:?}");
    assert_eq!(server.calls(), 0);
}

#[tokio::test]
async fn a_client_believes_no_server_but_its_own() {
    let good = Show::good();
    let mut long = good.clone();
    long.chain.push(Show::good().chain[0].clone());
    let mut stolen = good.clone();
    stolen.key = Show::good().key;
    let mut other_group = good.clone();
    other_group.groups = vec![kx_group::X25519];
    let (expired, early) = (Show::dated(2020, 2021), Show::dated(2040, 2041));
    for (what, show, pin, believed) in [
        ("the right one", &good, good.pin(), true),
        ("another pin", &good, Show::good().pin(), false),
        ("a chain", &long, good.pin(), false),
        ("no private key", &stolen, good.pin(), false),
        ("expired", &expired, expired.pin(), false),
        ("not yet valid", &early, early.pin(), false),
        ("another key exchange", &other_group, good.pin(), false),
    ] {
        let reply = frame(0, &kessai_shared::codec::encode(&Told::Value(7)));
        let addr = answer_with(show, reply);
        let config = client_config(&identity(), Peers::pins([pin]), ALPN).unwrap();
        let told = match Client::connect(&endpoint(), addr, config, SERVER_NAME).await {
            Ok(client) => echo(&client, 7).await.ok(),
            Err(error) => {
                let refused = matches!(error, LinkError::Untrusted(_) | LinkError::Refused(_));
                assert!(refused, "{what}: {error:?}");
                None
            }
        };
        assert_eq!(told == Some(7), believed, "{what}");
    }
}

#[tokio::test]
async fn two_pins_let_a_server_change_its_key() {
    let (old, new, third) = (identity(), identity(), identity());
    let pins = [old.pin(), new.pin()];
    for (key, accepted) in [(&old, true), (&new, true), (&third, false)] {
        let server = TestServer::with(key, Peers::Any, Limits::default());
        let config = client_config(&identity(), Peers::pins(pins), ALPN).unwrap();
        let client = Client::connect(&endpoint(), server.addr, config, SERVER_NAME).await;
        assert_eq!(client.is_ok(), accepted);
    }
}

#[tokio::test]
async fn a_key_that_leaves_the_list_loses_its_connections_at_once() {
    let (stays, goes) = (identity(), identity());
    let list = Arc::new(PinSet::of([stays.pin(), goes.pin()]));
    let peers = Peers::Pins(Arc::clone(&list));
    let server = TestServer::with(&identity(), peers, Limits::default());
    let staying = server.client_as(&stays).await.unwrap();
    let going = server.client_as(&goes).await.unwrap();
    echo(&staying, 1).await.unwrap();
    echo(&going, 1).await.unwrap();
    let waiting = {
        let going = going.clone();
        tokio::spawn(async move { wait(&going, FOR_EVER, SOON).await })
    };
    until_counted(&server.teller.calls, 3).await;
    list.replace([stays.pin()]);
    let closed = timeout(SOON, going.closed()).await;
    assert_eq!(closed, Ok(LinkError::Revoked));
    let lost = CallError::Lost(LinkError::Revoked);
    assert_eq!(waiting.await.unwrap(), Err(lost));
    assert!(echo(&going, 2).await.is_err());
    assert_eq!(echo(&staying, 2).await, Ok(2));
    // Nor does the key get in again, until it is back on the list.
    if let Ok(again) = server.client_as(&goes).await {
        assert!(echo(&again, 3).await.is_err());
    }
    list.replace([stays.pin(), goes.pin()]);
    let again = server.client_as(&goes).await.unwrap();
    assert_eq!(echo(&again, 4).await, Ok(4));
}
