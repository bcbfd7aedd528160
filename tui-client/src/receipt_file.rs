//! A receipt as a file: lines for people, and behind them the proof that they are true.
//!
//! The proof is everything that a stranger needs to check, offline and for ever, what was bought and
//! what was decided about it: the quote that the seller signed, the decision with its place in the
//! settlement's journal, and the issuer's keys that certify the settlement's signature. The lines for
//! people are made from it, and a file whose lines are not exactly those is refused, so that nobody
//! shows other lines over a good proof.

mod checks;

pub use checks::{Believed, Check, Found, Proof};

use std::fmt::{self, Write};

use kessai_shared::hex;
use kessai_shared::journal::Hash;
use kessai_shared::money::Minor;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Decision, Forged, Quote, Signature, SignedIssuerKeys, SignedQuote, Verdict};
use kessai_shared::record::{unversioned, versioned};
use serde::{Deserialize, Serialize};

/// The largest receipt that is read, in bytes: the largest quote there is, in two digits a byte.
pub const MAX_FILE_BYTES: usize = 2 << 20;

/// The versions of the proof and of the lines for people. Receipts are kept for years, so what a
/// version looks like never changes. The first is of a quote that was signed by itself, the second of
/// one that was signed among others.
const BY_ITSELF: u8 = 1;
const AMONG_OTHERS: u8 = 2;
/// It stands at the beginning of a line, where no product's or customer's name ever stands.
const BEGIN: &str = "\n-----BEGIN KESSAI RECEIPT-----\n";
const END: &str = "-----END KESSAI RECEIPT-----\n";
/// How many bytes of the proof one line has.
const BYTES_A_LINE: usize = 32;

/// What a receipt proves, with the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub quote: SignedQuote,
    pub decision: Decision,
    pub keys: SignedIssuerKeys,
}

/// The proof of a quote that was signed by itself.
#[derive(Serialize, Deserialize)]
struct ByItself {
    quote: Quote,
    public_key: [u8; 32],
    signature: Signature,
    decision: Decision,
    keys: SignedIssuerKeys,
}

/// Why a text is no receipt that proves anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadReceipt {
    TooLarge,
    /// There is no proof between the marks, or not one of this form.
    Unreadable(String),
    /// The lines for people are not those of the proof.
    OtherLines,
    Quote(Forged),
    /// The lines of the quote do not come to its total.
    Sum,
    Keys(Forged),
    Decision(Forged),
}

impl Receipt {
    /// The receipt in a file's bytes, every signature of it checked. Whether its issuer's root is one
    /// to believe is for the caller to say.
    ///
    /// # Errors
    /// [`BadReceipt`] when anything about it does not hold.
    pub fn read(bytes: &[u8]) -> Result<Self, BadReceipt> {
        let receipt = Self::unpack(bytes)?;
        receipt.verify()?;
        receipt.of_text(bytes)
    }

    /// The receipt in a file's bytes, with no signature of it checked: for whoever shows what does not hold.
    ///
    /// # Errors
    /// [`BadReceipt`] when it is no receipt, or its lines are not those of its proof.
    pub fn open(bytes: &[u8]) -> Result<Self, BadReceipt> {
        Self::unpack(bytes)?.of_text(bytes)
    }

