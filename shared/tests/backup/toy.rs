//! A daemon small enough to be counted by hand: balances that changes add to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kessai_shared::backup::{BackupError, BackupKey, Checked, Made, Point, Public, Subject, Wanted, make};
use kessai_shared::folder::{DataFolder, FolderKind};
use kessai_shared::identity::Identity;
use kessai_shared::journal::{Dice, Kind, Layout, Record};
use kessai_shared::operator::client::Daemon;
use kessai_shared::pin::Pin;
use kessai_shared::store::{self, Books, EachRow, Keep, Options, Stamp, Store};
use kessai_shared::time::Timestamp;

pub const KIND: Kind = Kind(b"TEST");
pub const FOLDER: FolderKind = FolderKind { name: "kessai-toy", version: 3 };
const ACCOUNTS: usize = 400;
/// Small, so that a short life fills many segments and has many checkpoints.
const OPTIONS: Options = Options {
    layout: Layout { segment_bytes: 64 << 10, ahead: false },
    checkpoint_after: 1 << 20,
    in_place: true,
    keep: Keep::USUAL,
};

pub const SUBJECT: Subject = Subject {
    daemon: Daemon { word: "toy", program: "kessai-toy", folder: FOLDER, alpn: b"toy", is_silent: false },
    journal: KIND,
    version: "0.0.0",
    files: |data| {
        let listed = fs::read_dir(data.join("pictures")).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            listed.map(|entry| format!("pictures/{}", entry.file_name().display())).collect();
        names.extend(["toy.toml".to_owned()].into_iter().filter(|name| data.join(name).exists()));
        names.sort();
        Ok(names)
    },
    configuration: |data| {
        Ok(["toy.toml".to_owned()].into_iter().filter(|name| data.join(name).exists()).collect())
    },
    identity: |data| Identity::load_or_create(data.join("toy.key")).map_err(|error| error.to_string()),
    runbook: "Begin.\n",
    public: |data| {
        let pin = fs::read(data.join("who")).map_or(Pin([7; 32]), |who| Pin([who[0]; 32]));
        Ok(Public { pin, keys: vec![("toy".to_owned(), pin.to_string())] })
    },
    kept_apart: &["keys/toy.key"],
    settle: |data| {
        let (store, _) = Store::<Balances>::open(data, KIND).map_err(|fault| fault.to_string())?;
        store.close().map_err(|fault| fault.to_string())
    },
    verify: |data| {
        let (books, opened) =
            store::walk::<Balances>(data, KIND, |_, _, _| ()).map_err(|fault| fault.to_string())?;
        Ok(Checked { point: books.point(opened.head.position), problems: Vec::new() })
    },
    ask: |_| Err("nobody is asked".to_owned()),
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balances(BTreeMap<u32, u64>);

impl Balances {
    pub fn point(&self, position: u64) -> Point {
        let sum = self.0.values().sum::<u64>();
        let totals = [("accounts".to_owned(), self.0.len() as i64), ("sum".to_owned(), sum as i64)];
        Point { position, totals: totals.into() }
    }
}

impl Books for Balances {
    type Change = (u32, u64);
    type Key = u32;
    type Row = (u32, u64);

    fn encode_into(change: &(u32, u64), bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&change.0.to_le_bytes());
        bytes.extend_from_slice(&change.1.to_le_bytes());
    }

    fn decode(payload: &[u8]) -> Result<(u32, u64), String> {
        let (account, amount) = payload.split_first_chunk().ok_or("short")?;
        let amount = amount.try_into().map_err(|_| "no amount")?;
        Ok((u32::from_le_bytes(*account), u64::from_le_bytes(amount)))
    }

    fn apply(&mut self, change: &(u32, u64), _: Stamp) -> Result<(), String> {
        *self.0.entry(change.0).or_default() += change.1;
        Ok(())
    }

    fn touched(&self, change: &(u32, u64), each: &mut dyn FnMut(&u32)) {
        each(&change.0);
    }

    fn shelved(&self, each: &mut dyn FnMut(&u32)) {
        self.0.keys().for_each(each);
    }

    fn key(account: &u32) -> Vec<u8> {
        account.to_le_bytes().to_vec()
    }

    fn row(&self, key: &[u8]) -> Option<Vec<u8>> {
        let account = u32::from_le_bytes(key.try_into().ok()?);
        self.0.get(&account).map(|balance| balance.to_le_bytes().to_vec())
    }

    fn rows(&self, each: &mut EachRow<'_>) -> std::io::Result<()> {
        self.0.iter().try_for_each(|(account, balance)| each(&account.to_le_bytes(), &balance.to_le_bytes()))
    }

    fn read_row(key: &[u8], row: &[u8]) -> Result<(u32, u64), String> {
        let account = key.try_into().map_err(|_| "no account")?;
        let balance = row.try_into().map_err(|_| "no balance")?;
        Ok((u32::from_le_bytes(account), u64::from_le_bytes(balance)))
    }

    fn take_row(&mut self, (account, balance): (u32, u64)) -> Result<(), String> {
        self.0.insert(account, balance);
        Ok(())
    }
}

/// A toy that runs, in a folder of its own, beside a folder of backups.
pub struct Toy {
    pub folder: tempfile::TempDir,
    pub store: Option<Store<Balances>>,
    pub key: BackupKey,
    dice: Dice,
    now: u64,
}

impl Toy {
    pub fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let key = BackupKey::generate().expect("a key");
        let mut toy = Self { folder, store: None, key, dice: Dice::new(seed), now: 1_000_000 };
        drop(DataFolder::open(&toy.data(), FOLDER).expect("a data folder"));
        fs::create_dir(toy.data().join("pictures")).expect("a folder");
        toy.open();
        toy
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn backups(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    /// A place that nothing is at.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn open(&mut self) {
        self.store = None;
        let path = self.data();
        let disk = kessai_shared::journal::FileDisk::open(&path.join("journal")).expect("a disk");
        let opened = Store::open_on_with(Box::new(disk), &path.join("shelf"), KIND, OPTIONS);
        self.store = Some(opened.expect("a store").0);
    }

    /// Commits so many groups of one to five records.
    pub fn live(&mut self, groups: usize) {
        for _ in 0..groups {
            self.now += 10 + self.dice.below(5_000) as u64;
            let store = self.store.as_mut().expect("it runs");
            store.begin(Timestamp(self.now));
            for _ in 0..=self.dice.below(5) {
                let change = (self.dice.below(ACCOUNTS) as u32, self.dice.below(1_000) as u64);
                store.change(&change).expect("a change");
            }
            store.commit().expect("a commit");
        }
    }

    pub fn picture(&self, name: &str, bytes: &[u8]) {
        fs::write(self.data().join("pictures").join(name), bytes).expect("a picture");
    }

    pub fn point(&self) -> Point {
        let store = self.store.as_ref().expect("it runs");
        store.books().point(store.head().position)
    }

    pub fn back_up(&self, full: bool) -> Result<Made, BackupError> {
        let (data, to) = (self.data(), self.backups());
        let wanted = Wanted { data: &data, to: &to, full, now: Timestamp(self.now), stop: None };
        make(&SUBJECT, &wanted, &self.key, &mut || Ok(self.point()))
    }
}

/// The records of a data folder's journal that are there as records.
pub fn records(data: &Path) -> Vec<Record> {
    let mut records = Vec::new();
    store::records(data, KIND, |record| records.push(record)).expect("a journal");
    records
}
