//! The bytes of every message of both wires. The encoding does not describe itself, so a moved field
//! would otherwise be a silent break between two versions.

#[macro_use]
#[path = "support/golden.rs"]
mod golden;
#[path = "support/fence_samples.rs"]
mod fence_samples;
#[path = "support/recovered_samples.rs"]
mod recovered_samples;
#[path = "support/samples.rs"]
mod samples;

use std::path::PathBuf;

use golden::Sample;
use kessai_shared::codec;
use kessai_shared::outcome::Reason;
use kessai_shared::receipt::{Among, SignedIssuerKeys, SignedQuote};
use kessai_shared::seal::Envelope;
use kessai_shared::{settlement, storefront};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn equal<T>(names: Vec<String>, values: Vec<T>) -> Vec<Sample>
where
    T: Serialize + DeserializeOwned + PartialEq + 'static,
{
    names.iter().zip(values).map(|(name, value)| Sample::equal(name, value)).collect()
}

fn alike<T: Serialize + DeserializeOwned + 'static>(names: Vec<String>, values: &[T]) -> Vec<Sample> {
    names.iter().zip(values).map(|(name, value)| Sample::alike(name, value)).collect()
}

fn open_messages() -> Vec<Sample> {
    use storefront::{Reply, Request};
    let requests = samples::storefront_requests();
    let mut all = alike(
        variants!(
            requests,
            Request::Hello,
            Request::Browse { .. },
            Request::Product { .. },
            Request::Quote { .. },
            Request::Place { .. },
            Request::Order { .. },
            Request::Orders { .. },
            Request::Return { .. },
            Request::Cancel { .. },
            Request::Picture { .. },
            Request::Items { .. },
        ),
        &requests,
    );
    let replies = samples::storefront_replies();
    all.extend(alike(
        variants!(
            replies,
            Reply::Welcome(_),
            Reply::Page(_),
            Reply::Product(_),
            Reply::Quoted(_),
            Reply::Order(_),
            Reply::Orders(_),
            Reply::Returned(_),
            Reply::Refused(_),
            Reply::Picture(_),
            Reply::Items(_),
        ),
        &replies,
    ));
    all
}

fn open_refusals() -> Vec<Sample> {
    use storefront::Refusal;
    let refusals = samples::storefront_refusals();
    let names = variants!(
        refusals,
        Refusal::UnknownSku { .. },
        Refusal::UnknownOrder,
        Refusal::NoLines,
        Refusal::TooManyLines,
        Refusal::BadQuantity { .. },
        Refusal::AmountTooLarge,
        Refusal::BadQuote,
        Refusal::QuoteExpired,
        Refusal::Duplicate,
        Refusal::TryLater,
        Refusal::BadCard,
        Refusal::AlreadyShipped,
        Refusal::SettlementAway,
        Refusal::NoPicture,
        Refusal::NotInCharge,
    );
    equal(names, refusals)
}

fn charges() -> Vec<Sample> {
    use storefront::Standing;
    let standings = samples::charges();
    let names = variants!(standings, Standing::InCharge { .. }, Standing::Standby { .. });
    let mut all = equal(names, standings);
    let answers = samples::answers();
    let names = ["InCharge", "Standby", "NoEpoch", "UnknownAge"].map(|name| format!("Answered.{name}"));
    all.extend(alike(names.to_vec(), &answers));
    all
}

fn order_states() -> Vec<Sample> {
    use storefront::{OrderState, PaymentState};
    let orders = vec![
        OrderState::Pending,
        OrderState::Confirmed,
        OrderState::Completed,
        OrderState::Cancelled,
        OrderState::Expired,
    ];
    let names = variants!(
        orders,
        OrderState::Pending,
        OrderState::Confirmed,
        OrderState::Completed,
        OrderState::Cancelled,
        OrderState::Expired,
    );
    let mut all = equal(names, orders);
    let payments = samples::payments();
    let names = variants!(
        payments,
        PaymentState::Pending,
        PaymentState::Authorized,
        PaymentState::Declined,
        PaymentState::Unknown,
        PaymentState::Reversed,
        PaymentState::Voided,
        PaymentState::Expired,
        PaymentState::Captured,
        PaymentState::PartiallyRefunded,
        PaymentState::Refunded,
    );
    all.extend(equal(names, payments));
    all
}

