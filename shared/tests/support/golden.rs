//! Golden files: the bytes of every variant of a wire or record type, one name and its hex a line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use kessai_shared::codec;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Set this to have the files written from the types as they are now.
const REWRITE: &str = "KESSAI_WRITE_GOLDEN";

/// What the bytes of a file are held against: whether they stand for the sample's own value.
type Check = Box<dyn Fn(&[u8]) -> Result<(), String>>;

/// One value that has golden bytes.
pub struct Sample {
    pub name: String,
    pub bytes: Vec<u8>,
    pub check: Check,
}

impl Sample {
    /// A value whose golden bytes have to decode to an equal one.
    #[allow(dead_code, reason = "not every test that uses this file has such types")]
    pub fn equal<T>(name: &str, value: T) -> Self
    where
        T: Serialize + DeserializeOwned + PartialEq + 'static,
    {
        let bytes = codec::encode(&value);
        let check = move |golden: &[u8]| match codec::decode::<T>(golden) {
            Ok(decoded) if decoded == value => Ok(()),
            Ok(_) => Err("decodes to another value".to_owned()),
            Err(fault) => Err(fault.to_string()),
        };
        Self { name: name.to_owned(), bytes, check: Box::new(check) }
    }

    /// A value that cannot be compared: its golden bytes have to decode, and encode to themselves.
    #[allow(dead_code, reason = "not every test that uses this file has such types")]
    pub fn alike<T: Serialize + DeserializeOwned + 'static>(name: &str, value: &T) -> Self {
        let check = |golden: &[u8]| match codec::decode::<T>(golden) {
            Ok(decoded) if codec::encode(&decoded) == golden => Ok(()),
            Ok(_) => Err("encodes otherwise once it was decoded".to_owned()),
            Err(fault) => Err(fault.to_string()),
        };
        Self { name: name.to_owned(), bytes: codec::encode(value), check: Box::new(check) }
    }
}

/// Holds the samples against their file, which has exactly these names.
///
/// # Panics
/// When a byte, a name or a decoded value is another than it was when the file was written.
pub fn compare(file: &Path, samples: &[Sample]) {
    let mut text = String::new();
    for Sample { name, bytes, .. } in samples {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(text, "{name} {hex}").expect("a text takes everything");
    }
    if std::env::var_os(REWRITE).is_some() {
        std::fs::write(file, &text).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(file).unwrap_or_default();
    let golden: BTreeMap<&str, &str> = golden.lines().filter_map(|line| line.split_once(' ')).collect();
    let advice = format!(
        "{} stands for what peers send and disks hold. When the change is meant, take a new version in \
         the ALPN or record and write the file anew with {REWRITE}=1",
        file.display()
    );
    let now: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once(' ')).collect();
    assert_eq!(now.len(), samples.len(), "two samples have one name");
    for (name, hex) in &now {
        assert_eq!(golden.get(name), Some(hex), "{name} has other bytes than it had. {advice}");
    }
    assert_eq!(golden.len(), now.len(), "the file has names that no sample has. {advice}");
    for Sample { name, check, .. } in samples {
        check(&bytes(golden[name.as_str()])).unwrap_or_else(|why| panic!("{name} {why}. {advice}"));
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex digits")).collect()
}

/// The names of the values' variants, after making sure that every variant is among them. The match
/// has no wildcard, so that a new variant does not compile before it stands here.
macro_rules! variants {
    ($values:expr, $($variant:pat),+ $(,)?) => {{
        let names: Vec<&str> =
            $values.iter().map(|value| match value { $($variant => stringify!($variant)),+ }).collect();
        for variant in [$(stringify!($variant)),+] {
            assert!(names.contains(&variant), "there is no sample of {variant}");
        }
        names.into_iter().map(golden::plain).collect::<Vec<String>>()
    }};
}

/// `Kind::Variant { .. }` as `Kind.Variant`, and `Kind::Variant(Inner::One { .. })` as `Kind.Variant.One`.
pub fn plain(pattern: &str) -> String {
    let end = pattern.find(['{', '(']).unwrap_or(pattern.len());
    let (name, inner) = pattern.split_at(end);
    let name = name.replace(' ', "").replace("::", ".");
    match inner.strip_prefix('(').and_then(|inner| inner.split_once("::")) {
        Some((_, inner)) => format!("{name}.{}", plain(inner.trim_end_matches(')'))),
        None => name,
    }
}
