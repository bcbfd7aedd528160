//! Receipts from the command line: saved with the shop's help, verified without anybody's.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use kessai_shared::console::{self, FAILED, Failure, OK};
use kessai_shared::ids::OrderId;
use kessai_shared::journal::Hash;
use kessai_shared::pin::Pin;
use serde_json::{Value, json};

use crate::app::Settings;
use crate::headless::failure;
use crate::home::Home;
use crate::receipt_code;
use crate::receipt_file::{BadReceipt, Believed, Check, Found, MAX_FILE_BYTES, Proof, Receipt};
use crate::shop::Shop;
use crate::shop_file::ShopFile;
use crate::view::{self, Look};
use crate::words::Message;

/// What to check a receipt against.
#[derive(Args)]
pub struct Verify {
    file: PathBuf,
    /// The pin of an issuer's root to believe; may be given more than once.
    #[arg(long, value_name = "PIN")]
    issuer_root: Vec<Pin>,
    /// The file of a shop whose issuers to believe, when no pin is given.
    #[arg(long, value_name = "FILE")]
    shop: Option<PathBuf>,
    /// This terminal's own folder, whose issuers are believed when nothing else is named.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// What the code of the receipt says, as somebody read it: then the file has to be that very receipt.
    #[arg(long, value_name = "TEXT")]
    code: Option<String>,
    #[arg(long)]
    json: bool,
}

/// Asks the shop for an order and writes its receipt.
///
/// # Errors
/// [`Failure`] when there is nothing to prove or it cannot be written.
pub async fn save(shop: &Shop, order: OrderId, out: &Path) -> Result<u8, Failure> {
    may_write(out, Some(order))?;
    let receipt = shop.receipt(order).await.map_err(failure)?;
    write(shop, &receipt, out)?;
    println!("{}: the receipt of order {order}, {}", out.display(), receipt.outcome());
    Ok(OK)
}

/// Writes the receipt of an order that was just decided. The purchase stands without it, so what goes
/// wrong here is only told.
pub async fn keep(shop: &Shop, order: OrderId, out: &Path) {
    let kept = match shop.receipt(order).await {
        Ok(receipt) => write(shop, &receipt, out),
        Err(error) => Err(failure(error)),
    };
    if let Err(failure) = kept {
        let again = format!("kessai receipt save {order}");
        eprintln!("kessai: the receipt was not written: {}; try again with {again}", failure.line);
    }
}

/// Where a receipt is put unless somebody says otherwise: among the user's documents, or where there are none, in
/// the terminal's own folder.
pub fn proposed(home: &Path, order: OrderId) -> PathBuf {
    let documents = directories::UserDirs::new().and_then(|dirs| dirs.document_dir().map(Path::to_owned));
    let folder = documents.filter(|folder| folder.is_dir()).unwrap_or_else(|| home.to_owned());
    folder.join(format!("kessai-{order}.receipt"))
}

/// Writes a receipt under a path as it was typed, and tells where it is now.
///
/// # Errors
/// What to tell when there is no such folder, another file is there, or it cannot be written.
pub fn save_at(shop: &Shop, receipt: &Receipt, path: &str) -> Result<String, Message> {
    let path = path.trim();
    let typed = match path.strip_prefix("~/").zip(directories::UserDirs::new()) {
        Some((rest, dirs)) => dirs.home_dir().join(rest),
        None => PathBuf::from(path),
    };
    // The whole path, since whoever reads it may be somewhere else later.
    let whole = std::path::absolute(&typed).unwrap_or(typed);
    let about = |id| Message::new(id).with("path", whole.display().to_string());
    if !whole.parent().is_some_and(Path::is_dir) {
        return Err(about("receipt-no-folder"));
    }
    if may_write(&whole, Some(receipt.quote.quote.order)).is_err() {
        return Err(about("receipt-taken"));
    }
    write(shop, receipt, &whole).map_err(|why| about("receipt-not-written").with("why", why.line))?;
    Ok(whole.display().to_string())
}

/// Finds out before anything is bought whether the receipt of an order can be written there. One of
/// that very order may be there from an earlier try.
///
/// # Errors
/// [`Failure`] when there is no such folder, or something else is there.
pub fn may_write(out: &Path, order: Option<OrderId>) -> Result<(), Failure> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(Failure::failed(format!("{}: there is no such folder", out.display())));
    }
    let its = || read(out).is_ok_and(|receipt| Some(receipt.quote.quote.order) == order);
    if !out.exists() || its() { Ok(()) } else { Err(taken(out)) }
}

/// Checks a receipt without asking anybody.
///
/// # Errors
/// [`Failure`] with one line when it does not prove what it says to this terminal.
pub fn verify(verify: &Verify) -> Result<u8, Failure> {
    let file = verify.file.display();
    let receipt = read(&verify.file)?;
    let root = receipt.issuer_root();
    let (known, whose) = roots(verify)?;
    if !known.contains(&root) {
        let line = format!(
            "{file}: every signature in it holds, but under issuer root {root}, which {whose}; if your \
             card's issuer confirms that pin, name it with --issuer-root {root}"
        );
        return Err(Failure { code: FAILED, line });
    }
    let code = receipt_code::text(receipt.quote.quote.order, &receipt.text());
    if verify.code.as_ref().is_some_and(|read| !read.trim().eq_ignore_ascii_case(&code)) {
        return Err(Failure::failed(format!("{file}: not the receipt of that code; its own is {code}")));
    }
    if verify.json {
        println!("{}", as_json(&receipt));
    } else {
        println!("{}{}, in the settlement's journal", receipt.lines(), receipt.outcome());
    }
    Ok(OK)
}