fn other_states() -> Vec<Sample> {
    use storefront::{Cancelled, FulfilmentState, ReturnState, Sort};
    let fulfilments = samples::fulfilments();
    let names = variants!(
        fulfilments,
        FulfilmentState::NotFulfilled,
        FulfilmentState::Shipped,
        FulfilmentState::Delivered,
        FulfilmentState::Returned,
    );
    let mut all = equal(names, fulfilments);
    let reasons = samples::cancellations();
    let names = variants!(
        reasons,
        Cancelled::OutOfStock { .. },
        Cancelled::Declined,
        Cancelled::Interrupted,
        Cancelled::HoldExpired,
        Cancelled::ByShopper,
        Cancelled::ByShop,
        Cancelled::NotShippedInTime,
    );
    all.extend(equal(names, reasons));
    let states =
        vec![ReturnState::Pending, ReturnState::Refunded, ReturnState::NothingToReturn, ReturnState::Refused];
    let names = variants!(
        states,
        ReturnState::Pending,
        ReturnState::Refunded,
        ReturnState::NothingToReturn,
        ReturnState::Refused
    );
    all.extend(equal(names, states));
    let sorts = samples::sorts();
    let names = variants!(sorts, Sort::Best, Sort::Name, Sort::PriceUp, Sort::PriceDown, Sort::Stock);
    all.extend(equal(names, sorts));
    all
}

#[test]
fn the_bytes_of_the_open_wire_are_what_they_were() {
    let parts = [open_messages(), open_refusals(), charges(), order_states(), other_states()];
    golden::compare(&file("storefront.txt"), &parts.into_iter().flatten().collect::<Vec<_>>());
}

fn who_is_in_charge() -> Vec<Sample> {
    use settlement::{Mode, Why};
    let modes = fence_samples::modes();
    let names = variants!(modes, Mode::Alone, Mode::Sync { .. }, Mode::Async);
    let mut all = equal(names, modes);
    let whys = fence_samples::whys();
    let names = variants!(whys, Why::Start, Why::Promote { .. }, Why::Mode);
    all.extend(equal(names, whys));
    all.extend(alike(vec!["Asked".to_owned()], &[fence_samples::asked()]));
    all.extend(alike(vec!["Answered".to_owned()], &[fence_samples::answered()]));
    all
}

fn closed_standings_and_refusals() -> Vec<Sample> {
    use settlement::{Refusal, Standing};
    let standings = samples::standings();
    let names = variants!(
        standings,
        Standing::Unknown,
        Standing::Declined,
        Standing::Held,
        Standing::Captured,
        Standing::Reversed,
        Standing::Expired,
    );
    let mut all = equal(names, standings);
    let mut refusals = samples::settlement_refusals();
    refusals.extend(fence_samples::refusals());
    let names = variants!(
        refusals,
        Refusal::Duplicate,
        Refusal::NotHeld,
        Refusal::Expired,
        Refusal::Reversed,
        Refusal::Captured,
        Refusal::NotClosed,
        Refusal::Amount,
        Refusal::TryLater,
        Refusal::Fenced { .. },
        Refusal::Behind,
        Refusal::NotCaughtUp { .. },
        Refusal::StillHeard,
    );
    all.extend(equal(names, refusals));
    all
}

