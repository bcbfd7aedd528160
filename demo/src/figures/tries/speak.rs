//! Speaking to the settlement: with a key of one's own, in somebody else's name, and to guess cards.

use std::net::SocketAddrV4;

use kessai_shared::codec;
use kessai_shared::console::Failure;
use kessai_shared::exchange::HEADER_BYTES;
use kessai_shared::ids::{Epoch, NodeId};
use kessai_shared::money::Minor;
use kessai_shared::net::packet::{PacketSocket, Protocol};
use kessai_shared::outcome::ResponseCode;
use kessai_shared::settlement;

use super::super::cards::{EXPIRY, Fate};
use super::super::conventional::message::{ALPN, Answer, Ask};
use super::super::conventional::wire::{Dress, frame};
use super::super::findings::{Tried, Verdict, What};
use super::super::packet::{forged, view};
use super::super::stage::{SELLER, SETTLEMENT, TERMINAL};
use super::super::system::System;
use super::knock::probes;
use super::tongue::{Heard, speak};
use super::{Books, Ground};
use crate::chart::Frame;

/// Cards that are guessed: so many that exist, with a wrong month, and as many that do not.
const GUESSES: usize = 10;
/// A wrong month.
const WRONG_EXPIRY: &str = "2089-01";
/// A port that no party uses, so that what is sent to it is an answer to a stranger's lie.
const LIARS_PORT: u16 = 40_999;
/// What is asked for in somebody else's name, in pence.
const STOLEN: Minor = Minor(999);

/// Connects with a key that is on nobody's list, and asks.
pub fn foreign_key(ground: &Ground<'_>) -> Result<Vec<Tried>, Failure> {
    let question = match ground.system().dress() {
        None => frame(1, &echo()),
        Some(_) => frame(1, &ask(ground, &ground.unknown_number(0)?, EXPIRY)?),
    };
    let heard = to_bank(ground, &[question])?;
    let served = !heard.answers.is_empty();
    let tells = |is_so| if is_so { Verdict::Broken } else { Verdict::Safe };
    let key = match &heard.key {
        Some(pin) => format!("its key is shown to whoever connects: {}…", &pin.to_string()[..16]),
        None if heard.is_connected => "it has none to show: whoever answers there is believed".to_owned(),
        None => "no key was shown, no connection came about".to_owned(),
    };
    // A settlement without a key can be played by anybody, which is worse than one whose key is known.
    let learned = tells(heard.is_connected);
    let said = match (served, heard.is_connected) {
        (true, _) => "a question was answered",
        (false, true) => "it connected, and was refused before any answer",
        (false, false) => "no connection came about",
    };
    let shown = match (&heard.key, heard.is_connected) {
        (Some(_), _) => "shown to anybody",
        (None, true) => "none: anybody can play it",
        (None, false) => "not shown",
    };
    let short = match (served, heard.is_connected) {
        (true, _) => "answered",
        (false, true) => "refused, after talking",
        (false, false) => "no connection",
    };
    Ok(vec![
        Tried::new(What::LearnKey, learned, shown, key),
        Tried::new(What::ForeignKey, tells(served), short, said),
    ])
}

