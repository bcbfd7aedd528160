//! A seller's host: it stands on two networks, and neither reaches through it into the other.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Output};

use kessai_demo::lan::{Host, Lan, Wire};
use kessai_shared::identity::Identity;
use kessai_shared::net::side::Side;
use kessai_shared::net::{Net, RealNet};
use kessai_shared::storefront::ALPN;
use kessai_shared::tls::{Migration, Peers, server_config};

use super::{Site, Word, ask, at, may, version_trigger, versions};

/// A seller between a stranger on the open network and a settlement on the closed one. Both know the way
/// through it to the other network.
struct Between {
    stranger: Host,
    settlement: Host,
    seller: Host,
    _wires: [Wire; 2],
    _lan: Lan,
}

impl Between {
    fn new(tag: &str) -> Self {
        let lan = Lan::new(tag).expect("namespaces");
        let [stranger, settlement, seller] =
            ["stranger", "settlement", "seller"].map(|name| lan.host(name).expect("a host"));
        let shop =
            lan.wire("shop", &[(&stranger, Some("198.51.100.2/24")), (&seller, Some("198.51.100.1/24"))]);
        let bank = lan.wire("bank", &[(&settlement, Some("10.77.0.1/24")), (&seller, Some("10.77.0.2/24"))]);
        route(&stranger, "10.77.0.0/24", "198.51.100.1");
        route(&settlement, "198.51.100.0/24", "10.77.0.2");
        let wires = [shop.expect("a wire"), bank.expect("a wire")];
        Self { stranger, settlement, seller, _wires: wires, _lan: lan }
    }
}

fn route(host: &Host, network: &str, via: &str) {
    let words = ["-n", host.namespace(), "route", "add", network, "via", via];
    assert!(Command::new("ip").args(words).status().expect("ip runs").success());
}

#[test]
fn what_comes_in_on_the_other_network_is_not_heard() {
    if !may("a host on two networks") {
        return;
    }
    let between = Between::new("filter-weak");
    let site = Site::new();
    // Linux takes an address of the one network on the interface of the other, unless the socket does not.
    let heard = |interface: Option<&str>, port: u16, expected: (u64, u64)| {
        let bind = SocketAddr::from(([10, 77, 0, 2], port));
        let interface = interface.map(str::to_owned);
        let (_endpoint, gate) =
            site.closed(&between.seller, &Side::Network { bind, interface, peers: Vec::new() });
        ask(&between.stranger, bind, &version_trigger(), Word::Silence);
        let from_open = versions(&gate, expected.0);
        ask(&between.settlement, bind, &version_trigger(), Word::Silence);
        assert_eq!((from_open, versions(&gate, expected.0 + expected.1) - from_open), expected);
    };
    // Without an interface, what comes in on either.
    heard(None, 7_001, (1, 1));
    // With one, what comes in there.
    heard(Some("bank"), 7_002, (0, 1));

    // The open endpoint, in turn, is not to be had from the closed network.
    let config = server_config(&site.seller, Peers::Any, ALPN, Migration::Allowed).expect("a configuration");
    let any = at("0.0.0.0:7000");
    let endpoint = between.seller.inside(|| {
        let _on = site.runtime.enter();
        RealNet::default().endpoint_on("shop", any, Some(config))
    });
    let _endpoint = endpoint.expect("a host").expect("an endpoint");
    let answers = |from, to, word| assert_eq!(ask(from, at(to), &version_trigger(), word), word);
    answers(&between.stranger, "198.51.100.1:7000", Word::Answer);
    answers(&between.settlement, "198.51.100.1:7000", Word::NobodyThere);
    answers(&between.settlement, "10.77.0.2:7000", Word::NobodyThere);
}

#[test]
fn an_interface_that_is_not_there_is_named() {
    if !may("interfaces") {
        return;
    }
    let lan = Lan::new("filter-none").expect("namespaces");
    let host = lan.host("alone").expect("a host");
    let error = host.inside(|| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let _on = runtime.enter();
        RealNet::default().endpoint_on("gone0", at("127.0.0.1:0"), None).err()
    });
    let told = error.expect("a host").expect("an error").to_string();
    assert!(told.contains("the interface gone0") && told.lines().count() == 1, "{told}");
}

#[test]
fn a_seller_does_not_run_where_the_kernel_forwards_between_its_networks() {
    if !may("a kernel that forwards") {
        return;
    }
    let between = Between::new("filter-way");
    let folder = tempfile::tempdir().expect("a folder");
    Identity::load_or_create(folder.path().join("keys/seller.key")).expect("a key");
    let settings = "listen = '198.51.100.1:7000'\nopen_interface = 'shop'\nclosed_bind = '10.77.0.2:0'\n\
                    link_interface = 'bank'\nsettlement = '10.77.0.1:7100'\n";
    let pin = format!("settlement_pins = ['{}']\n", "ab".repeat(32));
    fs::write(folder.path().join("server.toml"), format!("{settings}{pin}")).expect("server.toml");
    let told = || {
        let ended = between.seller.inside(|| serve(folder.path())).expect("a host");
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        String::from_utf8(ended.stderr).expect("text")
    };
    for interface in ["shop", "bank"] {
        let parameter = format!("net/ipv4/conf/{interface}/forwarding");
        between.seller.sysctl(&parameter, "1").expect("a parameter");
        let line = told();
        assert!(line.contains("the kernel forwards between shop and bank"), "{line}");
        assert!(line.contains(&format!("sysctl -w {parameter}=0")), "{line}");
        between.seller.sysctl(&parameter, "0").expect("a parameter");
    }
    // Once it forwards nothing, what is missing is something else.
    let line = told();
    assert!(!line.contains("forwards") && line.contains("knock.key is missing"), "{line}");
}

fn serve(data: &std::path::Path) -> Output {
    let mut serve = Command::new(env!("CARGO_BIN_EXE_kessai-demo"));
    serve.args(["kessai-server", "serve", "--data"]).arg(data).env_remove("RUST_LOG");
    serve.output().expect("it runs")
}
