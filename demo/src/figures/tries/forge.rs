//! Goods for an approval that nobody gave: one that is made up, and one that was given for less.

use kessai_shared::codec;
use kessai_shared::console::Failure;
use kessai_shared::exchange::HEADER_BYTES;
use kessai_shared::ids::OrderId;
use kessai_shared::storefront;
use kessai_shared::time::Timestamp;

use super::super::cards::{PRICE, SKU};
use super::super::conventional::message::{ALPN, Answer, Approval, Ask};
use super::super::conventional::wire::frame;
use super::super::findings::{Tried, Verdict, What};
use super::Ground;
use super::tongue::speak;

/// Pieces that are asked for with an approval for one.
const PIECES: u32 = 10;

/// Brings the seller an approval of one's own making, as a shopper would.
pub fn forge(ground: &Ground<'_>) -> Result<Tried, Failure> {
    let before = ground.books()?;
    let dress = ground.system().dress();
    let alpn = if dress.is_some() { ALPN } else { storefront::ALPN };
    let merchant = ground.stage.shop.pin;
    let amount = PRICE.times(PIECES).ok_or_else(|| Failure::failed("so many pieces cost too much"))?;
    let reference = OrderId::mint(Timestamp::from_system_clock(), [7; 10]);
    let approval = Approval { reference, merchant, amount, code: "123456".to_owned() };
    let question = frame(1, &Ask::Collect { sku: SKU.to_owned(), quantity: PIECES, approval });
    let heard = speak(&ground.stage.stranger, dress, (ground.stage.shop.address, alpn), &[question])?;
    if !heard.is_connected {
        let said = "no connection to the seller came about, so that no approval could be brought";
        return Ok(Tried::new(What::Forge, Verdict::NotTried, "no connection", said));
    }
    let answer = heard.answers.first().and_then(|answer| answer.get(HEADER_BYTES..));
    let answer = answer.and_then(|body| codec::decode::<Answer>(body).ok());
    let after = ground.books()?;
    let sold = after.sold - before.sold;
    let verdict = if sold == 0 { Verdict::Safe } else { Verdict::Broken };
    let said = match (dress, answer) {
        (None, _) => format!(
            "the seller took the connection and gave {} to an approval that a shopper brought: {sold} orders \
             more sold",
            match heard.answers.len() {
                0 => "no answer".to_owned(),
                count => format!("{count} answers"),
            }
        ),
        (Some(_), Some(Answer::Confirmed { .. })) => {
            format!(
                "a made-up approval, unsigned as they were, for {PIECES} pieces: {sold} orders more sold, nothing charged"
            )
        }
        (Some(_), Some(Answer::Refused(why))) => format!("a made-up approval: refused ({why})"),
        (Some(_), _) => format!("a made-up approval: {sold} orders more sold"),
    };
    let short = if sold == 0 { "refused".to_owned() } else { format!("{PIECES} pieces, nothing charged") };
    Ok(Tried::new(What::Forge, verdict, short, said))
}
