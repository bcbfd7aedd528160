//! The file of the vault's keys: what is read, what is refused, and what a crash leaves behind.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use kessai_settlement::vault::key_file::{self, MasterKey};
use kessai_settlement::vault::{LiveVault, Vault};
use kessai_shared::card::Particulars;

const FIRST: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const SECOND: &str = "ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB";

struct Keys(tempfile::TempDir);

impl Keys {
    fn with(text: impl AsRef<[u8]>) -> Self {
        let this = Self(tempfile::tempdir().expect("a folder"));
        put(&this.file(), text);
        this
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("vault.key")
    }

    fn load(&self) -> Result<Vault, String> {
        Vault::load_or_create(&self.file(), &self.0.path().join("journal"))
    }
}

fn put(path: &Path, text: impl AsRef<[u8]>) {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, Permissions::from_mode(0o600)).expect("a file of ours");
}

fn card() -> Particulars {
    Particulars {
        number: "9999991000000079".parse().expect("a number"),
        name: "Ada Lovelace".parse().expect("a name"),
        birth_date: "1988-04-12".parse().expect("a day"),
        expiry: "2031-09".parse().expect("a month"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_file_of_before_there_were_generations_is_the_first() {
    let (old, new) = (Keys::with(format!("{FIRST}\n")), Keys::with(format!("1 {FIRST}\n")));
    for keys in [old, new] {
        let vault = keys.load().expect("a key");
        assert_eq!((vault.newest(), vault.is_between_keys()), (1, false));
        // What such a key made of this card then, by HMAC-SHA-256 alone.
        let candidate = vault.present(&card()).candidates[0];
        assert_eq!(hex(&candidate.index), "56e79aec9b0b9624014af1947cda20f2");
        let particulars = "49ad4181fac19cda42985501294abd908c9aea1ec7b1948bb0c6a052a7df6a31";
        assert_eq!(hex(&candidate.particulars), particulars);
    }
}

#[test]
fn one_or_two_generations_are_read_and_everything_else_is_refused() {
    let both = Keys::with(format!("\n4 {FIRST}\n5  {SECOND}  \n")).load().expect("two keys");
    assert_eq!((both.newest(), both.is_between_keys()), (5, true));
    let most = u32::MAX;
    let bad = [
        (String::new(), "0 keys"),
        ("\n\n".to_owned(), "0 keys"),
        (format!("1 {FIRST}\n2 {SECOND}\n3 {FIRST}\n"), "3 keys"),
        (format!("1 {FIRST}\n1 {SECOND}\n"), "do not follow"),
        (format!("2 {FIRST}\n1 {SECOND}\n"), "do not follow"),
        (format!("1 {FIRST}\n3 {SECOND}\n"), "do not follow"),
        (format!("{most} {FIRST}\n0 {SECOND}\n"), "a generation"),
        (format!("1 {FIRST}\n2 {FIRST}\n"), "one key"),
        (format!("{FIRST}\n2 {SECOND}\n"), "a generation"),
        (format!("0 {FIRST}\n"), "a generation"),
        (format!("-1 {FIRST}\n"), "a generation"),
        (format!("one {FIRST}\n"), "a generation"),
        (format!("4294967296 {FIRST}\n"), "a generation"),
        (format!("1 {}\n", &FIRST[1..]), "64 hexadecimal"),
        (format!("1 {FIRST}0\n"), "64 hexadecimal"),
        (format!("1 {}g\n", &FIRST[1..]), "64 hexadecimal"),
        (FIRST[1..].to_owned(), "64 hexadecimal"),
        ("x".repeat(1_000), "64 hexadecimal"),
        ("x".repeat(100_000), "larger than"),
    ];
    for (text, why) in bad {
        let keys = Keys::with(&text);
        let line = keys.load().err().unwrap_or_else(|| panic!("taken: {text:.80}"));
        assert!(line.contains(why) && line.contains("vault.key") && line.contains("restore"), "{line}");
        assert!(!line.contains(&FIRST[8..]) && !line.contains(&SECOND[8..]), "a secret is told: {line}");
        assert_eq!(fs::read_to_string(keys.file()).expect("a file"), text, "it is left as it is");
    }
    assert!(Keys::with(b"1 \xff\xfe\n").load().is_err());
}

#[test]
fn a_file_that_others_may_read_or_replace_is_refused_with_the_cure() {
    let keys = Keys::with(format!("1 {FIRST}\n"));
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610] {
        fs::set_permissions(keys.file(), Permissions::from_mode(mode)).expect("a file");
        assert!(keys.load().err().expect("open to others").contains("chmod 600"));
    }
    for mode in [0o600, 0o400] {
        fs::set_permissions(keys.file(), Permissions::from_mode(mode)).expect("a file");
        assert!(keys.load().is_ok());
    }
    fs::set_permissions(keys.0.path(), Permissions::from_mode(0o777)).expect("a folder");
    assert!(keys.load().err().expect("anybody may replace it").contains("chmod o-w"));
    fs::set_permissions(keys.0.path(), Permissions::from_mode(0o700)).expect("a folder");
    assert!(keys.load().is_ok());
}

#[test]
fn a_key_is_made_only_where_there_are_no_books() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, books) = (folder.path().join("keys/vault.key"), folder.path().join("journal"));
    assert_eq!(Vault::load_or_create(&file, &books).expect("a new key").newest(), 1);
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).expect("a key");
    assert!(text.starts_with("1 ") && text.len() == 67, "one line, and no more");
    fs::create_dir(&books).expect("books");
    fs::remove_file(&file).expect("a key");
    assert!(Vault::load_or_create(&file, &books).err().expect("no key").contains("is missing"));
    assert!(!file.exists());
}

