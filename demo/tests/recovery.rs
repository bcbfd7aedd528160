//! The runbook, command by command: both machines of a shop are lost, and come back from backup, bundle and
//! safe as the same shop.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use support::books::report;
use support::command::{PROGRAM, Running, launch, run, start};
use support::shop::Shop;
use support::terminal::Terminal;

const RUNBOOK: &str = include_str!("../../docs/recovery.md");

/// A block of the runbook: under which heading, whether it serves, and its commands.
struct Block {
    heading: String,
    serves: bool,
    commands: String,
}

fn blocks() -> Vec<Block> {
    let (mut blocks, mut heading, mut open): (Vec<Block>, String, Option<bool>) =
        (Vec::new(), String::new(), None);
    for line in RUNBOOK.lines() {
        match (line.strip_prefix("```"), open) {
            (Some(_), Some(_)) => open = None,
            (Some(sort), None) => {
                open = Some(sort.starts_with("sh"));
                if sort.starts_with("sh") {
                    let serves = sort == "sh serve";
                    blocks.push(Block { heading: heading.clone(), serves, commands: String::new() });
                }
            }
            (None, Some(true)) => {
                if let Some(block) = blocks.last_mut() {
                    block.commands.push_str(line);
                    block.commands.push('\n');
                }
            }
            (None, Some(false)) => {}
            (None, None) => heading = line.strip_prefix("## ").map_or(heading, str::to_owned),
        }
    }
    blocks
}

/// The place where the runbook is followed.
struct Site {
    folder: PathBuf,
    then: u64,
}

impl Site {
    fn command(&self, commands: &str) -> Command {
        let at = |name: &str| self.folder.join(name);
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", commands]).current_dir(&self.folder);
        let path = format!("{}:{}", at("programs").display(), std::env::var("PATH").unwrap_or_default());
        command.env("PATH", path).env("THEN", self.then.to_string()).env("OLD", "127.0.0.1:9");
        for (name, folder) in [
            ("SELLER", "seller"),
            ("SETTLEMENT", "settlement"),
            ("BACKUPS", "backups"),
            ("SAFE", "safe"),
            ("NEW", "new"),
        ] {
            command.env(name, at(folder));
        }
        command
    }

    /// Carries out what stands under a heading; what it serves goes on until it is let go of.
    fn follow(&self, heading: &str) -> Option<Running> {
        let (mut serving, mut count) = (None, 0);
        for block in blocks().into_iter().filter(|block| block.heading == heading) {
            count += 1;
            if block.serves {
                let mut running = launch(self.command(&format!("exec {}", block.commands)));
                assert!(running.first_line().is_some_and(|line| line.starts_with("ready ")), "{heading}");
                serving = Some(running);
            } else {
                let ended = launch(self.command(&block.commands)).end();
                assert_eq!(ended.code, Some(0), "{}\n{ended:?}", block.commands);
            }
        }
        assert!(count > 0, "there is nothing under {heading}");
        serving
    }

    fn serve(&self, role: &str, name: &str) -> Running {
        let mut running = start([role, "serve", "--data", &self.folder.join(name).display().to_string()]);
        assert!(running.first_line().is_some_and(|line| line.starts_with("ready ")), "{role}");
        running
    }

    fn begin_to_buy(&self) -> Running {
        let sku = fs::read_to_string(self.folder.join("sample/products.csv")).expect("products");
        let sku = sku.lines().nth(1).and_then(|row| row.split(',').next()).expect("a product").to_owned();
        Terminal::of(&self.folder, "terminal").start_to_buy("Approved", &[&sku])
    }

    fn buy(&self) {
        let bought = self.begin_to_buy().end();
        assert_eq!(bought.code, Some(0), "{bought:?}");
    }

    fn orders(&self, role: &str, data: &str) -> i64 {
        let counted = if role == "kessai-server" { "accepted_orders" } else { "approved" };
        report(role, &self.folder.join(data))[counted].as_i64().expect("a count")
    }
}

