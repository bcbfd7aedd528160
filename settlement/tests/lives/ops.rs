//! What may happen to the books in one life, and how often.

use proptest::prelude::*;

/// One thing that happens to the books. Numbers are picks from small pools.
#[derive(Clone, Debug)]
pub enum Op {
    Inquire {
        seller: u8,
        order: u8,
        card: u8,
        amount: i64,
        /// In another currency than the card's.
        foreign: bool,
        right: bool,
        luhn: bool,
        content: u8,
        late: bool,
        signs: Signs,
    },
    Reverse {
        seller: u8,
        order: u8,
    },
    Capture {
        seller: u8,
        order: u8,
        capture: u8,
        amount: i64,
        last: bool,
    },
    /// Its ids are of the same pool as those of refunds.
    Release {
        seller: u8,
        refund: u8,
        order: u8,
        amount: i64,
    },
    Refund {
        seller: u8,
        refund: u8,
        order: u8,
        amount: i64,
    },
    ChargeBack {
        seller: u8,
        order: u8,
        id: u8,
        amount: i64,
        reason: u8,
    },
    Wait {
        seconds: u64,
    },
    /// The group of the journal is full, or nobody waits any more.
    EndGroup,
    /// The round that gives back the holds that have run out.
    Round,
    Restate {
        card: u8,
        limit: i64,
    },
    /// The vault has one more key; the one before the last is gone.
    NewKey,
    Rekey {
        card: u8,
    },
    Issue {
        card: u8,
        code: u8,
    },
    /// An operator does something to an account.
    Operate {
        card: u8,
        deed: Deed,
    },
    /// The month of every account is over.
    Month,
    CloseBatch {
        seller: u8,
    },
    /// What was asked for so many steps ago is asked for again.
    Again {
        back: u8,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum Deed {
    Repay { id: u8, amount: i64 },
    Block { stolen: bool },
    Unblock { same_card: bool },
    Limit { limit: i64 },
    Close,
    WriteOff,
}

/// With what a purchase is signed.
#[derive(Clone, Copy, Debug)]
pub enum Signs {
    Nobody,
    /// The key that is enrolled for the card, or one that is not where there is none.
    Holder,
    /// Another key.
    Thief,
    /// A new key, with the code of the card's account.
    WithCode,
    /// A new key, with a code that is nobody's.
    WithWrongCode,
    /// Nobody signed, and yet the code is there.
    CodeAlone,
}

fn signs() -> impl Strategy<Value = Signs> {
    prop_oneof![
        2 => Just(Signs::Nobody),
        12 => Just(Signs::Holder),
        1 => Just(Signs::Thief),
        3 => Just(Signs::WithCode),
        1 => Just(Signs::WithWrongCode),
        1 => Just(Signs::CodeAlone),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0..5_u8, -1..40_i64).prop_map(|(id, amount)| Deed::Repay { id, amount }),
        1 => any::<bool>().prop_map(|stolen| Deed::Block { stolen }),
        3 => any::<bool>().prop_map(|same_card| Deed::Unblock { same_card }),
        1 => (-1..150_i64).prop_map(|limit| Deed::Limit { limit }),
        1 => Just(Deed::Close),
        1 => Just(Deed::WriteOff),
    ]
}

pub fn op() -> impl Strategy<Value = Op> {
    let (seller, order) = (0..2_u8, 0..3_u8);
    let key = (seller, order);
    let amount = || prop_oneof![12 => 1..60_i64, 1 => -2..1_i64];
    // Most purchases are honest ones, or hardly a life would come to its money.
    let card = prop_oneof![24 => 0..5_u8, 1 => Just(5)];
    let part = || prop_oneof![9 => 1..25_i64, 1 => -2..60_i64];
    let inquiry = (key.clone(), card, amount(), prop::bool::weighted(0.95), prop::bool::weighted(0.98));
    let inquiry = (inquiry, prop_oneof![9 => Just(0_u8), 1 => Just(1)], prop::bool::weighted(0.04));
    let inquiry = (inquiry, signs(), prop::bool::weighted(0.05));
    let taking_back = (key.clone(), 0..8_u8, part());
    let capture = (key.clone(), 0..5_u8, part(), prop::bool::weighted(0.2));
    prop_oneof![
        8 => inquiry.prop_map(|(((who, card, amount, right, luhn), content, late), signs, foreign)| {
            let (seller, order) = who;
            Op::Inquire { seller, order, card, amount, foreign, right, luhn, content, late, signs }
        }),
        1 => key.clone().prop_map(|(seller, order)| Op::Reverse { seller, order }),
        10 => capture.prop_map(|((seller, order), capture, amount, last)| {
            Op::Capture { seller, order, capture, amount, last }
        }),
        2 => taking_back.clone().prop_map(|((seller, order), refund, amount)| {
            Op::Release { seller, refund, order, amount }
        }),
        6 => taking_back.clone().prop_map(|((seller, order), refund, amount)| {
            Op::Refund { seller, refund, order, amount }
        }),
        3 => (taking_back, 0..2_u8).prop_map(|(((seller, order), id, amount), reason)| {
            Op::ChargeBack { seller, order, id, amount, reason }
        }),
        2 => (1..50_u64).prop_map(|seconds| Op::Wait { seconds }),
        3 => Just(Op::EndGroup),
        1 => Just(Op::Round),
        1 => (0..5_u8, 0..150_i64).prop_map(|(card, limit)| Op::Restate { card, limit }),
        1 => Just(Op::NewKey),
        3 => (0..5_u8).prop_map(|card| Op::Rekey { card }),
        1 => (0..5_u8, 0..4_u8).prop_map(|(card, code)| Op::Issue { card, code }),
        3 => (0..5_u8, deed()).prop_map(|(card, deed)| Op::Operate { card, deed }),
        1 => Just(Op::Month),
        1 => (0..2_u8).prop_map(|seller| Op::CloseBatch { seller }),
        3 => (0..12_u8).prop_map(|back| Op::Again { back }),
    ]
}
