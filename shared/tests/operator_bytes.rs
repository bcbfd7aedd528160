//! The bytes of every message of the operator wire, and that no bytes at all upset who reads them.

#[macro_use]
#[path = "support/golden.rs"]
mod golden;
#[path = "support/live_samples.rs"]
mod live;
#[path = "support/recovered_samples.rs"]
mod recovered_samples;
#[path = "support/operator_samples.rs"]
mod samples;
#[path = "support/trail_samples.rs"]
mod trail;

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
    use seller::{Reply, Request};
    let mut requests = [live::seller_requests(), trail::seller_requests()].concat();
    requests.push(recovered_samples::operator_request());
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
        Request::Promote { .. },
        Request::BackupPoint,
        Request::Watch,
        Request::Past { .. },
        Request::Trail(_),
        Request::FindOrders { .. },
        Request::FindStock { .. },
        Request::Owed { .. },
        Request::Recovered { .. },
    );
    let requests = equal(names, requests);
    let recovered = vec![recovered_samples::operator_reply()];
    let replies = [live::seller_replies(), trail::seller_replies(), recovered].concat();
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
        Reply::Promoted { .. },
        Reply::BackupPoint { .. },
        Reply::Refused(_),
        Reply::Watching(_),
        Reply::Past(_),
        Reply::Trail(_),
        Reply::Owed(_),
        Reply::Recovered(_),
    );
    let mut replies = equal(names, replies);
    let unheard = Reply::Link(Box::new(samples::unheard_link()));
    replies.push(Sample::equal("Reply::Link(down)", unheard));
    compare("operator_seller.txt", [requests, replies, seller_refusals()]);
}

fn seller_refusals() -> Vec<Sample> {
    use seller::Refusal;
    let why = "3 pieces are nobody's".to_owned();
    let refusals = vec![
        Refusal::UnknownOrder,
        Refusal::UnknownProduct,
        Refusal::NotAllowed(why),
        Refusal::TryLater,
        Refusal::TooManyWatch,
        Refusal::NoRight,
        Refusal::NoRecord { first: 300, last: 70_000 },
    ];
    let names = variants!(
        refusals,
        Refusal::UnknownOrder,
        Refusal::UnknownProduct,
        Refusal::NotAllowed(_),
        Refusal::TryLater,
        Refusal::TooManyWatch,
        Refusal::NoRight,
        Refusal::NoRecord { .. },
    );
    equal(names, refusals)
}

#[test]
fn the_bytes_of_the_settlements_operators_are_what_they_were() {
    use settlement::{Reply, Request};
    let requests = [live::settlement_requests(), trail::settlement_requests()].concat();
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
        Request::Promote { .. },
        Request::Charges { .. },
        Request::Clearing { .. },
        Request::Batches { .. },
        Request::CloseBatch { .. },
        Request::AcceptBatch { .. },
        Request::Shops { .. },
        Request::BackupPoint,
        Request::Watch,
        Request::Past { .. },
        Request::Trail(_),
        Request::FindAccounts { .. },
        Request::Sellers { .. },
        Request::AllowSeller { .. },
        Request::RevokeSeller { .. },
        Request::Rekey { .. },
        Request::ReloadPolicy,
        Request::ShowCard { .. },
    );
    let requests = equal(names, requests);
    let replies = [live::settlement_replies(), trail::settlement_replies()].concat();
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
        Reply::Promoted { .. },
        Reply::Charges(_),
        Reply::Clearing(_),
        Reply::Batches(_),
        Reply::BatchClosed(_),
        Reply::BatchAccepted,
        Reply::Shops(_),
        Reply::BackupPoint { .. },
        Reply::Refused(_),
        Reply::Watching(_),
        Reply::Past(_),
        Reply::Trail(_),
        Reply::Sellers(_),
        Reply::PolicyInForce { .. },
        Reply::CardShown { .. },
    );
    let replies = equal(names, replies);
    compare("operator_settlement.txt", [requests, replies, settlement_refusals()]);
}

fn settlement_refusals() -> Vec<Sample> {
    use settlement::Refusal;
    let refusals = vec![
        Refusal::TryLater,
        Refusal::TooManyWatch,
        Refusal::UnknownAccount,
        Refusal::UnknownOrder,
        Refusal::Unreadable("a bad block".to_owned()),
        Refusal::NotDone("the account is not even".to_owned()),
        Refusal::Clearing(NotDone::Settled),
        Refusal::NoRight,
        Refusal::NoRecord { first: 300, last: 70_000 },
    ];
    let names = variants!(
        refusals,
        Refusal::TryLater,
        Refusal::TooManyWatch,
        Refusal::UnknownAccount,
        Refusal::UnknownOrder,
        Refusal::Unreadable(_),
        Refusal::NotDone(_),
        Refusal::Clearing(_),
        Refusal::NoRight,
        Refusal::NoRecord { .. },
    );
    equal(names, refusals)
}

#[test]
fn the_bytes_of_acts_are_what_they_were() {
    use kessai_shared::operator::trail::Subject;
    use kessai_shared::trail::Operated;
    let operated = trail::operated();
    let names = variants!(
        operated,
        Operated::OperatorAllowed { .. },
        Operated::OperatorRemoved { .. },
        Operated::SellerAllowed { .. },
        Operated::SellerRevoked { .. },
        Operated::Disconnected { .. },
        Operated::BackupAsked,
        Operated::RekeyAsked,
        Operated::Promoted { .. },
        Operated::CardShown { .. },
    );
    let operated = equal(names, operated);
    let subjects = trail::subjects();
    let names = variants!(
        subjects,
        Subject::Order(_),
        Subject::Charge(_),
        Subject::Account(_),
        Subject::Product(_),
        Subject::Key(_),
        Subject::Batch(..),
    );
    let subjects = equal(names, subjects);
    let kept = [Sample::equal("Noted", trail::noted()), Sample::equal("Listed", trail::listed())];
    compare("trail.txt", [operated, subjects.into_iter().chain(kept).collect(), trail_messages()]);
}

fn trail_messages() -> Vec<Sample> {
    use kessai_shared::operator::trail::{Reply, Request};
    let requests = trail::requests();
    let names = variants!(
        requests,
        Request::Acts { .. },
        Request::Record { .. },
        Request::Operators { .. },
        Request::AllowOperator { .. },
        Request::RemoveOperator { .. },
        Request::Disconnect { .. },
        Request::BackUp { .. },
    );
    let mut all = equal(names, requests);
    let replies = trail::replies();
    let names = variants!(
        replies,
        Reply::Acts(_),
        Reply::Record(_),
        Reply::Operators { .. },
        Reply::Done { .. },
        Reply::BackedUp { .. },
    );
    all.extend(equal(names, replies));
    all
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
fn the_bytes_of_a_beat_are_what_they_were() {
    let beats = vec![Sample::equal("Beat<seller::Status>", live::seller_beat())];
    let more = vec![Sample::equal("Beat<settlement::Status>", live::settlement_beat())];
    compare("operator_live.txt", [beats, more, live::figures()]);
}

#[test]
fn the_daemons_do_not_go_by_the_same_name() {
    assert_ne!(seller::ALPN, settlement::ALPN);
    assert!([seller::ALPN, settlement::ALPN].iter().all(|alpn| alpn.starts_with(b"kessai-operator/5")));
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
        all(&live::seller_requests()),
        all(&live::seller_replies()),
        all(&live::settlement_requests()),
        all(&live::settlement_replies()),
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