/// A shop of two daemons that are started by themselves, each with all it needs to know in its settings.
fn site(folder: &Path) -> Site {
    let shop = Shop::open(folder);
    let (seller, settlement) = (shop.address("kessai-server"), shop.address("kessai-settlement"));
    assert_eq!(shop.stop("TERM"), Some(0));
    let at = |name: &str| folder.join(name).display().to_string();
    let keys = run(["kessai-settlement", "keys", "--data", &at("settlement")]).with(0);
    let pin = keys.split_whitespace().nth(1).expect("a pin");
    let settings = format!("listen = '{seller}'\nsettlement = '{settlement}'\nsettlement_pins = '{pin}'\n");
    fs::write(folder.join("seller/server.toml"), settings).expect("settings");
    fs::write(folder.join("settlement/settlement.toml"), format!("listen = '{settlement}'\n"))
        .expect("settings");
    for name in ["programs", "safe", "backups", "new"] {
        fs::create_dir(folder.join(name)).expect("a folder");
    }
    for name in ["kessai-server", "kessai-settlement", "kessai"] {
        symlink(PROGRAM, folder.join("programs").join(name)).expect("a link");
    }
    Site { folder: folder.to_owned(), then: 0 }
}

#[test]
fn a_shop_that_lost_its_machines_comes_back_by_the_runbook() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut site = site(folder.path());
    let settlement = site.serve("kessai-settlement", "settlement");
    let seller = site.serve("kessai-server", "seller");
    site.buy();
    site.buy();
    site.follow("Before anything happens");
    site.follow("Backups");
    site.then = report("kessai-server", &folder.path().join("seller"))["records"].as_u64().expect("records");
    site.buy();
    // The second round of backups is an increment, and the last that is made before the fire.
    let again = blocks().into_iter().find(|block| block.heading == "Backups").expect("a block");
    assert_eq!(launch(site.command(&again.commands)).end().code, Some(0));
    drop(seller);
    fs::remove_dir_all(folder.path().join("seller")).expect("a machine that burns");
    let seller = site.follow("The seller's machine is gone").expect("a seller");
    assert_eq!(site.orders("kessai-server", "new/seller"), 3);
    site.buy();
    // The settlement's last backup has to reach as far as it was ever seen.
    let last = "kessai-settlement backup --data \"$SETTLEMENT\" --to \"$BACKUPS/settlement\" \
        --key \"$SAFE/settlement-backup.key\"";
    assert_eq!(launch(site.command(last)).end().code, Some(0));
    drop(settlement);
    fs::remove_dir_all(folder.path().join("settlement")).expect("a machine that burns");
    let settlement = site.follow("The settlement's machine is gone").expect("a settlement");
    site.buy();
    site.follow("As it was then");
    assert_eq!(site.orders("kessai-server", "new/then"), 2);
    drop(seller);
    drop(settlement);
    assert_eq!(site.orders("kessai-server", "new/seller"), 5);
    assert_eq!(site.orders("kessai-settlement", "new/settlement"), 5);
}

