//! Asks the settlement now and then whether it is there (0800), and keeps the issuer keys it passes on.

use std::time::Duration;

use kessai_shared::exchange::{CallError, Trunk};
use kessai_shared::receipt::SignedIssuerKeys;
use kessai_shared::settlement::{Reply, Request};
use kessai_shared::writer::hand_in;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::charge::Line;
use crate::clerk::Command;
use crate::heard_keys::HeardKeys;
use crate::service::ClosedLink;

/// How often the settlement is asked while nothing else happens, and how long it may take.
const ECHO_EVERY: Duration = Duration::from_secs(2);
const ECHO_DEADLINE: Duration = Duration::from_secs(2);
/// How soon it is asked again when it has not answered.
const ECHO_RETRY: Duration = Duration::from_millis(100);

/// Asks for ever, and shows in `seen` what it hears. Each new connection is asked on at once, for only
/// an answer shows that the settlement has accepted us.
pub async fn run(
    link: Line,
    seen: watch::Sender<ClosedLink>,
    heard: HeardKeys,
    writer: mpsc::Sender<Command>,
) {
    let (mut told, mut connections) = (false, link.trunk.follow());
    loop {
        let answer = match timeout(ECHO_DEADLINE, connections.up()).await {
            Ok(()) => link.ask(Request::Echo, ECHO_DEADLINE).await.map_err(Unheard::Call),
            // Nobody waits for an echo, so the link need not hurry for it.
            Err(_) => Err(Unheard::Down),
        };
        // An operator wants to know once, not every time it is asked in vain.
        match &answer {
            Err(why) if !told => tracing::warn!("no answer from the settlement: {}", why.line(&link.trunk)),
            Ok(_) if told => tracing::info!("the settlement answers again"),
            Err(_) | Ok(_) => {}
        }
        told = answer.is_err();
        if let Ok(Reply::Echo { issuer_keys, open_batch }) = answer {
            is_there(&seen, &heard, issuer_keys, open_batch);
            // A writer that is gone takes the daemon with it.
            let _ = hand_in(&writer, Command::OpenBatch(open_batch)).await;
            // No more than looked at, or a connection that came during the call would be overlooked.
            let _ = timeout(ECHO_EVERY, connections.changed()).await;
        } else {
            seen.send_if_modified(|link| {
                link.away_since.get_or_insert_with(Instant::now);
                std::mem::replace(&mut link.up, false)
            });
            sleep(ECHO_RETRY).await;
        }
    }
}

/// Why there was no echo.
enum Unheard {
    Down,
    Call(CallError),
}

impl Unheard {
    fn line(&self, link: &Trunk) -> String {
        match self {
            Unheard::Call(error) => error.to_string(),
            Unheard::Down => link
                .health()
                .last_error
                .map_or_else(|| "there is no connection yet".to_owned(), |error| error.to_string()),
        }
    }
}

fn is_there(
    seen: &watch::Sender<ClosedLink>,
    heard: &HeardKeys,
    issuer_keys: Vec<SignedIssuerKeys>,
    open_batch: u32,
) {
    // A settlement that shows none has none to seal with; old decisions still have to be checked with
    // what it showed before.
    let known = || seen.borrow().issuer_keys.clone();
    let issuer_keys = if issuer_keys.is_empty() { known() } else { issuer_keys };
    if seen.borrow().issuer_keys != issuer_keys {
        heard.keep(&issuer_keys);
    }
    seen.send_replace(ClosedLink {
        up: true,
        issuer_keys,
        open_batch: Some(open_batch),
        heard_at: Some(Instant::now()),
        away_since: None,
    });
}