/// Speaks in the seller's name: with what was read on the wire where that can be, otherwise from its address.
pub fn spoof(ground: &Ground<'_>) -> Result<Tried, Failure> {
    let before = ground.books()?;
    if ground.system().dress() == Some(Dress::Clear) {
        return in_the_clear(ground, before);
    }
    let who = if matches!(ground.system(), System::TerminalAsks(_)) { TERMINAL } else { SELLER };
    if ground.system() == System::Line {
        return nowhere(ground, who);
    }
    let (sent, seen) = ground.watch(|| lie(ground, who))?;
    let liars = |seen: &&Frame| seen.from == SETTLEMENT && view(&seen.bytes).to.port() == LIARS_PORT;
    let back = seen.iter().filter(liars).count();
    let heard = match ground.system() {
        System::TerminalAsks(_) => {
            let question = ask(ground, &ground.unknown_number(1)?, EXPIRY)?;
            decided(&to_bank(ground, &[frame(1, &question)])?).len()
        }
        System::Closed | System::Line | System::SellerAsks(_) => 0,
    };
    if sent == 0 {
        let line = format!("nothing could be sent from the {who}'s address, so that nothing is known of it");
        return Err(Failure::failed(line));
    }
    let after = ground.books()?;
    // Any server of the open network answers who asks for a version; behind the design's gate an answer to an
    // address that has not knocked is a hole in it.
    let is_heard = ground.system().is_designed() && back > 0;
    let is_decided = heard > 0 || before.held != after.held;
    let verdict = if is_heard || is_decided { Verdict::Broken } else { Verdict::Safe };
    let mut said = format!("{sent} datagrams from the {who}'s address: {back} answers");
    if heard > 0 {
        said += "; and anybody may ask in the seller's name: a decision was made for it";
    } else {
        said += &format!("; {} decisions more in the books", after.decisions - before.decisions);
    }
    let short = match (is_decided, is_heard) {
        (true, _) => "a decision in the seller's name",
        (false, true) => "answered, nothing in the books",
        (false, false) => "nothing in the books",
    };
    Ok(Tried::new(What::Spoof, verdict, short, said))
}

/// On a line there is no third end to speak from, which is looked at rather than believed.
fn nowhere(ground: &Ground<'_>, who: &str) -> Result<Tried, Failure> {
    let ends = ground.between(who, SETTLEMENT).next().and_then(|seen| ground.stage.wire(&seen.wire));
    let Some(ends) = ends.map(|line| line.ports.iter().map(|port| port.host.name()).collect::<Vec<_>>())
    else {
        return Err(Failure::failed(format!("nothing was recorded between the {who} and the settlement")));
    };
    let verdict = if ends.len() == 2 { Verdict::Safe } else { Verdict::Broken };
    let said = format!(
        "the line has {} ends, of {}: nowhere to stand, so that nothing can be sent as the {who}",
        ends.len(),
        ends.join(" and ")
    );
    Ok(Tried::new(What::Spoof, verdict, "nowhere to stand", said))
}

/// A card that was read on the wire is charged in the seller's name.
fn in_the_clear(ground: &Ground<'_>, before: Books) -> Result<Tried, Failure> {
    let read = ground.recorded.iter().find_map(|seen| {
        let body = view(&seen.bytes).payload.get(HEADER_BYTES..)?;
        match codec::decode::<Ask>(body).ok()? {
            Ask::Authorise { merchant, card, .. } => Some((merchant, card)),
            Ask::Price { .. } | Ask::Buy { .. } | Ask::Collect { .. } => None,
        }
    });
    let Some((merchant, card)) = read else {
        return Ok(Tried::new(
            What::Spoof,
            Verdict::NotTried,
            "nothing read",
            "no question was read on the wire",
        ));
    };
    let question = Ask::Authorise { merchant, order: None, amount: STOLEN, card };
    to_bank(ground, &[frame(1, &question)])?;
    let held = ground.books()?.held - before.held;
    let verdict = if held == 0 { Verdict::Safe } else { Verdict::Broken };
    let said =
        format!("a card read on the wire, used in the seller's name: {held} pence more are held on it");
    let short = format!("charged {held} pence");
    Ok(Tried::new(What::Spoof, verdict, short, said))
}

/// Sends probes that say they come from a party's address; how many could be sent.
fn lie(ground: &Ground<'_>, who: &str) -> Result<usize, Failure> {
    let mut like = ground.between(who, SETTLEMENT).filter(|seen| view(&seen.bytes).from.port() != 0);
    let exposed = ground.exposed();
    let Some((like, host)) = like.find_map(|seen| {
        let (_, host) = exposed.iter().find(|(wire, _)| *wire == seen.wire)?;
        Some((seen, *host))
    }) else {
        return Ok(0);
    };
    let from = SocketAddrV4::new(*view(&like.bytes).from.ip(), LIARS_PORT);
    let socket = host.inside(|| PacketSocket::open(&like.wire, Protocol::All))??;
    let mut sent = 0;
    for probe in probes() {
        sent += usize::from(socket.send(&forged(&like.bytes, from, ground.stage.bank_v4(), &probe)).is_ok());
    }
    Ok(sent)
}

