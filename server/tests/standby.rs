//! Two processes of one shop: what the one in charge has, the one that follows shows.

#[path = "../../shared/tests/support/lasting.rs"]
mod lasting;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kessai_shared::exchange::Link;
use kessai_shared::identity::Identity;
use kessai_shared::ids::{Customer, OrderId, Sku};
use kessai_shared::net::{Net, RealNet};
use kessai_shared::storefront::{ALPN, Answered, Line, Refusal, Reply, Request, Search, Standing};
use kessai_shared::tls::{self, Peers};

const SOON: Duration = Duration::from_secs(60);

struct Node {
    process: Child,
    address: String,
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_kessai-server"))
}

fn run(args: &[&str], data: &Path) -> (bool, String) {
    let out = program().args(args).arg("--data").arg(data).output().expect("the program");
    (out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned())
}

/// Starts a node and waits until it is ready.
fn start(act: &[&str], data: &Path) -> Node {
    let mut command = command(act, data);
    let mut process = command.spawn().expect("the program");
    let mut line = String::new();
    BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let words: Vec<&str> = line.split_whitespace().collect();
    let ["ready", address, _] = words[..] else { panic!("{line}") };
    Node { process, address: address.to_owned() }
}

fn command(act: &[&str], data: &Path) -> Command {
    let mut command = program();
    command.args(act).args(["--with-parent", "--settlement", "127.0.0.1:9", "--settlement-pin"]);
    command.arg("cd".repeat(32)).arg("--data").arg(data);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// A folder that has nothing but keys.
fn with_keys(data: &Path, of: Option<&Path>) {
    let keys = data.join("keys");
    fs::create_dir_all(&keys).expect("a folder");
    let mut private = fs::OpenOptions::new();
    let mut knock = private.write(true).create(true).mode(0o600).open(keys.join("knock.key")).expect("a key");
    std::io::Write::write_all(&mut knock, "ab".repeat(32).as_bytes()).expect("a key");
    if let Some(of) = of {
        fs::copy(of.join("keys/seller.key"), keys.join("seller.key")).expect("the shop's key");
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(keys.join("seller.key"), private).expect("a private file");
    }
}

fn import(folder: &Path, data: &Path, products: &[(&str, u32)]) {
    let table = folder.join("products.csv");
    let rows = products.iter().map(|(sku, stock)| format!("{sku},The {sku},Ware,100,{stock}\n"));
    let rows: String = rows.collect();
    fs::write(&table, format!("sku,name,category,unit_price_pence,stock\n{rows}")).expect("a table");
    let (imported, said) = run(&["import-products", table.to_str().expect("a path")], data);
    assert!(imported, "{said}");
}

fn standby_address(data: &Path) -> String {
    let text = fs::read_to_string(data.join("standby.address")).expect("an address");
    text.split_whitespace().next().expect("an address").to_owned()
}

/// Asks a node until what it answers fits.
fn ask_until(node: &Node, key: &Path, request: &Request, fits: impl Fn(&Answered) -> bool) -> Answered {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let identity = Identity::load_or_create(key.parent().unwrap().join("terminal.key")).expect("a key");
        let seller = Identity::load_or_create(key).expect("the shop's key").pin();
        let config = tls::client_config(&identity, Peers::pins([seller]), ALPN).expect("a configuration");
        let endpoint = RealNet::default().endpoint("127.0.0.1:0".parse().unwrap(), None).expect("a socket");
        let link = Link::new(endpoint, node.address.parse().expect("an address"), config);
        let begun = Instant::now();
        loop {
            let answered: Answered = link.call(request, SOON).await.expect("an answer");
            if fits(&answered) {
                link.leave().await;
                return answered;
            }
            assert!(begun.elapsed() < SOON, "it never came to what was expected");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
}

fn browse() -> Request {
    let search = Search { query: "the".to_owned(), ..Search::default() };
    Request::Browse { search, from: 0, limit: 10 }
}

fn skus(answered: &Answered) -> Vec<String> {
    let Reply::Page(page) = &answered.reply else { return Vec::new() };
    let mut skus: Vec<_> = page.items.iter().map(|item| item.sku.to_string()).collect();
    skus.sort();
    skus
}

#[test]
fn an_empty_standby_fills_up_shows_what_there_is_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    with_keys(&one, None);
    import(folder.path(), &one, &[("POT", 12), ("CUP", 3)]);
    with_keys(&two, Some(&one));
    let key = one.join("keys/seller.key");
    let feed = lasting::lasting().to_string();
    let primary = start(&["serve", "--standby-listen", &feed], &one);
    let of = standby_address(&one);
    let standby = start(&["standby", "--of", &of], &two);
    let shown = ask_until(&standby, &key, &browse(), |answered| skus(answered) == ["CUP", "POT"]);
    assert!(matches!(shown.standing, Standing::Standby { .. }), "{:?}", shown.standing);
    // It knows how old that may be at the most.
    let fresh = |answered: &Answered| matches!(answered.standing, Standing::Standby { behind_ms: Some(behind) } if behind < 5_000);
    ask_until(&standby, &key, &Request::Hello, fresh);
    let lines = vec![Line { sku: Sku::new("POT").expect("a SKU"), quantity: 1 }];
    let order = OrderId::from_bytes([7; 16]);
    let quote = Request::Quote { order, customer: Customer::default(), lines };
    let refused = ask_until(&standby, &key, &quote, |_| true);
    assert!(matches!(refused.reply, Reply::Refused(Refusal::NotInCharge)));
    // What comes in while the one in charge is stopped comes here when it is back.
    drop(primary);
    import(folder.path(), &one, &[("LEAF", 80)]);
    let primary = start(&["serve", "--standby-listen", &of], &one);
    ask_until(&standby, &key, &browse(), |answered| skus(answered) == ["CUP", "LEAF", "POT"]);
    drop(standby);
    // The copy stands by itself.
    let (sound, said) = run(&["verify"], &two);
    assert!(sound, "{said}");
    // And a standby starts without the one in charge, and shows what it has.
    drop(primary);
    let standby = start(&["standby", "--of", &of], &two);
    ask_until(&standby, &key, &browse(), |answered| skus(answered) == ["CUP", "LEAF", "POT"]);
}

/// What a standby says that cannot follow.
fn cannot(act: &[&str], data: &Path) -> String {
    let mut process = command(act, data).stderr(Stdio::piped()).spawn().expect("the program");
    // Its parent is still there.
    let _held = process.stdin.take();
    let out = process.wait_with_output().expect("its end");
    assert!(!out.status.success());
    String::from_utf8_lossy(&out.stderr).into_owned()
}

#[test]
fn another_shops_journal_is_refused_with_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    with_keys(&one, None);
    import(folder.path(), &one, &[("POT", 12)]);
    with_keys(&two, Some(&one));
    import(folder.path(), &two, &[("POT", 12)]);
    let _primary = start(&["serve", "--standby-listen", "127.0.0.1:0"], &one);
    let of = standby_address(&one);
    let said = cannot(&["standby", "--of", &of], &two);
    assert!(said.contains("--rejoin") && said.lines().count() == 1, "{said}");
    let said = cannot(&["standby"], &two);
    assert!(said.contains("standby_of"), "{said}");
    let standby = start(&["standby", "--of", &of, "--rejoin"], &two);
    let key: PathBuf = one.join("keys/seller.key");
    ask_until(&standby, &key, &browse(), |answered| skus(answered) == ["POT"]);
    assert!(two.join("journal.aside-1").exists());
}
