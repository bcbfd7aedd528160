//! Returns that are under way, each a small file from before it is sent until it is answered. A terminal that is
//! killed meanwhile finds it there, and sends the very same request again under the same id.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use kessai_shared::ids::{OrderId, ReturnId, Sku};
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{Line, MAX_LINES, MAX_QUANTITY};
use serde::{Deserialize, Serialize};

use crate::app::model::KeptReturn;

/// Most returns that are offered again; whoever has more of them has another problem.
const MAX_KEPT: usize = 64;
/// The largest file that is read, in bytes: a return of as many lines as there may be.
const MAX_FILE_BYTES: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
struct Form {
    /// The pin of the shop it is for: one terminal may buy in several.
    shop: String,
    #[serde(rename = "return")]
    id: String,
    order: String,
    lines: Vec<(String, u32)>,
}

pub struct KeptReturns {
    folder: PathBuf,
}

impl KeptReturns {
    /// The returns of a terminal with this folder.
    pub fn of(home: &Path) -> Self {
        Self { folder: home.join("returns") }
    }

    /// Makes a return durable before it is sent.
    ///
    /// # Errors
    /// When it cannot be written: then it must not be sent.
    pub fn keep(&self, shop: Pin, kept: &KeptReturn) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let lines = kept.lines.iter().map(|line| (line.sku.to_string(), line.quantity)).collect();
        let (id, order) = (kept.id.to_string(), kept.order.to_string());
        let form = Form { shop: shop.to_string(), id, order, lines };
        let text = serde_json::to_string(&form).map_err(io::Error::other)?;
        let draft = self.folder.join(format!("{}.new", kept.id));
        let mut file = File::create(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, self.file(kept.id))?;
        File::open(&self.folder)?.sync_all()
    }

    /// Forgets a return that was answered, or that was never kept.
    ///
    /// # Errors
    /// When its file cannot be removed: then it is offered once more, which does no harm.
    pub fn forget(&self, id: ReturnId) -> io::Result<()> {
        match fs::remove_file(self.file(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// What was kept of this shop, the oldest first. A file that is no return is passed over: nothing of it was
    /// ever sent, or it is somebody else's.
    ///
    /// # Errors
    /// When the folder is there and cannot be looked through.
    pub fn of_shop(&self, shops: &[Pin]) -> io::Result<Vec<KeptReturn>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut kept = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let is_return = path.extension().is_some_and(|extension| extension == "json");
            if let Some(found) = is_return.then(|| read(&path, shops)).flatten() {
                kept.push(found);
            }
        }
        kept.sort_unstable_by_key(|kept| kept.id);
        kept.truncate(MAX_KEPT);
        Ok(kept)
    }

    fn file(&self, id: ReturnId) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }
}

fn read(path: &Path, shops: &[Pin]) -> Option<KeptReturn> {
    let mut text = String::new();
    File::open(path).ok()?.take(MAX_FILE_BYTES).read_to_string(&mut text).ok()?;
    let form: Form = serde_json::from_str(&text).ok()?;
    let shop: Pin = form.shop.parse().ok()?;
    let line = |(sku, quantity): &(String, u32)| {
        let quantity = Some(*quantity).filter(|pieces| (1..=MAX_QUANTITY).contains(pieces));
        Some(Line { sku: Sku::new(sku).ok()?, quantity: quantity? })
    };
    let lines: Vec<Line> = form.lines.iter().take(MAX_LINES).map(line).collect::<Option<_>>()?;
    let (id, order): (ReturnId, OrderId) = (form.id.parse().ok()?, form.order.parse().ok()?);
    let whole = !lines.is_empty() && lines.len() == form.lines.len() && shops.contains(&shop);
    whole.then_some(KeptReturn { id, order, lines })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: Pin = Pin([7; 32]);

    fn kept(number: u8) -> KeptReturn {
        let line = |sku: &str, quantity| Line { sku: Sku::new(sku).expect("a SKU"), quantity };
        KeptReturn {
            id: ReturnId::from_bytes([number; 16]),
            order: OrderId::from_bytes([9; 16]),
            lines: vec![line("TEA \"MUGI\"", 2), line("緑茶", 1)],
        }
    }

    #[test]
    fn what_is_kept_is_found_again_until_it_is_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let returns = KeptReturns::of(folder.path());
        assert_eq!(returns.of_shop(&[SHOP]).expect("nothing yet"), []);
        returns.forget(kept(1).id).expect("nothing to forget");
        for number in [2, 1] {
            returns.keep(SHOP, &kept(number)).expect("kept");
        }
        returns.keep(SHOP, &kept(2)).expect("kept twice");
        returns.keep(Pin([8; 32]), &kept(3)).expect("of another shop");
        assert_eq!(returns.of_shop(&[Pin([6; 32]), SHOP]).expect("read"), [kept(1), kept(2)]);
        returns.forget(kept(1).id).expect("forgotten");
        assert_eq!(returns.of_shop(&[SHOP]).expect("read"), [kept(2)]);
    }

    #[test]
    fn what_is_no_return_is_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let returns = KeptReturns::of(folder.path());
        returns.keep(SHOP, &kept(1)).expect("kept");
        let good = fs::read_to_string(returns.file(kept(1).id)).expect("a file");
        let others = [
            String::new(),
            "{}".to_owned(),
            good[..good.len() / 2].to_owned(),
            good.replace(",2]", ",0]"),
            good.replace(",2]", ",1000001]"),
            good.replace("緑茶", ""),
            good.replace(&kept(1).order.to_string(), "x"),
        ];
        for (at, text) in others.iter().enumerate() {
            assert_ne!(*text, good, "{at}");
            fs::write(returns.folder.join(format!("{at}.json")), text).expect("written");
        }
        fs::write(returns.folder.join("half.new"), &good).expect("written");
        assert_eq!(returns.of_shop(&[SHOP]).expect("read"), [kept(1)]);
    }
}
