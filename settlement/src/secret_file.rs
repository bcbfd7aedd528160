//! A secret of 32 bytes in a file that only its owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use zeroize::Zeroizing;

pub type Secret = Zeroizing<[u8; 32]>;

/// Loads the secret, or makes a random one.
///
/// # Errors
/// A line on what is wrong with the file and what to do.
pub fn load_or_create(path: &Path) -> Result<Secret, String> {
    match load(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut secret = Zeroizing::new([0; 32]);
            aws_lc_rs::rand::fill(&mut secret[..]).map_err(|_| "the system gives no random bytes")?;
            save(path, &secret).map_err(|error| format!("{}: cannot be written: {error}", path.display()))?;
            Ok(secret)
        }
        loaded => loaded.map_err(|error| format!("{}: {error}", path.display())),
    }
}

fn load(path: &Path) -> io::Result<Secret> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(io::Error::other(format!(
            "others may read this secret; run: chmod 600 {}",
            path.display()
        )));
    }
    let text = Zeroizing::new(fs::read_to_string(path)?);
    let bad = || io::Error::other("not a secret of 64 hexadecimal digits; restore it from a backup");
    let digits = text.trim();
    if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(bad());
    }
    let mut secret = Zeroizing::new([0; 32]);
    for (at, byte) in secret.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).map_err(|_| bad())?;
    }
    Ok(secret)
}

/// Written aside and renamed, so that a half-written secret is never found.
fn save(path: &Path, secret: &Secret) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let draft = path.with_extension("new");
    // One that a crash left behind holds no secret that anything was encrypted with.
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    // With room for all of it from the start: text that grows leaves a copy of itself behind.
    let mut text = Zeroizing::new(Vec::with_capacity(2 * secret.len() + 1));
    secret.iter().try_for_each(|byte| write!(text, "{byte:02x}"))?;
    text.push(b'\n');
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(folder)?.sync_all()
}
