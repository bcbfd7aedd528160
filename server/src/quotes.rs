//! Signs quotes: all that were asked for meanwhile with one signature.
//!
//! A signature takes longer than all else about a quote. While one is made, others are asked for, and
//! the next is for all of those at once; nobody waits for others to come.

use std::sync::Arc;

use kessai_shared::identity::Identity;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{Forged, Quote, Remembering, SignedQuote, sign_all};
use kessai_shared::writer::hand_in;
use tokio::sync::{mpsc, oneshot};

/// Most quotes that one signature is for, which makes a path of ten hashes.
const MAX_TOGETHER: usize = 1_024;
/// Most quotes that may wait to be signed; whoever asks for more waits.
const MAX_QUEUED: usize = 4_096;

type Waiting = (Quote, oneshot::Sender<SignedQuote>);

/// Makes this seller's quotes, and knows them again.
pub struct Quotes {
    identity: Arc<Identity>,
    /// The signatures made or met lately, so that a quote that comes back costs none.
    known: Arc<Remembering>,
    to_sign: mpsc::Sender<Waiting>,
}

impl Quotes {
    /// Signs until it is dropped, in a task of its own.
    pub fn new(identity: Identity) -> Self {
        let (to_sign, queue) = mpsc::channel(MAX_QUEUED);
        let (identity, known) = (Arc::new(identity), Arc::new(Remembering::default()));
        tokio::spawn(sign(Arc::clone(&identity), Arc::clone(&known), queue));
        Self { identity, known, to_sign }
    }

    pub fn seller(&self) -> Pin {
        self.identity.pin()
    }

    /// The quote, signed; `None` only while the daemon goes down.
    pub async fn sign(&self, quote: Quote) -> Option<SignedQuote> {
        let (tell, told) = oneshot::channel();
        hand_in(&self.to_sign, (quote, tell)).await.ok()?;
        told.await.ok()
    }

    /// Signs one quote at once, by itself.
    pub fn sign_alone(&self, quote: Quote) -> SignedQuote {
        quote.sign(&self.identity)
    }

    /// Whether this is a quote of ours.
    ///
    /// # Errors
    /// [`Forged`] when it is not.
    pub fn verify(&self, quote: &SignedQuote) -> Result<(), Forged> {
        quote.verify_by(self.identity.pin(), &*self.known).map(|_| ())
    }
}

async fn sign(identity: Arc<Identity>, known: Arc<Remembering>, mut queue: mpsc::Receiver<Waiting>) {
    let mut waiting = Vec::new();
    while queue.recv_many(&mut waiting, MAX_TOGETHER).await > 0 {
        // Whatever else is ready runs first, and may want a quote too.
        tokio::task::yield_now().await;
        while waiting.len() < MAX_TOGETHER
            && let Ok(next) = queue.try_recv()
        {
            waiting.push(next);
        }
        let (quotes, tell): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
        let signed = sign_all(quotes, &identity);
        if let Some(first) = signed.first() {
            first.signature_known_to(&known);
        }
        for (signed, tell) in signed.into_iter().zip(tell) {
            // Whoever asked may have gone meanwhile.
            let _ = tell.send(signed);
        }
    }
}
