//! The bytes of every message of the operator wire, and that no bytes at all upset who reads them.

#[macro_use]
#[path = "support/golden.rs"]
mod golden;
#[path = "support/operator_samples.rs"]
mod samples;

use std::path::PathBuf;

use golden::Sample;
use kessai_shared::codec;
use kessai_shared::operator::account::AccountAct;
use kessai_shared::operator::rows::NotDone;
use kessai_shared::operator::{self, disputes, seller, settlement};
use kessai_shared::outcome::ChargebackReason;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn equal<T>(names: Vec<String>, values: Vec<T>) -> Vec<Sample>
where
    T: Serialize + DeserializeOwned + PartialEq + 'static,
{
    names.iter().zip(values).map(|(name, value)| Sample::equal(name, value)).collect()
}

fn compare(name: &str, parts: [Vec<Sample>; 3]) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    golden::compare(&file, &parts.into_iter().flatten().collect::<Vec<_>>());
}

#[test]
fn the_bytes_of_the_sellers_operators_are_what_they_were() {
    use seller::{Refusal, Reply, Request};
    let requests = samples::seller_requests();
    let names = variants!(
        requests,
        Request::Status,
        Request::Peers,
        Request::Orders { .. },
        Request::Order { .. },
        Request::History { .. },
        Request::Stock { .. },
        Request::Product { .. },
        Request::Trades { .. },
        Request::Batches { .. },
        Request::Ship { .. },
        Request::Deliver { .. },
        Request::Cancel { .. },
        Request::Return { .. },
        Request::Receive { .. },
        Request::Adjust { .. },
        Request::Link,
    );
    let requests = equal(names, requests);
    let replies = samples::seller_replies();
    let names = variants!(
        replies,
        Reply::Status(_),
        Reply::Peers(_),
        Reply::Orders(_),
        Reply::Order(_),
        Reply::History(_),
        Reply::Stock(_),
        Reply::Product(_),
        Reply::Trades(_),
        Reply::Batches(_),
        Reply::Returned(_),
        Reply::Link(_),
        Reply::Refused(_),
    );
    let mut replies = equal(names, replies);
    let unheard = Reply::Link(Box::new(samples::unheard_link()));
    replies.push(Sample::equal("Reply::Link(down)", unheard));
    let why = "3 pieces are nobody's".to_owned();
    let refusals =
        vec![Refusal::UnknownOrder, Refusal::UnknownProduct, Refusal::NotAllowed(why), Refusal::TryLater];
    let names = variants!(
        refusals,
        Refusal::UnknownOrder,
        Refusal::UnknownProduct,
        Refusal::NotAllowed(_),
        Refusal::TryLater
    );
    compare("operator_seller.txt", [requests, replies, equal(names, refusals)]);
}

#[test]
fn the_bytes_of_the_settlements_operators_are_what_they_were() {
    use settlement::{Refusal, Reply, Request};
    let requests = samples::settlement_requests();
    let names = variants!(
        requests,
        Request::Status,
        Request::Peers,
        Request::Policies { .. },
        Request::Accounts { .. },
        Request::Holds { .. },
        Request::Entries { .. },
        Request::Charge { .. },
        Request::Disputes(_),
        Request::Account { .. },
        Request::Statements { .. },
        Request::ActOn { .. },
        Request::CloseMonth { .. },
        Request::Charges { .. },
        Request::Clearing { .. },
        Request::Batches { .. },
        Request::CloseBatch { .. },
        Request::AcceptBatch { .. },
    );
    let requests = equal(names, requests);
    let replies = samples::settlement_replies();
    let names = variants!(
        replies,
        Reply::Status(_),
        Reply::Peers(_),
        Reply::Policies(_),
        Reply::Accounts(_),
        Reply::Holds(_),
        Reply::Entries { .. },
        Reply::Charge(_),
        Reply::Disputes(_),
        Reply::Account(_),
        Reply::Statements { .. },
        Reply::MonthsClosed(_),
        Reply::Charges(_),
        Reply::Clearing(_),
        Reply::Batches(_),
        Reply::BatchClosed(_),
        Reply::BatchAccepted,
        Reply::Refused(_),
    );
    let replies = equal(names, replies);
    let refusals = vec![
        Refusal::TryLater,
        Refusal::UnknownAccount,
        Refusal::UnknownOrder,
        Refusal::Unreadable("a bad block".to_owned()),
        Refusal::NotDone("the account is not even".to_owned()),
        Refusal::Clearing(NotDone::Settled),
    ];
    let names = variants!(
        refusals,
        Refusal::TryLater,
        Refusal::UnknownAccount,
        Refusal::UnknownOrder,
        Refusal::Unreadable(_),
        Refusal::NotDone(_),
        Refusal::Clearing(_),
    );
    compare("operator_settlement.txt", [requests, replies, equal(names, refusals)]);
}