    fn unpack(bytes: &[u8]) -> Result<Self, BadReceipt> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(BadReceipt::TooLarge);
        }
        let unreadable = |why: &str| BadReceipt::Unreadable(why.to_owned());
        let text = std::str::from_utf8(bytes).map_err(|_| unreadable("it is not text"))?;
        let body = text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END));
        let (body, _) = body.ok_or_else(|| unreadable("it has no proof between BEGIN and END"))?;
        let proof = hex::read(&body.lines().collect::<String>())
            .ok_or_else(|| unreadable("its proof is not in hexadecimal digits"))?;
        Self::of_proof(&proof).map_err(BadReceipt::Unreadable)
    }

    // The text is made anew from what was read: there is one file for a receipt, and no other.
    fn of_text(self, bytes: &[u8]) -> Result<Self, BadReceipt> {
        if self.text().as_bytes() == bytes { Ok(self) } else { Err(BadReceipt::OtherLines) }
    }

    /// Checks every signature, and that all of it speaks of the same purchase.
    ///
    /// # Errors
    /// [`BadReceipt`] for the first thing that does not hold.
    pub fn verify(&self) -> Result<Verdict, BadReceipt> {
        let quote = self.quote.verify(self.seller()).map_err(BadReceipt::Quote)?;
        if self.sum() != Some(quote.total) {
            return Err(BadReceipt::Sum);
        }
        let keys = self.keys.verify(self.issuer_root()).map_err(BadReceipt::Keys)?;
        // The root's signature on the decision key counts, not when cards may be sealed under it: one
        // decision key stands in the certificates of many sealing keys, and a receipt outlives them.
        self.decision.verify(&quote.purchase(), &keys.decision_key).map_err(BadReceipt::Decision)
    }

    /// What the lines come to.
    fn sum(&self) -> Option<Minor> {
        let worth = self.quote.quote.lines.iter().map(|line| line.unit_price.times(line.quantity));
        worth.collect::<Option<Vec<_>>>().and_then(Minor::sum)
    }

    /// The shop, as the quote names it.
    pub fn seller(&self) -> Pin {
        Pin::of_public_key(&self.quote.public_key)
    }

    /// The root that everything rests on.
    pub fn issuer_root(&self) -> Pin {
        Pin::of_public_key(&self.keys.root)
    }

    pub fn outcome(&self) -> &'static str {
        match self.decision.statement.verdict {
            Verdict::Approved => "approved",
            Verdict::Declined => "declined",
        }
    }

    /// The whole file.
    pub fn text(&self) -> String {
        let (version, proof) = self.proof();
        let digits = proof.chunks(BYTES_A_LINE).map(|line| format!("{}\n", hex::of(line).as_str()));
        let digits: String = digits.collect();
        format!(
            "Kessai receipt {version}\n\n{}\n\
             Do not believe these lines by themselves: anybody can write them. They repeat the proof\n\
             below, and this checks that they do: kessai receipt verify FILE\n{BEGIN}{digits}{END}",
            self.lines()
        )
    }

    fn proof(&self) -> (u8, Vec<u8>) {
        if self.quote.among.is_some() {
            return (AMONG_OTHERS, versioned(AMONG_OTHERS, self));
        }
        let Self { quote, decision, keys } = self.clone();
        let SignedQuote { quote, public_key, signature, among: _ } = quote;
        let proof = ByItself { quote, public_key, signature, decision, keys };
        (BY_ITSELF, versioned(BY_ITSELF, &proof))
    }

    fn of_proof(proof: &[u8]) -> Result<Self, String> {
        if proof.first() == Some(&AMONG_OTHERS) {
            return unversioned(AMONG_OTHERS, proof);
        }
        let ByItself { quote, public_key, signature, decision, keys } = unversioned(BY_ITSELF, proof)?;
        Ok(Self { quote: SignedQuote { quote, public_key, signature, among: None }, decision, keys })
    }

    /// What it says, for people.
    pub fn lines(&self) -> String {
        let (quote, statement) = (&self.quote.quote, &self.decision.statement);
        let head = &self.decision.proof.head;
        let mut lines = String::new();
        let mut line = |name: &str, what: &dyn fmt::Display| {
            // Writing to a string does not fail.
            let _ = writeln!(lines, "{name:<9} {what}");
        };
        line("order", &quote.order);
        line("shop", &self.seller());
        if !quote.customer.as_str().is_empty() {
            line("customer", &quote.customer);
        }
        for part in &quote.lines {
            let price = part.unit_price.show(quote.currency);
            line("line", &format!("{} x {} at {price}", part.quantity, part.sku));
        }
        line("total", &format!("{} ({})", quote.total.show(quote.currency), quote.currency.code()));
        line("decided", &format!("{} UTC", statement.decided_at));
        let (first, last, decisions) = (head.first, head.last, head.decisions);
        line("position", &format!("record {} of the settlement's journal", statement.position));
        line("group", &format!("records {first} to {last}, with {decisions} decision(s)"));
        line("journal", &Hash(head.journal));
        line("issuer", &self.issuer_root());
        line("outcome", &self.outcome());
        lines
    }
}

impl fmt::Display for BadReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadReceipt::TooLarge => write!(f, "larger than any receipt; {MAX_FILE_BYTES} bytes are the most"),
            BadReceipt::Unreadable(why) => write!(f, "not a receipt: {why}"),
            BadReceipt::OtherLines => {
                f.write_str("not as it was written: its text is not that of its proof, so do not believe it")
            }
            BadReceipt::Quote(why) => write!(f, "proves nothing: the seller's quote: {why}"),
            BadReceipt::Sum => f.write_str("proves nothing: the lines of the quote do not come to its total"),
            BadReceipt::Keys(why) => write!(f, "proves nothing: the issuer's keys: {why}"),
            BadReceipt::Decision(why) => write!(f, "proves nothing: the settlement's decision: {why}"),
        }
    }
}

impl std::error::Error for BadReceipt {}