#[test]
fn the_bytes_of_the_closed_wire_are_what_they_were() {
    use settlement::{Reply, Request};
    let mut requests = samples::settlement_requests();
    requests.extend([fence_samples::claim(), Request::Beat, recovered_samples::request()]);
    let mut all = alike(
        variants!(
            requests,
            Request::Echo,
            Request::Inquiry { .. },
            Request::Status { .. },
            Request::Reversal { .. },
            Request::Capture { .. },
            Request::Release { .. },
            Request::Refund { .. },
            Request::Reconcile { .. },
            Request::Claim(_),
            Request::Beat,
            Request::Orders { .. },
        ),
        &requests,
    );
    let mut replies = samples::settlement_replies();
    replies.extend([fence_samples::granted(), Reply::Beat, recovered_samples::reply()]);
    all.extend(alike(
        variants!(
            replies,
            Reply::Echo { .. },
            Reply::Decided(_),
            Reply::Status { .. },
            Reply::Reversed,
            Reply::Captured { .. },
            Reply::Released { .. },
            Reply::Refunded { .. },
            Reply::Reconciled(_),
            Reply::Refused(_),
            Reply::Granted { .. },
            Reply::Beat,
            Reply::Orders(_),
        ),
        &replies,
    ));
    all.extend(closed_standings_and_refusals());
    all.extend(who_is_in_charge());
    golden::compare(&file("settlement.txt"), &all);
}

#[test]
fn the_bytes_of_what_is_signed_and_sealed_are_what_they_were() {
    use kessai_shared::money::Currency;
    use kessai_shared::receipt::Verdict;
    let reasons = Reason::ALL.to_vec();
    let names = reasons.iter().map(|reason| format!("Reason.{}", reason.name())).collect();
    let mut all = equal(names, reasons);
    let verdicts = vec![Verdict::Approved, Verdict::Declined];
    let names = variants!(verdicts, Verdict::Approved, Verdict::Declined);
    all.extend(equal(names, verdicts));
    let currencies = vec![Currency::Gbp, Currency::Eur, Currency::Usd, Currency::Jpy];
    let names = variants!(currencies, Currency::Gbp, Currency::Eur, Currency::Usd, Currency::Jpy);
    all.extend(equal(names, currencies));
    let quote = samples::signed_quote();
    all.push(Sample::equal("Quote", quote.quote.clone()));
    let among = Some(Among { size: 3, index: 2, path: vec![[0x55; 32]] });
    all.push(Sample::equal("SignedQuoteAmong", SignedQuote { among, ..quote.clone() }));
    all.push(Sample::equal("SignedQuote", quote));
    all.push(Sample::equal("Purchase", samples::purchase()));
    all.push(Sample::equal("Statement", samples::decision().statement));
    all.push(Sample::equal("GroupHead", samples::decision().proof.head));
    all.push(Sample::equal("Inclusion", samples::decision().proof));
    all.push(Sample::equal("Decision", samples::decision()));
    all.push(Sample::equal("SignedIssuerKeys", samples::issuer_keys()));
    all.push(Sample::equal("Envelope", samples::envelope()));
    all.push(Sample::alike("SealedCard", &samples::sealed_card()));
    golden::compare(&file("receipt.txt"), &all);
}

#[test]
fn the_digests_that_signatures_cover_are_what_they_were() {
    let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let hash = hex(samples::signed_quote().quote.hash());
    assert_eq!(
        hash, "0ca3f90f676ef74d223d93213689f6df4ca2ed4eed75ea2edfac60889d34502c",
        "quotes that were signed before are no longer valid"
    );
    let decision = samples::decision();
    let leaf = hex(decision.statement.leaf(&decision.sealed_reason));
    assert_eq!(
        leaf, "1bc0408f8cae79299e09578be77fed01a617e019591a9de9a09cdfc23f29bdce",
        "receipts that were given out before are no longer valid"
    );
}