#[test]
fn the_bytes_of_disputes_are_what_they_were() {
    use disputes::{NotChargedBack, Reply, Request};
    let requests = samples::dispute_requests();
    let names = variants!(
        requests,
        Request::ChargeBack { .. },
        Request::Chargebacks { .. },
        Request::LateCaptures { .. },
    );
    let requests = equal(names, requests);
    let replies = samples::dispute_replies();
    let names = variants!(
        replies,
        Reply::ChargedBack { .. },
        Reply::Chargebacks(_),
        Reply::LateCaptures(_),
        Reply::NotChargedBack(NotChargedBack::Duplicate),
        Reply::NotChargedBack(NotChargedBack::Amount),
        Reply::NotChargedBack(NotChargedBack::NotCaptured),
        Reply::NotChargedBack(NotChargedBack::TryLater),
    );
    let replies = equal(names, replies);
    let reasons = ChargebackReason::ALL.to_vec();
    let names = reasons.iter().map(|reason| format!("ChargebackReason.{}", reason.word())).collect();
    compare("operator_disputes.txt", [requests, replies, equal(names, reasons)]);
}

#[test]
fn the_bytes_of_every_act_on_an_account_are_what_they_were() {
    let acts = samples::account_acts();
    let act_names = variants!(
        acts,
        AccountAct::Repay { .. },
        AccountAct::Block { .. },
        AccountAct::Unblock { .. },
        AccountAct::Limit { .. },
        AccountAct::Close,
        AccountAct::WriteOff,
    );
    compare("operator_account.txt", [equal(act_names, acts), Vec::new(), Vec::new()]);
}

#[test]
fn the_daemons_do_not_go_by_the_same_name() {
    assert_ne!(seller::ALPN, settlement::ALPN);
    assert!([seller::ALPN, settlement::ALPN].iter().all(|alpn| alpn.starts_with(b"kessai-operator/2")));
}

#[test]
fn no_reply_can_outgrow_a_frame() {
    let most = usize::from(operator::MAX_ROWS);
    let stock = samples::stock_row();
    let rows = vec![seller::StockRow { name: "n".repeat(400), ..stock }; most];
    let reply = seller::Reply::Stock(operator::Page { rows, next: None });
    assert!(codec::encode(&reply).len() < kessai_shared::exchange::MAX_FRAME_BYTES);
}

/// The bytes of every sample message.
fn messages() -> Vec<Vec<u8>> {
    fn all<T: Serialize>(values: &[T]) -> Vec<Vec<u8>> {
        values.iter().map(codec::encode).collect()
    }
    let parts = [
        all(&samples::seller_requests()),
        all(&samples::seller_replies()),
        all(&samples::settlement_requests()),
        all(&samples::settlement_replies()),
    ];
    parts.concat()
}

/// How many of the types that a peer may send these bytes stand for.
fn decode_as_everything(bytes: &[u8]) -> usize {
    usize::from(codec::decode::<seller::Request>(bytes).is_ok())
        + usize::from(codec::decode::<seller::Reply>(bytes).is_ok())
        + usize::from(codec::decode::<settlement::Request>(bytes).is_ok())
        + usize::from(codec::decode::<settlement::Reply>(bytes).is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_to_a_message_makes_a_decoder_panic(
        at in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let messages = messages();
        let mut bytes = at.get(&messages).clone();
        prop_assert!(decode_as_everything(&bytes) > 0, "a message that was not touched decodes");
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        decode_as_everything(&bytes);
    }
}
