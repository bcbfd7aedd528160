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

use crate::headless::failure;
use crate::home::Home;
use crate::receipt_file::{MAX_FILE_BYTES, Receipt};
use crate::shop::Shop;
use crate::shop_file::ShopFile;

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
    if verify.json {
        println!("{}", as_json(&receipt));
    } else {
        println!("{}{}, in the settlement's journal", receipt.lines(), receipt.outcome());
    }
    Ok(OK)
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
    let name = file.display();
    let unreadable = |error: io::Error| Failure::failed(format!("{name}: cannot be read: {error}"));
    let mut bytes = Vec::new();
    // One byte more than there may be shows that there are too many.
    let most = MAX_FILE_BYTES as u64 + 1;
    File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(unreadable)?;
    Receipt::read(&bytes).map_err(|why| Failure::failed(format!("{name}: {why}")))
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
