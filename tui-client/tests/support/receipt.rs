//! A receipt made of values, signed by keys that are the same in every run.

#[path = "../../../shared/tests/support/groups.rs"]
mod groups;

use groups::signed_group;
use kessai_shared::identity::Identity;
use kessai_shared::receipt::{IssuerKeys, Quote, Statement, Verdict};
use kessai_shared::time::Timestamp;
use kessai_tui_client::app::model::Proved;
use kessai_tui_client::receipt_code::{self, Code};
use kessai_tui_client::receipt_file::{Believed, Receipt};

fn key(number: u8) -> Identity {
    Identity::from_seed(&[number; 32]).expect("a key")
}

/// Whom the receipts of [`receipt`] are signed by.
pub fn believed() -> Believed {
    Believed { sellers: vec![key(1).pin()], roots: vec![key(3).pin()] }
}

/// The receipt of an order with this quote, whose seller is made one with a key.
pub fn receipt(quote: &Quote, verdict: Verdict) -> Receipt {
    let (seller, settlement, root) = (key(1), key(2), key(3));
    let quote = Quote { seller: seller.pin(), ..quote.clone() }.sign(&seller);
    let decided_at = Timestamp(quote.quote.deadline.0 - 290_000_000);
    let statement = |position| {
        let purchase = quote.quote.purchase();
        Statement { purchase, verdict, position, decided_at }
    };
    let group = [(statement(4_711), Vec::new()), (statement(4_712), Vec::new())];
    let decision = signed_group(&group, &settlement).swap_remove(1);
    let keys = IssuerKeys {
        key_id: [0x66; 8],
        suite: 2,
        sealing_key: vec![0x77; 6],
        decision_key: settlement.public(),
        not_before: Timestamp(0),
        not_after: Timestamp(u64::MAX),
    };
    Receipt { quote, decision, keys: keys.sign(&root) }
}

/// What the terminal finds out about a receipt.
pub fn proved(receipt: Receipt, believed: &Believed) -> Proved {
    let order = receipt.quote.quote.order;
    let code_text = receipt_code::text(order, &receipt.text());
    let code = Code::of(&code_text);
    let path = format!("/home/ada/Documents/kessai-{order}.receipt");
    Proved { checks: receipt.checks(believed).to_vec(), receipt, code_text, code, path }
}
