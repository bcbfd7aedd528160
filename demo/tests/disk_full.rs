//! A disk that fills up while the shop is open. Needs root, to mount a small disk of memory.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kessai_shared::ids::{OrderId, Sku};
use kessai_shared::net::RealNet;
use kessai_shared::storefront::Line;
use kessai_shared::time::Timestamp;
use kessai_tui_client::cards;
use kessai_tui_client::ending::Ending;
use kessai_tui_client::home::Home;
use kessai_tui_client::shop::Shop;
use kessai_tui_client::shop_file::ShopFile;

/// The size of the disk, and what is left of it when the buying begins.
const DISK: &str = "size=48m";
const LEFT_BYTES: u64 = 300_000;
/// More purchases than fit on what is left: each takes at least two blocks at both daemons.
const MAX_PURCHASES: u32 = 200;
const STOP_DEADLINE: Duration = Duration::from_secs(240);

/// A small disk, unmounted when it is dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Option<Self> {
        let status =
            Command::new("mount").args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(at).output().ok()?;
        status.status.success().then(|| Self(at.to_owned()))
    }

    /// Fills the disk but for what is left.
    fn fill(&self) -> PathBuf {
        let filler = self.0.join("filler");
        let output = Command::new("df").args(["--output=avail", "-B1"]).arg(&self.0).output().expect("df");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let free: u64 = text.lines().nth(1).and_then(|line| line.trim().parse().ok()).expect("free bytes");
        let bytes = usize::try_from(free - LEFT_BYTES).expect("a size");
        fs::write(&filler, vec![0_u8; bytes]).expect("filled");
        filler
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_shop_with_a_line_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let small = folder.path().join("small");
    fs::create_dir(&small).expect("a folder");
    let Some(disk) = Disk::mount(&small) else {
        println!("SKIPPED: a_full_disk_stops_the_shop needs root to mount a small disk");
        assert!(std::env::var_os("CI").is_none(), "on CI nothing is skipped");
        return;
    };
    let data = small.join("data");
    let home = folder.path().join("terminal");
    let mut serve = start(&data);
    let filler = disk.fill();
    let accepted = buy_until_it_stops(&mut serve, &data, &home).await;
    let status = wait(&mut serve);
    let said = said(&mut serve);
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(!accepted.is_empty(), "nothing was bought before the disk was full");

    fs::remove_file(filler).expect("removed");
    let mut serve = start(&data);
    let shop = open(&data, &home);
    for order in &accepted {
        let (_, ending) = shop.order(*order).await.expect("an answer");
        assert!(matches!(ending, Ending::Accepted { .. }), "{order} was accepted and is {ending:?}");
    }
    stop(&mut serve);
    for daemon in ["kessai-server", "kessai-settlement"] {
        let part = if daemon == "kessai-server" { "seller" } else { "settlement" };
        let verify = demo().args([daemon, "verify", "--data"]).arg(data.join(part)).output().expect("verify");
        assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
    }
}

/// Buys one thing after another until the shop is gone, whatever becomes of each; gives the orders that were
/// accepted.
async fn buy_until_it_stops(serve: &mut Serve, data: &Path, home: &Path) -> Vec<OrderId> {
    let shop = open(data, home).patient_for(Duration::from_secs(3));
    let card = cards::load(&data.join("sample/cards.csv")).expect("cards").remove(0).paying;
    let lines = [Line { sku: Sku::new("TAPE-WASHI").expect("a SKU"), quantity: 1 }];
    let mut accepted = Vec::new();
    for _ in 0..MAX_PURCHASES {
        if serve.0.try_wait().expect("a child").is_some() {
            break;
        }
        let order = shop.open_checkout().expect("an order id");
        let Ok(quote) = shop.quote(order, &lines).await else { continue };
        if let Ok(Ending::Accepted { .. }) = shop.pay(&quote, &card).await {
            accepted.push(order);
        }
    }
    accepted
}

fn open(data: &Path, home: &Path) -> Shop {
    let file = ShopFile::read(&data.join("shop.toml")).expect("a shop file");
    let clock = Arc::new(Timestamp::from_system_clock);
    Shop::new(file, Home::new(home.to_owned()), &RealNet::default(), clock).expect("a shop")
}

fn demo() -> Command {
    Command::new(env!("CARGO_BIN_EXE_kessai-demo"))
}

/// A shop that is open. A test that fails must not leave it behind.
struct Serve(Child);

impl Drop for Serve {
    fn drop(&mut self) {
        // The daemons stop with it. One that has ended already cannot be ended again.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(data: &Path) -> Serve {
    let serve = demo()
        .args(["serve", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut serve = Serve(serve);
    let mut line = String::new();
    let stdout = serve.0.stdout.take().expect("a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    if line.trim() != "ready" {
        wait(&mut serve);
        panic!("not ready: {}", said(&mut serve));
    }
    serve
}

fn stop(serve: &mut Serve) {
    let pid = serve.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    assert_eq!(wait(serve).code(), Some(0));
}

fn wait(serve: &mut Serve) -> ExitStatus {
    let until = Instant::now() + STOP_DEADLINE;
    loop {
        if let Some(status) = serve.0.try_wait().expect("a child") {
            return status;
        }
        if Instant::now() >= until {
            panic!("the shop does not stop");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn said(serve: &mut Serve) -> String {
    let mut text = String::new();
    if let Some(stderr) = serve.0.stderr.take() {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}