/// Guesses cards at the settlement itself, and looks whether the answers tell those that exist from others.
pub fn guess(ground: &Ground<'_>) -> Result<Tried, Failure> {
    let real = ground.cards.iter().filter(|card| card.fate != Fate::UnknownCard).take(GUESSES);
    let count = real.clone().count();
    let real = real.map(|card| Ok(card.number.clone()));
    let made_up = (0..GUESSES).map(|nth| ground.unknown_number(nth));
    let numbers = real.chain(made_up).collect::<Result<Vec<_>, Failure>>()?;
    let questions = numbers.iter().map(|number| match ground.system().dress() {
        // A stranger has no seller's quote to seal a card for, so all he can do is to knock and speak.
        None => Ok(frame(1, &echo())),
        Some(_) => Ok(frame(1, &ask(ground, number, WRONG_EXPIRY)?)),
    });
    let questions = questions.collect::<Result<Vec<_>, Failure>>()?;
    let heard = to_bank(ground, &questions)?;
    let codes = decided(&heard);
    // To the product any answer at all is one too many; a conventional settlement may refuse in words.
    let answered = if ground.system().is_designed() { heard.answers.len() } else { codes.len() };
    let unknown = |code: &&ResponseCode| **code == ResponseCode::INVALID_CARD;
    let told = codes.iter().take(count).filter(|code| !unknown(code)).count();
    let wrongly = codes.iter().skip(count).filter(|code| !unknown(code)).count();
    let verdict = if answered == 0 { Verdict::Safe } else { Verdict::Broken };
    let short = format!("{answered} of {} answered", questions.len());
    let asked = if ground.system().is_designed() { "questions" } else { "guesses" };
    let mut said = format!("{answered} of {} {asked} answered", questions.len());
    if !codes.is_empty() {
        said += &format!(
            "; {told} of {count} numbers of real cards could be told, and {wrongly} of {GUESSES} made-up ones \
             were taken for real"
        );
    }
    Ok(Tried::new(What::Guess, verdict, short, said))
}

/// The smallest question there is to a settlement.
fn echo() -> settlement::Asked {
    let (epoch, node) = (Epoch::NONE, NodeId::from_bytes([0; 16]));
    let by = settlement::Sender { epoch, node, at: 0, witnessed: settlement::Witness::default() };
    settlement::Asked { by, what: settlement::Request::Echo }
}

/// A stranger's question about a card, in the seller's name.
fn ask(ground: &Ground<'_>, number: &str, expiry: &str) -> Result<Ask, Failure> {
    let card = kessai_shared::card::Particulars {
        number: number.parse().map_err(Failure::failed)?,
        name: "A GUESS".parse().map_err(Failure::failed)?,
        birth_date: "1970-01-01".parse().map_err(Failure::failed)?,
        expiry: expiry.parse().map_err(Failure::failed)?,
    };
    Ok(Ask::Authorise { merchant: ground.stage.shop.pin, order: None, amount: Minor(1), card })
}

fn to_bank(ground: &Ground<'_>, questions: &[Vec<u8>]) -> Result<Heard, Failure> {
    let dress = ground.system().dress();
    let alpn = if dress.is_some() { ALPN } else { settlement::ALPN };
    speak(ground.stage.nearest(), dress, (ground.bank(), alpn), questions)
}

/// The decisions among some answers.
fn decided(heard: &Heard) -> Vec<ResponseCode> {
    let codes = heard.answers.iter().filter_map(|answer| {
        match codec::decode::<Answer>(answer.get(HEADER_BYTES..)?).ok()? {
            Answer::Decided { code, .. } => Some(code),
            Answer::Price(_) | Answer::Confirmed { .. } | Answer::Declined { .. } | Answer::Refused(_) => {
                None
            }
        }
    });
    codes.collect()
}
