//! Books with real accounts in a real folder, and what a test asks of them.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kessai_settlement::clerk::Clerk;
use kessai_settlement::clerk::Command;
use kessai_settlement::ledger::{Account, Books};
use kessai_settlement::operator::client::Operator;
use kessai_settlement::operator::{Reply, Request};
use kessai_settlement::settings::{JOURNAL, Settings};
use kessai_settlement::vault::{LiveVault, Vault};
use kessai_shared::card::{CardNumber, Particulars};
use kessai_shared::daemon::{self, Ended};
use kessai_shared::time::Timestamp;
use kessai_shared::writer::{self, Clock};
use tokio::sync::mpsc;

pub const COLUMNS: &str =
    "card_number,name,birth_date,expiry,limit_pence,balance_pence,months_late,late_history\n";

/// The data folder of a settlement that does not run.
pub struct Folder {
    folder: tempfile::TempDir,
    pub accounts: u64,
}

/// Its books, opened, with the writer on its own thread.
pub struct Open {
    pub vault: Arc<LiveVault>,
    pub writer: mpsc::Sender<Command>,
    ended: Ended,
}

impl Folder {
    /// A folder with so many accounts.
    pub async fn with(accounts: u64) -> Self {
        let this = Self { folder: tempfile::tempdir().expect("a folder"), accounts };
        let taken = this.import(&this.table("HOLDER")).await;
        assert_eq!(taken, (accounts, 0, 0));
        this
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn key(&self) -> PathBuf {
        self.path().join("keys/vault.key")
    }

    pub fn settings(&self) -> Settings {
        Settings::read(self.path(), None).expect("settings")
    }

    pub fn table(&self, name: &str) -> String {
        let mut table = COLUMNS.to_owned();
        for at in 0..self.accounts {
            let (number, limit) = (number(at), 1_000 + at);
            writeln!(table, "{number},{name} {at},1988-04-12,2031-09,{limit},0,0,0").expect("text");
        }
        table
    }

    /// Takes a table in; how many were opened, restated and unchanged.
    pub async fn import(&self, table: &str) -> (u64, u64, u64) {
        let mut operator = Operator::reach(&self.settings()).await.expect("the books");
        let sum = self.import_with(&mut operator, table).await;
        operator.close().await.expect("books that are put away");
        sum
    }

    pub async fn import_with(&self, operator: &mut Operator, table: &str) -> (u64, u64, u64) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), table).expect("a table");
        let rows = kessai_settlement::import::accounts(file.path(), &self.vault()).expect("a table").rows;
        let mut sum = (0, 0, 0);
        for accounts in rows.chunks(100).map(<[_]>::to_vec) {
            match operator.ask(Request::ImportAccounts { accounts }, |_| ()).await.expect("an answer") {
                Reply::Imported(more) => {
                    sum = (sum.0 + more.opened, sum.1 + more.restated, sum.2 + more.unchanged);
                }
                reply => panic!("{reply:?}"),
            }
        }
        sum
    }

    /// The keys as they are in the file.
    pub fn vault(&self) -> Vault {
        Vault::load_or_create(&self.key(), &self.path().join("journal")).expect("keys")
    }

    pub fn open(&self) -> Open {
        let books = self.path().join("journal");
        let vault = Arc::new(LiveVault::load_or_create(&self.key(), &books).expect("keys"));
        let store = daemon::open::<Books>(self.path(), JOURNAL, None).expect("books");
        vault.lease().fits(store.books()).expect("the keys of these books");
        let clock: Clock = Arc::new(Timestamp::from_system_clock);
        let (writer, queue) = mpsc::channel(100);
        let clerk = Clerk::new(Arc::clone(&clock));
        let ended = writer::spawn(store, clerk, queue, clock, writer::Standing::alone()).expect("a writer");
        Open { vault, writer, ended }
    }

    /// Every account is found by its card and opens; the generations that they are kept under.
    pub fn check(&self) -> Vec<u32> {
        let mut generations = Vec::new();
        let vault = self.vault();
        let (books, _) =
            kessai_shared::store::walk::<Books>(self.path(), JOURNAL, |_, _, _| ()).expect("a journal");
        for at in 0..self.accounts {
            let card = card(at);
            let presented = vault.present(&card);
            let id = books.find(&presented.candidates).unwrap_or_else(|| panic!("card {at} is not found"));
            let account: &Account = books.account(id).expect("an account");
            assert_eq!(account.limit.0, 1_000 + at.cast_signed(), "the account is that of the card");
            let opened = vault.open(&account.at_rest()).expect("the card opens");
            assert!(opened.number == card.number && opened.name.as_str() == card.name.as_str());
            assert!(presented.candidates.iter().any(|c| c.particulars == account.particulars));
            generations.push(account.generation);
        }
        generations.sort_unstable();
        generations.dedup();
        generations
    }

    pub fn key_lines(&self) -> Vec<String> {
        fs::read_to_string(self.key()).expect("keys").lines().map(str::to_owned).collect()
    }

    /// What lies beside the keys.
    pub fn beside_the_keys(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path().join("keys")).expect("a folder").flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<_> =
            names.filter(|name| name.starts_with("vault.") && name != "vault.key").collect();
        names.sort_unstable();
        names
    }
}

impl Open {
    /// Ends the writer as a daemon that stops does.
    pub async fn close(self) {
        drop(self.writer);
        self.ended.await.expect("a writer").expect("whole books");
    }
}

pub fn card(at: u64) -> Particulars {
    Particulars {
        number: number(at).parse().expect("a number"),
        name: format!("HOLDER {at}").parse().expect("a name"),
        birth_date: "1988-04-12".parse().expect("a day"),
        expiry: "2031-09".parse().expect("a month"),
    }
}

/// A card number with its check digit.
pub fn number(at: u64) -> String {
    let whole = |digit| format!("999999300{at:06}{digit}");
    let right = |text: &String| text.parse::<CardNumber>().is_ok_and(|number| number.passes_luhn());
    (0..10).map(whole).find(right).expect("a check digit")
}
