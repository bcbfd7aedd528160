//! A purchase in a real terminal program: tmux has the screen and presses the keys, as a person would.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::books::verify;
use crate::support::command::PROGRAM;
use crate::support::shop::Shop;
use crate::support::until;

/// A tmux of its own, which ends with the test.
struct Tmux {
    socket: String,
}

impl Tmux {
    /// Opens a window of 80×24 with a program in it.
    fn open(folder: &Path, words: &[String]) -> Self {
        let tmux = Self { socket: folder.join("tmux").display().to_string() };
        let size = ["-x", "80", "-y", "24"];
        let mut args = vec!["-f", "/dev/null", "new-session", "-d", "-s", "shop"];
        args.extend(size);
        // A shell has the window before and after, as a person's does, and says how the program ended. It is
        // not left to tmux to see that, because tmux can miss that a program has ended.
        args.extend(["--", "sh", "-c", "\"$@\"; echo \"It ended with $?.\"; exec cat", "sh"]);
        args.extend(words.iter().map(String::as_str));
        let ended = tmux.ask(&args);
        assert!(ended.status.success(), "{ended:?}");
        tmux
    }

    fn ask(&self, args: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        command.args(["-S", &self.socket]).args(args).env_remove("TMUX").env("LC_ALL", "C.UTF-8");
        command.output().expect("tmux starts")
    }

    fn screen(&self) -> String {
        String::from_utf8_lossy(&self.ask(&["capture-pane", "-p", "-t", "shop"]).stdout).into_owned()
    }

    fn press(&self, keys: &[&str]) {
        let ended = self.ask(&[&["send-keys", "-t", "shop"], keys].concat());
        assert!(ended.status.success(), "{ended:?}");
    }

    fn wait_for(&self, text: &str) {
        until(&format!("{text:?} in tmux"), || self.screen().to_lowercase().contains(&text.to_lowercase()));
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what tmux showed ---\n{}", self.screen());
        }
        // This server only: it has a socket of its own.
        self.ask(&["kill-server"]);
    }
}

#[test]
fn a_purchase_in_tmux() {
    if Command::new("tmux").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "without tmux nobody walks through a purchase");
        eprintln!("skipped: there is no tmux");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let shop = Shop::open(folder.path());
    let terminal = shop.terminal();
    let mut words = vec![PROGRAM.to_owned()];
    let cards = terminal.cards.display().to_string();
    let args = terminal.args("shop", &["--cards", &cards]);
    words.extend(args.iter().map(|word| word.to_string_lossy().into_owned()));
    let tmux = Tmux::open(folder.path(), &words);
    tmux.wait_for("£");
    tmux.press(&["Down", "j", "a"]);
    tmux.wait_for("Cart 1");
    tmux.press(&["c"]);
    tmux.wait_for("Quantity");
    tmux.press(&["Enter"]);
    tmux.wait_for("Price holds");
    // A window that changes in the middle of it.
    tmux.ask(&["resize-window", "-t", "shop", "-x", "100", "-y", "30"]);
    tmux.press(&["Enter"]);
    tmux.wait_for("Approved");
    tmux.press(&["Enter"]);
    tmux.wait_for("p to pay");
    tmux.press(&["Enter"]);
    tmux.press(&["p"]);
    tmux.wait_for("Accepted");
    tmux.press(&["q"]);
    tmux.wait_for("It ended with 0.");
    assert!(!tmux.screen().contains("Accepted"), "the shopper's own screen is back: {}", tmux.screen());
    let books = verify(folder.path());
    assert_eq!((books.owed("decisions"), books.owed("approved")), (1, 1));
    assert_eq!(books.sold("accepted_orders"), 1);
}