/// Shows what a receipt proves, step by step, also one that proves nothing.
///
/// # Errors
/// [`Failure`] with one line when it cannot be read at all.
pub fn show(show: &Verify) -> Result<u8, Failure> {
    let receipt = open(&show.file, Receipt::open)?;
    let (roots, _) = roots(show)?;
    let sellers = match &show.shop {
        Some(shop) => ShopFile::read(shop).map_err(Failure::usage)?.seller_pins,
        None => Vec::new(),
    };
    // Whose shop it is cannot be said without the shop's own file, and that is not the receipt's fault.
    let asked = |check: &Check| check.what != Proof::SellerKnown || show.shop.is_some();
    let checks = receipt.checks(&Believed { sellers, roots });
    let checks: Vec<Check> = checks.into_iter().filter(asked).collect();
    let holds = checks.iter().all(|check| check.found == Found::Holds);
    if show.json {
        let step = |check: &Check| json!({ "step": check.what.word(), "found": check.found.word() });
        let steps: Vec<Value> = checks.iter().map(step).collect();
        let code = receipt_code::text(receipt.quote.quote.order, &receipt.text());
        println!(
            "{}",
            json!({ "proved": holds, "steps": steps, "code": code, "receipt": as_json(&receipt) })
        );
    } else {
        print!("{}", receipt.lines());
        for (line, _) in view::receipt::told(&receipt, &checks, Look::with(&Settings::default())) {
            println!("{line}");
        }
    }
    Ok(if holds { OK } else { FAILED })
}

/// The issuers' roots to believe, and what to say of one that is not among them.
fn roots(verify: &Verify) -> Result<(Vec<Pin>, &'static str), Failure> {
    if !verify.issuer_root.is_empty() {
        return Ok((verify.issuer_root.clone(), "is none of those that were named"));
    }
    if let Some(shop) = &verify.shop {
        let shop = ShopFile::read(shop).map_err(Failure::usage)?;
        return Ok((shop.issuer_roots, "is none of that shop's"));
    }
    let home = Home::new(console::data_folder(verify.data.as_deref(), "kessai")?);
    Ok((home.issuers()?, "this terminal does not know"))
}

fn read(file: &Path) -> Result<Receipt, Failure> {
    open(file, Receipt::read)
}

fn open(file: &Path, read: fn(&[u8]) -> Result<Receipt, BadReceipt>) -> Result<Receipt, Failure> {
    let name = file.display();
    let unreadable = |error: io::Error| Failure::failed(format!("{name}: cannot be read: {error}"));
    let mut bytes = Vec::new();
    // One byte more than there may be shows that there are too many.
    let most = MAX_FILE_BYTES as u64 + 1;
    File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(unreadable)?;
    read(&bytes).map_err(|why| Failure::failed(format!("{name}: {why}")))
}

/// Writes a receipt where there is none. One of the same decision may be there already: then all is done.
fn write(shop: &Shop, receipt: &Receipt, out: &Path) -> Result<(), Failure> {
    let cannot =
        |what: &Path, error| Failure::failed(format!("{}: cannot be written: {error}", what.display()));
    let home = shop.home();
    home.know_issuer(receipt.issuer_root()).map_err(|error| cannot(home.path(), error))?;
    if out.exists() {
        // The issuer's signature on its keys is given anew from time to time; the rest is the same for ever.
        let same = read(out).is_ok_and(|old| old.quote == receipt.quote && old.decision == receipt.decision);
        return if same { Ok(()) } else { Err(taken(out)) };
    }
    // Written aside and renamed, so that there is never half a receipt under that name.
    let mut draft = out.as_os_str().to_owned();
    draft.push(format!(".{}.new", std::process::id()));
    let draft = PathBuf::from(draft);
    let mut file = File::create_new(&draft).map_err(|error| cannot(&draft, error))?;
    let written = file.write_all(receipt.text().as_bytes()).and_then(|()| file.sync_all());
    written.and_then(|()| fs::rename(&draft, out)).map_err(|error| {
        // What is left of it is of no use to anybody; that it stays is no second failure.
        let _ = fs::remove_file(&draft);
        cannot(out, error)
    })
}

fn taken(out: &Path) -> Failure {
    Failure::failed(format!("{}: something else is there already; name another file", out.display()))
}

fn as_json(receipt: &Receipt) -> Value {
    let (quote, statement) = (&receipt.quote.quote, &receipt.decision.statement);
    let head = &receipt.decision.proof.head;
    let lines = quote.lines.iter().map(|line| {
        let (quantity, price) = (line.quantity, line.unit_price.0);
        json!({ "sku": line.sku.as_str(), "quantity": quantity, "unit_price_pence": price })
    });
    json!({
        "outcome": receipt.outcome(),
        "order": quote.order.to_string(),
        "seller": receipt.seller().to_string(),
        "customer": quote.customer.as_str(),
        "lines": lines.collect::<Vec<_>>(),
        "amount_pence": quote.total.0,
        "currency": quote.currency.code(),
        "decided_at": statement.decided_at.to_string(),
        "position": statement.position,
        "group": {
            "first": head.first,
            "last": head.last,
            "decisions": head.decisions,
            "at": head.at.to_string(),
            "journal": Hash(head.journal).to_string(),
        },
        "issuer_root": receipt.issuer_root().to_string(),
    })
}
