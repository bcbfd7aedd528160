//! What this terminal believes, and why: the pinned seller's quotes, the keys that a pinned issuer's
//! root signed, decisions made under them; and the sessions in which it seals cards for them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kessai_shared::identity::Identity;
use kessai_shared::ids::OrderId;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{IssuerKeys, Quote, Remembering, SignedIssuerKeys, SignedQuote};
use kessai_shared::seal::{Envelope, HolderProof, ResponseSecret, SealError, SealedCard, SealingSession};
use kessai_shared::storefront::OrderView;
use kessai_shared::time::Timestamp;
use tokio::time::Instant;

use crate::cards::PayingCard;
use crate::ending::{self, Ending};
use crate::shop_file::ShopFile;

/// How long the issuer's keys are sealed with before they are asked for again.
const KEYS_FRESH: Duration = Duration::from_secs(60);
/// Most sessions that are kept: one an issuer, and an older one while it changes its key.
const MAX_SESSIONS: usize = 8;

pub struct Trust {
    pub identity: Identity,
    seller_pins: Vec<Pin>,
    issuer_roots: Vec<Pin>,
    heard: Mutex<Heard>,
    sessions: Mutex<Vec<Arc<SealingSession>>>,
    /// The signatures that fitted: many quotes and decisions come under one.
    checked: Remembering,
}

/// What the seller last passed on of issuers' keys.
#[derive(Default)]
struct Heard {
    /// Whether it passed anything on at all, signed or not.
    anything: bool,
    keys: Vec<Certified>,
    at: Option<Instant>,
}

/// Keys whose signature fits, and whose it is. Whether that root is one to believe is asked at each use.
struct Certified {
    signed: Arc<SignedIssuerKeys>,
    root: Pin,
}

impl Trust {
    pub fn new(file: &ShopFile, identity: Identity) -> Self {
        Self {
            identity,
            seller_pins: file.seller_pins.clone(),
            issuer_roots: file.issuer_roots.clone(),
            heard: Mutex::default(),
            sessions: Mutex::default(),
            checked: Remembering::default(),
        }
    }

    /// Takes in what the seller passes on, if it is signed; whether by a root to believe shows when it
    /// is used.
    pub fn hear(&self, keys: Vec<SignedIssuerKeys>) {
        // The secret of a session with a key that is over would outlive the key for nothing.
        lock(&self.sessions).retain(|session| keys.iter().any(|signed| session.is_with(&signed.keys)));
        let anything = !keys.is_empty();
        let certified = keys.into_iter().filter_map(|signed| {
            let root = Pin::of_public_key(&signed.root);
            signed.verify(root).is_ok().then(|| Certified { signed: Arc::new(signed), root })
        });
        let keys = certified.collect();
        *lock(&self.heard) = Heard { anything, keys, at: Some(Instant::now()) };
    }

    /// Whether the seller has passed anything on yet.
    pub fn has_heard(&self) -> bool {
        lock(&self.heard).anything
    }

    /// What was heard under a root that the shop's file names.
    pub fn certificates(&self) -> Vec<Arc<SignedIssuerKeys>> {
        let ours = |keys: &&Certified| self.issuer_roots.contains(&keys.root);
        lock(&self.heard).keys.iter().filter(ours).map(|keys| Arc::clone(&keys.signed)).collect()
    }

    /// Whether what was heard is recent enough to seal with.
    pub fn is_fresh(&self) -> bool {
        lock(&self.heard).at.is_some_and(|at| at.elapsed() < KEYS_FRESH)
    }

    /// Forgets how long ago the keys were heard, so that they are asked for again.
    pub fn doubt_keys(&self) {
        lock(&self.heard).at = None;
    }

    /// Whether this shop's settlement speaks for the card's issuer. A card that names none is taken to
    /// be of an issuer that the shop's own file names.
    pub fn takes(&self, card: &PayingCard) -> bool {
        card.issuer.is_none_or(|root| self.issuer_roots.contains(&root))
    }

    /// The key to seal this card with now.
    pub fn sealing_keys(&self, card: &PayingCard, now: Timestamp) -> Option<Arc<SignedIssuerKeys>> {
        let heard = lock(&self.heard);
        let fits =
            |keys: &&Certified| self.is_root(keys.root, card.issuer) && keys.signed.keys.span_contains(now);
        heard.keys.iter().find(fits).map(|keys| Arc::clone(&keys.signed))
    }

    /// Seals the card for exactly this quote. The first time with a key costs public-key work; the
    /// session is kept for the next.
    pub fn seal(&self, card: &PayingCard, quote: &Quote, keys: &IssuerKeys) -> Result<Envelope, SealError> {
        let purchase = quote.purchase();
        let session = self.session(keys)?;
        let holder = card.holder.as_ref().map(|holder| {
            let to_sign = session.to_sign(&purchase);
            HolderProof::sign(&holder.key, &to_sign, holder.enrolment.clone())
        });
        let response = self.response_secret(quote.order);
        session.seal(&SealedCard { card: card.card.clone(), response, holder }, &purchase)
    }

    /// Whether the pinned seller signed this quote.
    pub fn check_quote<'a>(&self, signed: &'a SignedQuote) -> Result<&'a Quote, String> {
        let verified = |pin: &Pin| signed.verify_by(*pin, &self.checked).ok();
        let pinned = self.seller_pins.iter().find_map(verified);
        pinned.ok_or_else(|| "the quote is not signed by this shop".to_owned())
    }

    /// How an order ended, as far as it is proved, under this issuer's root or any that the shop names.
    pub fn check(&self, view: &OrderView, issuer: Option<Pin>) -> Result<Ending, String> {
        let quote = self.check_quote(&view.quote)?;
        let heard = lock(&self.heard);
        let ours = heard.keys.iter().filter(|keys| self.is_root(keys.root, issuer));
        let decision_keys: Vec<[u8; 32]> = ours.map(|keys| keys.signed.keys.decision_key).collect();
        drop(heard);
        let secret = || self.response_secret(quote.order);
        ending::of(view, quote, &decision_keys, &self.checked, secret)
    }

    /// The settlement answers with this; it can always be made again from our key and the order id.
    fn response_secret(&self, order: OrderId) -> ResponseSecret {
        ResponseSecret(self.identity.derive(b"kessai response v1", order.as_bytes()))
    }

    /// Whether this root is the card's issuer's, or any that the shop names for a card that names none.
    fn is_root(&self, root: Pin, issuer: Option<Pin>) -> bool {
        issuer.map_or_else(|| self.issuer_roots.contains(&root), |issuer| issuer == root)
    }

    fn session(&self, keys: &IssuerKeys) -> Result<Arc<SealingSession>, SealError> {
        let mut sessions = lock(&self.sessions);
        if let Some(session) = sessions.iter().find(|session| session.is_with(keys)) {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(SealingSession::begin(keys)?);
        if sessions.len() >= MAX_SESSIONS {
            sessions.remove(0);
        }
        sessions.push(Arc::clone(&session));
        Ok(session)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