#[test]
fn a_restored_copy_that_is_behind_changes_nothing_beside_the_one_in_charge() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = site(folder.path());
    let settlement = site.serve("kessai-settlement", "settlement");
    let seller = site.serve("kessai-server", "seller");
    site.buy();
    site.follow("Before anything happens");
    site.follow("Backups");
    site.buy();
    let at = |name: &str| folder.path().join(name).display().to_string();
    // The whole seller once more, with its key, while the first one sells.
    for round in 0..2 {
        let (stale, key) = (at(&format!("stale-{round}")), at("safe/seller-backup.key"));
        let from = at("backups/seller");
        let restore = ["kessai-server", "restore", "--from", &from, "--key", &key, "--data", &stale];
        run(restore).with(0);
        let commands = format!("mkdir '{stale}/keys' && cp \"$SAFE\"/seller-keys/*.key '{stale}/keys/'");
        launch(site.command(&commands)).end().with(0);
        let before = report("kessai-server", Path::new(&stale));
        // It has the address of the other one in its settings, and another one here.
        let copy = ["kessai-server", "serve", "--listen", "127.0.0.1:0", "--data", &stale];
        let mut copy = start(copy);
        assert!(copy.first_line().is_some_and(|line| line.starts_with("ready ")), "{}", copy.complaints());
        site.buy();
        let promoted = run(["kessai-server", "promote", "--data", &stale]);
        assert_ne!(promoted.code, Some(0), "it lacks what was sold meanwhile: {promoted:?}");
        site.buy();
        drop(copy);
        assert_eq!(report("kessai-server", Path::new(&stale))["head"], before["head"], "it wrote something");
    }
    drop(settlement);
    // An older copy of the settlement, at its address and with its keys: nothing can be bought from it.
    let (stale, key) = (at("stale-settlement"), at("safe/settlement-backup.key"));
    let from = at("backups/settlement");
    run(["kessai-settlement", "restore", "--from", &from, "--key", &key, "--data", &stale]).with(0);
    let commands = format!("mkdir -p '{stale}/keys' && cp -r \"$SAFE\"/settlement-keys/. '{stale}/keys/'");
    launch(site.command(&commands)).end().with(0);
    let older = site.serve("kessai-settlement", "stale-settlement");
    support::until("a settlement that sees what it is", || older.complaints().contains("older copy"));
    let undecided = site.begin_to_buy();
    std::thread::sleep(Duration::from_millis(500));
    drop(older);
    assert_eq!(report("kessai-settlement", Path::new(&stale))["approved"], 1);
    let settlement = site.serve("kessai-settlement", "settlement");
    // However the one ends that fell into the gap, both sides are of one mind about it.
    undecided.end();
    site.buy();
    support::until("orders that are all settled", || {
        let books = report("kessai-server", &folder.path().join("seller"));
        books["pending_orders"] == 0 && books["unknown_payments"].as_i64().unwrap_or(0) == 0
    });
    drop(seller);
    drop(settlement);
    assert_eq!(site.orders("kessai-settlement", "settlement"), site.orders("kessai-server", "seller"));
}

#[test]
fn a_daemon_makes_backups_by_itself_and_says_when_it_cannot() {
    let folder = tempfile::tempdir().expect("a folder");
    let site = site(folder.path());
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (key, to) = (at("safe/seller-backup.key"), at("backups/seller"));
    run(["kessai-server", "backup", "key", "--out", &key]).with(0);
    let file = folder.path().join("seller/server.toml");
    let settings = fs::read_to_string(&file).expect("settings");
    let plan = format!("backup_to = '{to}'\nbackup_key = '{key}'\nbackup_every = 1\nbackup_keep = 1\n");
    fs::write(&file, format!("{settings}{plan}")).expect("settings");
    let _settlement = site.serve("kessai-settlement", "settlement");
    let seller = site.serve("kessai-server", "seller");
    let status = || -> Value {
        let out = run(["kessai-server", "status", "--json", "--data", &at("seller")]).with(0);
        serde_json::from_str::<Value>(&out).expect("JSON")["backups"].take()
    };
    site.buy();
    let last = |status: &Value| status["last"]["position"].as_u64().unwrap_or(0);
    support::until("a backup", || last(&status()) > 0);
    let before = last(&status());
    site.buy();
    support::until("an increment", || last(&status()) > before);
    assert_eq!(status()["failed"], Value::Null);
    // A file where the backups were.
    fs::rename(&to, at("aside")).expect("a folder");
    fs::write(&to, "").expect("a file");
    support::until("a failure", || status()["failed"]["why"].is_string());
    let text = run(["kessai-server", "status", "--data", &at("seller")]).with(0);
    assert!(text.contains("ALARM      the backup of"), "{text}");
    fs::remove_file(&to).expect("a file");
    fs::rename(at("aside"), &to).expect("a folder");
    support::until("a backup again", || status()["failed"] == Value::Null);
    drop(seller);
    let verify = ["kessai-server", "backup", "verify", "--json", "--from", &to, "--key", &key];
    let verified: Value = serde_json::from_str(&run(verify).with(0)).expect("JSON");
    assert_eq!(verified["totals"]["accepted_orders"], 2, "{verified}");
    // A plan that lacks something is told before anything is served.
    fs::write(&file, format!("{settings}backup_to = '{to}'\n")).expect("settings");
    let refused = run(["kessai-server", "serve", "--data", &at("seller")]);
    assert!(refused.err.contains("backup_key: is missing") && refused.code == Some(2), "{refused:?}");
}
