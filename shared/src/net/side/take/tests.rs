use std::path::Path;

use clap::Parser;

use super::*;
use crate::config::ConfigError;
use crate::net::side::End;

const FILE: &str = "/data/settlement.toml";

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn take_at(text: &str, args: &[&str], named: Option<&str>) -> Result<Side, Vec<String>> {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        link: GivenLink,
    }
    let given =
        Line::try_parse_from([&["daemon"], args].concat()).map_err(|error| vec![error.to_string()])?;
    let mut config = Config::of_text(Path::new(FILE), text).map_err(|ConfigError(lines)| lines)?;
    let named = named.map(|text| text.parse().expect("an address"));
    let bind = Bind { key: "listen", named, otherwise: anywhere() };
    let side = Side::take(&mut config, given.link, End::Seller, &bind);
    config.finish().map(|()| side).map_err(|ConfigError(lines)| lines)
}

fn take(text: &str) -> Result<Side, Vec<String>> {
    take_at(text, &[], None)
}

fn ethernet(interface: &str, peer: Option<Mac>) -> Side {
    Side::Ethernet { end: End::Seller, interface: interface.to_owned(), peer }
}

#[test]
fn without_a_word_it_is_a_network() {
    assert_eq!(take("").unwrap(), Side::at(anywhere()));
    assert_eq!(take("link = 'closed-network'").unwrap(), Side::at(anywhere()));
    let listen = "10.0.0.1:7100";
    assert_eq!(take_at("", &[], Some(listen)).unwrap(), Side::at(listen.parse().unwrap()));
}

#[test]
fn a_network_has_an_interface_and_peers() {
    let side = take("link_interface = 'eth1'\nlink_peers = ['10.0.0.2', '[fd00::2]:7100']").unwrap();
    let peers = ["10.0.0.2:0", "[fd00::2]:7100"].map(|text| text.parse().unwrap()).to_vec();
    assert_eq!(side, Side::Network { bind: anywhere(), interface: Some("eth1".to_owned()), peers });
}

#[test]
fn a_line_has_what_belongs_to_it() {
    let line = "link = 'ethernet-line'\nlink_interface = 'eth1'";
    assert_eq!(take(line).unwrap(), ethernet("eth1", None));
    let peer = [0x02, 0, 0, 0, 0, 0xff];
    assert_eq!(
        take(&format!("{line}\nlink_peer = '02:00:00:00:00:fF'")).unwrap(),
        ethernet("eth1", Some(peer))
    );
    let unix = |path: &str| Side::Unix { end: End::Seller, path: path.into() };
    assert_eq!(take("link = 'unix-line'\nlink_path = '/run/kessai'").unwrap(), unix("/run/kessai"));
    assert_eq!(take("link = 'unix-line'\nlink_path = 'line'").unwrap(), unix("/data/line"));
}

#[test]
fn the_command_line_goes_before_the_file() {
    let file = "link = 'unix-line'\nlink_path = '/run/kessai'";
    let path = ["--link-path", "here"];
    assert_eq!(take_at(file, &path, None).unwrap(), Side::Unix { end: End::Seller, path: "here".into() });
    let other = ["--link", "ethernet-line", "--link-interface", "eth2", "--link-peer", "02:00:00:00:00:01"];
    assert_eq!(take_at("", &other, None).unwrap(), ethernet("eth2", Some([2, 0, 0, 0, 0, 1])));
    // The folder that the file still names is for another link.
    let mistakes = take_at(file, &other, None).unwrap_err();
    assert_eq!(mistakes, ["/data/settlement.toml: link_path: an ethernet-line has none; leave it out"]);
    assert!(take_at("", &["--link", "carrier-pigeon"], None).is_err());
    assert!(take_at("", &["--link-peer", "ff:ff:ff:ff:ff:ff"], None).is_err());
}

#[test]
fn every_mistake_is_told_at_once() {
    let text = "link = 'unix-line'\nlink_interface = 'eth1'\nlink_peers = '10.0.0.2'\n\
                link_peer = '02:00:00:00:00:01'\nlink_color = 'blue'";
    let told = take_at(text, &[], Some("10.0.0.1:7100")).unwrap_err();
    let expected = [
        "link_interface: a unix-line has none; leave it out",
        "link_peers: a unix-line has none; leave it out",
        "link_peer: a unix-line has none; leave it out",
        "listen: a unix-line has none; leave it out",
        "link_path: is missing; expected the name of a folder that both daemons share",
        "link_color: there is no such key",
    ];
    assert_eq!(told, expected.map(|what| format!("{FILE}: {what}")));
}

#[test]
fn a_link_that_is_none_is_one_mistake() {
    let told = take("link = 'unix'\nlink_path = '/run/kessai'").unwrap_err();
    assert_eq!(told, [format!("{FILE}: link: expected {A_LINK}")]);
}

#[test]
fn what_is_missing_or_wrong_is_told_once() {
    let told = take("link = 'ethernet-line'").unwrap_err();
    assert_eq!(told, [format!("{FILE}: link_interface: is missing; expected {AN_INTERFACE}")]);
    for name in ["", "a name with spaces", "seventeen-letters", "..", "a/b", "eth0:1", "\\u0000"] {
        let told = take(&format!("link = 'ethernet-line'\nlink_interface = \"{name}\"")).unwrap_err();
        assert_eq!(told, [format!("{FILE}: link_interface: expected {AN_INTERFACE}")]);
    }
    let stations = [
        "",
        "02:00:00:00:00",
        "02:00:00:00:00:01:02",
        "2:0:0:0:0:1",
        "02-00-00-00-00-01",
        "+2:00:00:00:00:01",
        "ff:ff:ff:ff:ff:ff",
        "01:00:5e:00:00:01",
        "00:00:00:00:00:00",
    ];
    for station in stations {
        let text = format!("link = 'ethernet-line'\nlink_interface = 'eth1'\nlink_peer = '{station}'");
        assert_eq!(
            take(&text).unwrap_err(),
            [format!("{FILE}: link_peer: expected {A_STATION}")],
            "{station}"
        );
    }
    let many = vec!["'10.0.0.2'"; MAX_PEERS + 1].join(", ");
    for peers in ["'everyone'".to_owned(), "[]".to_owned(), "7".to_owned(), format!("[{many}]")] {
        let told = take(&format!("link_peers = {peers}")).unwrap_err();
        assert_eq!(told, [format!("{FILE}: link_peers: expected {SOME_PEERS}")]);
    }
}