#[test]
fn the_longest_pages_welcomes_and_pictures_fit_a_frame() {
    use kessai_shared::exchange::MAX_FRAME_BYTES;
    use kessai_shared::ids::{MAX_SKU_BYTES, Sku};
    use kessai_shared::money::Minor;
    use kessai_shared::picture::{MAX_PICTURE_BYTES, PictureName};
    use storefront::{Category, Item, Page, ProductView, Reply};
    let sku = Sku::new(&"S".repeat(MAX_SKU_BYTES)).expect("a SKU");
    let text = |bytes: usize| "N".repeat(bytes);
    let (name, category) = (text(storefront::MAX_NAME_BYTES), text(storefront::MAX_NAME_BYTES));
    let unit_price = Minor(i64::MAX);
    let item = Item { sku, name, category, unit_price, available: u32::MAX, on_hand: u32::MAX };
    let items = vec![item.clone(); usize::from(storefront::MAX_PAGE)];
    let (description, picture) =
        (text(storefront::MAX_DESCRIPTION_BYTES), Some(PictureName::of(b"a picture")));
    let Some(Reply::Welcome(mut welcome)) = samples::storefront_replies().into_iter().next() else {
        panic!("the first reply is a welcome");
    };
    let category = Category { name: text(storefront::MAX_NAME_BYTES), products: u32::MAX };
    welcome.categories = vec![category; storefront::MAX_CATEGORIES];
    let replies = [
        Reply::Page(Page { items, total: u32::MAX }),
        Reply::Product(Box::new(ProductView { item, description, picture })),
        Reply::Welcome(welcome),
        Reply::Picture(vec![0xff; MAX_PICTURE_BYTES]),
    ];
    for (reply, what) in replies.iter().zip(["a page", "a product", "a welcome", "a picture"]) {
        let bytes = codec::encode(reply).len();
        assert!(bytes < MAX_FRAME_BYTES / 2, "{what} has {bytes} bytes");
    }
}

/// Decodes as every type that a peer may send, and says how many of them the bytes stand for.
fn decode_as_everything(bytes: &[u8]) -> usize {
    usize::from(codec::decode::<storefront::Request>(bytes).is_ok())
        + usize::from(codec::decode::<storefront::Reply>(bytes).is_ok())
        + usize::from(codec::decode::<storefront::Answered>(bytes).is_ok())
        + usize::from(codec::decode::<settlement::Request>(bytes).is_ok())
        + usize::from(codec::decode::<settlement::Reply>(bytes).is_ok())
        + usize::from(codec::decode::<SignedQuote>(bytes).is_ok())
        + usize::from(codec::decode::<SignedIssuerKeys>(bytes).is_ok())
        + usize::from(codec::decode::<Envelope>(bytes).is_ok())
        + usize::from(codec::decode::<kessai_shared::seal::SealedCard>(bytes).is_ok())
}

/// The bytes of every sample message.
fn messages() -> Vec<Vec<u8>> {
    fn all<T: Serialize>(values: &[T]) -> Vec<Vec<u8>> {
        values.iter().map(codec::encode).collect()
    }
    let open = [all(&samples::storefront_requests()), all(&samples::storefront_replies())];
    let closed = [all(&samples::settlement_requests()), all(&samples::settlement_replies())];
    open.into_iter().chain(closed).flatten().collect()
}

#[test]
fn half_a_message_and_a_message_with_more_behind_it_are_not_the_message() {
    let whole = samples::storefront_requests().iter().map(codec::encode).collect::<Vec<_>>();
    for bytes in whole {
        assert!(codec::decode::<storefront::Request>(&bytes).is_ok());
        for end in 0..bytes.len() {
            assert!(codec::decode::<storefront::Request>(&bytes[..end]).is_err());
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(codec::decode::<storefront::Request>(&longer).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_at_all_make_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        decode_as_everything(&bytes);
    }

    #[test]
    fn no_damage_to_a_message_makes_a_decoder_panic(
        at in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let messages = messages();
        let mut bytes = at.get(&messages).clone();
        let whole = decode_as_everything(&bytes);
        prop_assert!(whole > 0, "a message that was not touched decodes");
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
