//! Two hosts, a cable, and two daemons that run as nobody.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use kessai_demo::lan::{Host, Lan};
use kessai_demo::sample::Sample;
use kessai_shared::net::packet::{PacketSocket, Protocol};
use kessai_tui_client::shop_file::ShopFile;

use super::cable::Cable;
use super::may_have_hosts;
use super::support::books::verify;
use super::support::closed::hand_over_knock_key;
use super::support::command::{Running, launch, run};
use super::support::terminal::Terminal;

/// Who the daemons become. Every Linux has this one.
const USER: &str = "nobody";
const NOBODY: u32 = 65_534;

/// The two hosts of a line, and their data.
struct Place {
    folder: tempfile::TempDir,
    program: PathBuf,
    bank: Host,
    shop: Host,
}

impl Place {
    fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A daemon on its host, begun by the part that is privileged.
    fn daemon(&self, host: &Host, role: &str, interface: &str, data: &str) -> Running {
        let mut command = Command::new(&self.program);
        command.args([role, "open-line", "--interface", interface, "--user", USER, "--", "serve", "--data"]);
        command.arg(self.data(data));
        host.inside(|| launch(command)).expect("a host")
    }

    fn settlement(&self) -> Running {
        self.daemon(&self.bank, "kessai-settlement", "one", "settlement")
    }

    fn seller(&self) -> Running {
        self.daemon(&self.shop, "kessai-server", "two", "seller")
    }

    fn buy(&self, terminal: &Terminal) {
        self.shop.inside(|| terminal.buy("Approved", &["TEA-MUGI"]).with(0)).expect("a host");
    }
}

/// Puts the tables and keys of a shop in place, and gives everything to nobody.
fn prepare(bank: Host, shop: Host) -> Place {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("a folder that nobody may enter");
    // Where the build is, nobody may not be allowed to go.
    let program = path.join("kessai-demo");
    fs::copy(super::support::command::PROGRAM, &program).expect("a copy");
    let sample = Sample::write(&path.join("sample")).expect("a sample");
    let (bank_data, shop_data) = (path.join("settlement"), path.join("seller"));
    let text = |path: &Path| path.display().to_string();
    let (at_bank, at_shop) =
        (["--data".to_owned(), text(&bank_data)], ["--data".to_owned(), text(&shop_data)]);
    let ask = |role: &str, words: &[&str], data: &[String; 2]| {
        let words = words.iter().map(ToString::to_string);
        run([role.to_owned()].into_iter().chain(words).chain(data.iter().cloned())).with(0)
    };
    ask("kessai-settlement", &["import-accounts", &text(&sample.accounts)], &at_bank);
    ask("kessai-server", &["import-products", &text(&sample.products)], &at_shop);
    let seller = ask("kessai-server", &["keys"], &at_shop);
    let seller = seller.split_whitespace().nth(1).expect("a pin").to_owned();
    ask("kessai-settlement", &["allow", &seller], &at_bank);
    hand_over_knock_key(&bank_data, &shop_data, &seller);
    let settlement = ask("kessai-settlement", &["keys"], &at_bank);
    let settlement = settlement.split_whitespace().nth(1).expect("a pin").to_owned();
    let line = |interface: &str| format!("link = \"ethernet-line\"\nlink_interface = \"{interface}\"\n");
    fs::write(bank_data.join("settlement.toml"), line("one")).expect("a configuration");
    let pins = format!("settlement_pins = [\"{settlement}\"]\n{}", line("two"));
    fs::write(shop_data.join("server.toml"), pins).expect("a configuration");
    [&bank_data, &shop_data].into_iter().for_each(|data| give_away(data));
    Place { folder, program, bank, shop }
}

fn give_away(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).expect("given away");
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a folder").flatten();
        entries.for_each(|entry| give_away(&entry.path()));
    }
}

/// The words that the kernel tells of a process under this name.
fn status(pid: u32, field: &str) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("a live process");
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

fn has_no_privileges(pid: u32) {
    let nobody = vec![NOBODY.to_string(); 4];
    assert_eq!((status(pid, "Uid"), status(pid, "Gid")), (nobody.clone(), nobody));
    assert_eq!(status(pid, "Groups"), [NOBODY.to_string()]);
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(status(pid, set), ["0000000000000000"], "{set}");
    }
    assert_eq!(status(pid, "NoNewPrivs"), ["1"]);
}

fn has_no_address(host: &Host, interface: &str) {
    let told = Command::new("ip")
        .args(["-n", host.namespace(), "-brief", "address", "show", "dev", interface])
        .output()
        .expect("ip is there");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert_eq!(told.split_whitespace().count(), 2, "an interface, its state, and nothing else: {told}");
}

#[test]
fn a_purchase_goes_over_a_line_without_ip_between_daemons_without_privileges() {
    if !may_have_hosts("an Ethernet line between two hosts") {
        return;
    }
    let lan = Lan::new("line").expect("a place for networks");
    let [bank, shop, middle] = ["bank", "shop", "middle"].map(|name| lan.host(name).expect("a host"));
    lan.wire("one", &[(&bank, None), (&middle, None)]).expect("a wire");
    lan.wire("two", &[(&shop, None), (&middle, None)]).expect("a wire");
    let cable = Cable::between(&middle, "one", "two");
    let place = prepare(bank, shop);
    let mut settlement = place.settlement();
    let told = settlement.first_line().unwrap_or_else(|| panic!("{}", settlement.complaints()));
    let root = told.split_whitespace().nth(3).expect("a pin").parse().expect("a pin");
    let mut seller = place.seller();
    let told = seller.first_line().unwrap_or_else(|| panic!("{}", seller.complaints()));
    let told: Vec<&str> = told.split_whitespace().collect();
    let (address, pin) = (told[1].parse().expect("an address"), told[2].parse().expect("a pin"));
    let file = ShopFile { addresses: vec![address], seller_pins: vec![pin], issuer_roots: vec![root] };
    fs::write(place.data("shop.toml"), file.text()).expect("a shop file");
    for (process, role) in [(&settlement, "settlement"), (&seller, "seller")] {
        has_no_privileges(process.pid());
        assert!(!process.complaints().contains("privileges"), "{role}: {}", process.complaints());
    }
    has_no_address(&place.bank, "one");
    has_no_address(&place.shop, "two");
    let terminal = Terminal::of(place.folder.path(), "terminal");
    let before = cable.carried();
    place.buy(&terminal);
    assert!(cable.carried() > before && cable.unicast() == 0, "to every station, and over the cable");
    // The same line to one station alone, after a blow to either end.
    let here = |host: &Host, name: &str| {
        let open = || PacketSocket::open(name, Protocol::All).expect("an interface").mac();
        host.inside(open).expect("a host").map(|byte| format!("{byte:02x}")).join(":")
    };
    let add = |file: PathBuf, line: String| {
        let text = fs::read_to_string(&file).expect("a configuration");
        fs::write(&file, text + &line).expect("a configuration");
    };
    let peer = here(&place.bank, "one");
    add(
        place.data("seller").join("server.toml"),
        format!("link_peer = \"{peer}\"\nlisten = \"{address}\"\n"),
    );
    seller.kill();
    settlement.kill();
    let mut settlement = place.settlement();
    let mut seller = place.seller();
    assert!(settlement.first_line().is_some() && seller.first_line().is_some());
    place.buy(&terminal);
    assert!(cable.unicast() > 0, "to the one station that was named");
    seller.kill();
    settlement.kill();
    let books = verify(place.folder.path());
    assert_eq!((books.sold("accepted_pence"), books.owed("decisions")), (1_280, 2));
}