#[test]
fn what_a_crash_leaves_beside_the_keys_is_destroyed_and_the_keys_are_not() {
    let line = format!("1 {FIRST}\n");
    let open = |keys: &Keys| LiveVault::load_or_create(&keys.file(), &keys.0.path().join("journal"));
    let (new, gone) =
        (|keys: &Keys| keys.file().with_extension("new"), |keys: &Keys| keys.file().with_extension("gone"));
    let names = |keys: &Keys| fs::read_dir(keys.0.path()).expect("a folder").count();
    // Before the renaming: a draft, half written or whole, and perhaps the second name of the file.
    for (draft, linked) in [("2 ab", false), (SECOND, false), (SECOND, true)] {
        let keys = Keys::with(&line);
        put(&new(&keys), draft);
        let witness = keys.0.path().join("witness");
        fs::hard_link(new(&keys), &witness).expect("a second name");
        if linked {
            fs::hard_link(keys.file(), gone(&keys)).expect("a second name");
        }
        open(&keys).expect("a key");
        assert_eq!(
            fs::read_to_string(keys.file()).expect("a key"),
            line,
            "the key in use is not overwritten"
        );
        assert_eq!(fs::read_to_string(witness).expect("a draft"), "\0".repeat(draft.len()));
        assert_eq!(names(&keys), 2);
    }
    // After it: the old file under its second name.
    let keys = Keys::with(format!("2 {SECOND}\n"));
    put(&gone(&keys), &line);
    let witness = keys.0.path().join("witness");
    fs::hard_link(gone(&keys), &witness).expect("a second name");
    assert_eq!(open(&keys).expect("a key").lease().newest(), 2);
    assert!(!fs::read_to_string(witness).expect("the old file").contains(FIRST));
    assert_eq!(names(&keys), 2);
    // A link that somebody laid there leads to nothing that is overwritten.
    let keys = Keys::with(&line);
    let other = keys.0.path().join("other");
    put(&other, "precious");
    std::os::unix::fs::symlink(&other, gone(&keys)).expect("a link");
    open(&keys).expect("a key");
    assert_eq!(fs::read_to_string(other).expect("a file"), "precious");
}

#[test]
fn keys_are_replaced_as_a_whole() {
    let keys = Keys::with(format!("1 {FIRST}\n"));
    let mut both = key_file::read(&keys.file()).expect("a file").expect("keys");
    both.push(MasterKey::random(2).expect("randomness"));
    key_file::write(&keys.file(), &both).expect("a file");
    let text = fs::read_to_string(keys.file()).expect("keys");
    assert_eq!(text.lines().next(), Some(format!("1 {FIRST}").as_str()));
    let again = key_file::read(&keys.file()).expect("a file").expect("keys");
    let pairs = again.iter().zip(&both);
    assert!(
        again.len() == 2
            && pairs.into_iter().all(|(a, b)| a.generation == b.generation && a.secret == b.secret)
    );
    assert_eq!(fs::metadata(keys.file()).expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(keys.0.path()).expect("a folder").count(), 1);
}
