//! A port that is open to one address and looks closed to all others.

use kessai_demo::lan::Lan;
use kessai_shared::net::side::Side;

use super::{Site, Word, ask, at, may, version_trigger, versions};

#[test]
fn a_port_with_connected_sockets_looks_closed_like_its_neighbours() {
    if !may("how a port looks to others") {
        return;
    }
    let lan = Lan::new("filter-port").expect("namespaces");
    let [settlement, seller, stranger] =
        ["settlement", "seller", "stranger"].map(|name| lan.host(name).expect("a host"));
    let ends = [
        (&settlement, Some("10.77.0.1/24")),
        (&seller, Some("10.77.0.2/24")),
        (&stranger, Some("10.77.0.3/24")),
    ];
    let _wire = lan.wire("bank", &ends).expect("a wire");
    // As often as it is asked, so that silence means something.
    settlement.sysctl("net/ipv4/icmp_ratelimit", "0").expect("a parameter");
    let site = Site::new();
    let (ours, neighbour) = (at("10.77.0.1:7100"), at("10.77.0.1:7101"));
    let datagrams = [b"hello".to_vec(), version_trigger()];

    let peers = vec![at("10.77.0.2:0"), at("10.77.0.77:7000")];
    let side = Side::Network { bind: ours, interface: Some("bank".to_owned()), peers };
    let (endpoint, gate) = site.closed(&settlement, &side);
    assert_eq!(endpoint.local_addr().expect("an address"), ours);
    for datagram in &datagrams {
        let words = [ours, neighbour].map(|to| ask(&stranger, to, datagram, Word::NobodyThere));
        assert_eq!(words, [Word::NobodyThere; 2], "to a stranger both ports are alike");
    }
    // The kernel has told the stranger, and the gate has heard nothing of it.
    assert_eq!(gate.counts(), kessai_shared::net::knock::Counts::default());
    for datagram in &datagrams {
        let word = ask(&seller, ours, datagram, Word::Silence);
        assert_eq!(word, Word::Silence, "from the address, without the key");
    }
    assert!(site.gets_in(&seller, &Side::at(at("10.77.0.2:0")), ours, true), "the seller gets in");
    assert!(
        !site.gets_in(&stranger, &Side::at(at("10.77.0.3:0")), ours, false),
        "even a stranger with its keys does not"
    );
    drop(endpoint);

    // With one socket for all, nothing is answered either, and that is what tells the port apart.
    let (_endpoint, gate) = site.closed(&settlement, &Side::at(at("10.77.0.1:7200")));
    for (to, word) in [(at("10.77.0.1:7200"), Word::Silence), (neighbour, Word::NobodyThere)] {
        assert_eq!(ask(&stranger, to, &version_trigger(), word), word);
    }
    assert_eq!((versions(&gate, 1), gate.counts().held_back), (1, 0));
}

#[test]
fn a_seller_with_connected_sockets_of_its_own_reaches_both_its_settlements() {
    if !may("connected sockets at both ends") {
        return;
    }
    let lan = Lan::new("filter-two").expect("namespaces");
    let [one, other, seller] = ["one", "other", "seller"].map(|name| lan.host(name).expect("a host"));
    let ends =
        [(&one, Some("10.77.0.1/24")), (&other, Some("10.77.0.4/24")), (&seller, Some("10.77.0.2/24"))];
    let _wire = lan.wire("bank", &ends).expect("a wire");
    let site = Site::new();
    let addresses = [at("10.77.0.1:7100"), at("10.77.0.4:7100")];
    let hears_seller = |bind| Side::Network { bind, interface: None, peers: vec![at("10.77.0.2:0")] };
    let _endpoints = [(&one, addresses[0]), (&other, addresses[1])]
        .map(|(host, address)| site.closed(host, &hears_seller(address)));
    let side = Side::Network {
        bind: at("0.0.0.0:0"),
        interface: Some("bank".to_owned()),
        peers: addresses.to_vec(),
    };
    for address in addresses {
        assert!(site.gets_in(&seller, &side, address, true), "{address}");
    }
    let elsewhere = Side::Network { bind: at("0.0.0.0:0"), interface: None, peers: vec![addresses[0]] };
    assert!(
        !site.gets_in(&seller, &elsewhere, addresses[1], false),
        "an address that is not among its peers"
    );
}
