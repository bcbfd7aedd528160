//! What operators do to accounts, and what they cannot.

use kessai_settlement::ledger::{Blocked, LedgerAccount, MAX_WHY_BYTES, Status};

use super::*;

fn block(status: Blocked) -> AccountAct {
    AccountAct::Block { status, why: "the holder called".to_owned() }
}

const UNBLOCK: AccountAct = AccountAct::Unblock { same_card: false };

fn posted(world: &World, account: LedgerAccount) -> i64 {
    let entries = world.changes.iter().flat_map(|(change, _)| change.entries());
    entries
        .map(|entry| {
            let side = |kind| if kind == account { entry.amount.0 } else { 0 };
            side(entry.debit) - side(entry.credit)
        })
        .sum()
}

#[test]
fn a_repayment_is_booked_once_whatever_is_asked_again() {
    let mut world = World::with_account("2026-04-10", 1_000, 600);
    world.apply(acts::open(new_account(2, 1_000, 600), OPERATOR));
    let repayment = RepaymentId::from_bytes([9; 16]);
    let repay = |amount| AccountAct::Repay { repayment, amount: Minor(amount) };
    assert_eq!(world.act(1, &repay(100)), Ok(true));
    world.now = world.now.plus_seconds(9);
    assert_eq!(world.act(1, &repay(100)), Ok(false), "the same again is the same repayment");
    assert_eq!(world.act(1, &repay(101)), Err(NotDone::Duplicate));
    assert_eq!(world.act(2, &repay(100)), Err(NotDone::Duplicate));
    assert_eq!((world.account(1).balance, world.account(2).balance), (Minor(500), Minor(600)));
    assert_eq!(posted(&world, LedgerAccount::Bank), 100);
    let other =
        |amount| AccountAct::Repay { repayment: RepaymentId::from_bytes([8; 16]), amount: Minor(amount) };
    for amount in [0, -1, i64::MIN, i64::MAX] {
        assert_eq!(world.act(1, &other(amount)), Err(NotDone::Amount), "{amount}");
    }
    assert_eq!(world.act(3, &other(1)), Err(NotDone::Unknown));
    assert_eq!(world.books.repayments().count(), 1);
    world.check();
}

#[test]
fn a_block_says_why_and_who_and_the_card_buys_nothing() {
    for (status, reason) in [
        (Blocked::Lost, Reason::Lost),
        (Blocked::Stolen, Reason::Stolen),
        (Blocked::Restricted, Reason::Restricted),
    ] {
        let mut world = World::with_account("2026-04-10", 1_000, 0);
        assert_eq!(world.act(1, &block(status)), Ok(true));
        assert_eq!(world.act(1, &block(status)), Ok(false), "blocked already");
        let noted = world.account(1).life.block.clone().expect("a block");
        assert_eq!((noted.why.as_str(), noted.by, noted.at), ("the holder called", OPERATOR, world.now));
        assert_eq!(world.inquire(1, 10).1, reason);
        world.check();
    }
    let mut world = World::with_account("2026-04-10", 1_000, 0);
    for why in ["", "  ", "two\nlines", &"x".repeat(MAX_WHY_BYTES + 1)] {
        let act = AccountAct::Block { status: Blocked::Lost, why: why.to_owned() };
        assert_eq!(world.act(1, &act), Err(NotDone::Why), "{why:?}");
    }
    assert_eq!(world.act(1, &UNBLOCK), Err(NotDone::NotBlocked));
}

#[test]
fn a_lost_card_is_good_again_only_after_a_new_one_or_by_saying_so() {
    for status in [Blocked::Lost, Blocked::Stolen] {
        let mut world = World::with_account("2026-04-10", 1_000, 0);
        // A card file that was made before is what was lost.
        world.apply(Change::Issued { id: id(1), enrolment: [5; 32], by: OPERATOR });
        world.act(1, &block(status)).expect("an account");
        assert_eq!(world.act(1, &UNBLOCK), Err(NotDone::SameCard));
        world.apply(Change::Issued { id: id(1), enrolment: [6; 32], by: OPERATOR });
        assert_eq!(
            world.inquire(1, 10).1.code(),
            status.status_code(),
            "a new card file alone unblocks nothing"
        );
        assert_eq!(world.act(1, &UNBLOCK), Ok(true));
        assert_eq!((world.account(1).status, &world.account(1).life.block), (Status::Normal, &None));
        world.act(1, &block(status)).expect("an account");
        assert_eq!(world.act(1, &UNBLOCK), Err(NotDone::SameCard), "the new one was lost, too");
        assert_eq!(world.act(1, &AccountAct::Unblock { same_card: true }), Ok(true));
        world.check();
    }
    let mut world = World::with_account("2026-04-10", 1_000, 0);
    world.act(1, &block(Blocked::Restricted)).expect("an account");
    assert_eq!(world.act(1, &UNBLOCK), Ok(true), "nobody else has this card");
    assert_eq!(world.inquire(1, 10).1, Reason::Approved);
}

/// The code that the credit rules have for a block.
trait StatusCode {
    fn status_code(self) -> kessai_shared::outcome::ResponseCode;
}

impl StatusCode for Blocked {
    fn status_code(self) -> kessai_shared::outcome::ResponseCode {
        match self {
            Blocked::Lost => Reason::Lost.code(),
            Blocked::Stolen => Reason::Stolen.code(),
            Blocked::Restricted => Reason::Restricted.code(),
        }
    }
}

#[test]
fn a_table_that_is_read_again_unblocks_nobody() {
    let mut world = World::with_account("2026-04-10", 1_000, 0);
    world.act(1, &block(Blocked::Stolen)).expect("an account");
    world.apply(Change::Restated { id: id(1), terms: new_account(1, 2_000, 0), by: OPERATOR });
    assert_eq!((world.account(1).status, world.account(1).limit), (Status::Stolen, Minor(2_000)));
    assert_eq!(world.inquire(1, 10).1, Reason::Stolen);
    // But it may say that a card is lost.
    world.apply(acts::open(new_account(2, 1_000, 0), OPERATOR));
    let lost = Account { status: Status::Lost, ..new_account(2, 1_000, 0) };
    world.apply(Change::Restated { id: id(2), terms: lost, by: OPERATOR });
    assert_eq!(world.inquire(2, 10).1, Reason::Lost);
    assert_eq!(world.act(2, &UNBLOCK), Err(NotDone::SameCard));
}

#[test]
fn a_limit_may_go_under_the_balance_and_nothing_is_charged_back() {
    let mut world = World::with_account("2026-04-10", 1_000, 0);
    world.buy(1, 600);
    world.inquire(1, 300);
    let limit = |limit| AccountAct::Limit { limit: Minor(limit) };
    assert_eq!(world.act(1, &limit(500)), Ok(true));
    assert_eq!(world.act(1, &limit(500)), Ok(false));
    let account = world.account(1);
    assert_eq!((account.balance, account.held, account.open_to_buy()), (Minor(600), Minor(300), Minor(-400)));
    assert_eq!(world.inquire(1, 1).1, Reason::OverLimit);
    for bad in [-1, i64::MIN, i64::MAX] {
        assert_eq!(world.act(1, &limit(bad)), Err(NotDone::Limit));
    }
    assert_eq!(world.act(1, &limit(901)), Ok(true));
    assert_eq!(world.inquire(1, 1).1, Reason::Approved);
    world.check();
}

#[test]
fn an_account_is_closed_when_it_is_even_and_is_nobodys_from_then_on() {
    let mut world = World::with_account("2026-04-10", 1_000, 0);
    let order = world.buy(1, 100);
    let (held, _) = world.inquire(1, 30);
    let open = |balance, held| {
        let (balance, held, currency) = (Minor(balance), Minor(held), Currency::Gbp);
        Err(NotDone::Open { balance, held, currency })
    };
    assert_eq!(world.act(1, &AccountAct::Close), open(100, 30));
    let said = NotDone::Open { balance: Minor(100), held: Minor(30), currency: Currency::Gbp }.to_string();
    assert!(said.contains("£1.00") && said.contains("£0.30"), "{said}");
    world.repay(1, 150);
    assert_eq!(world.act(1, &AccountAct::Close), open(-50, 30), "what was paid too much is open, too");
    world.apply(acts::reverse(&world.books, (SELLER, held)).expect("a hold").expect("a change"));
    world.buy(1, 50);
    assert_eq!(world.act(1, &AccountAct::Close), Ok(true));
    assert_eq!(world.act(1, &AccountAct::Close), Ok(false));
    assert_eq!(world.inquire(1, 10).1, Reason::UnknownCard);
    for act in [block(Blocked::Lost), UNBLOCK, AccountAct::Limit { limit: Minor(1) }] {
        assert_eq!(world.act(1, &act), Err(NotDone::Closed), "{act:?}");
    }
    world.apply(Change::Restated { id: id(1), terms: new_account(1, 9_000, 0), by: OPERATOR });
    assert_eq!(world.inquire(1, 10).1, Reason::UnknownCard, "no table opens it again");
    // Its last month is stated, and what comes back after its end is the holder's.
    assert_eq!(world.close("2026-04"), 1);
    world.on("2026-06-03").give_back(order, 40);
    assert_eq!(world.account(1).balance, Minor(-40));
    assert_eq!(world.close("2026-06"), 1, "it slept through May");
    assert_eq!(world.statements(1).pop().expect("a statement").closing, Minor(-40));
    world.check();
}

#[test]
fn what_is_written_off_is_off_the_balance_and_comes_in_first() {
    let mut world = World::with_account("2026-04-10", 1_000, 0);
    assert_eq!(world.act(1, &AccountAct::WriteOff), Err(NotDone::NothingOwed));
    world.buy(1, 600);
    world.close("2026-04");
    world.close("2026-05");
    world.on("2026-06-02");
    assert_eq!(world.act(1, &AccountAct::WriteOff), Ok(true));
    let account = world.account(1).clone();
    assert_eq!((account.balance, account.status, account.months_late), (Minor(0), Status::Restricted, 0));
    assert_eq!(account.life.written_off, Minor(850), "with the fee");
    assert_eq!(
        (posted(&world, LedgerAccount::WriteOffs), posted(&world, LedgerAccount::CardholderFees)),
        (850, -250)
    );
    assert_eq!(world.inquire(1, 10).1, Reason::Restricted);
    assert_eq!(world.act(1, &AccountAct::WriteOff), Err(NotDone::NothingOwed), "once is enough");
    let left = |left| Err(NotDone::WrittenOff { left: Minor(left), currency: Currency::Gbp });
    assert_eq!(world.act(1, &UNBLOCK), left(850));
    world.repay(1, 800);
    assert_eq!((world.act(1, &UNBLOCK), world.account(1).balance), (left(50), Minor(0)));
    world.repay(1, 60);
    assert_eq!((world.account(1).balance, posted(&world, LedgerAccount::WriteOffs)), (Minor(-10), 0));
    assert_eq!(world.act(1, &UNBLOCK), Ok(true));
    world.close("2026-06");
    let statement = world.statements(1).pop().expect("a statement");
    assert_eq!((statement.moved.written_off, statement.moved.repayments), (Minor(850), Minor(10)));
    world.check();
}

#[test]
fn an_operators_act_names_its_operator_in_the_journal() {
    let mut world = World::with_account("2026-04-10", 1_000, 600);
    world.repay(1, 600);
    world.act(1, &block(Blocked::Restricted)).expect("an account");
    world.act(1, &UNBLOCK).expect("an account");
    world.act(1, &AccountAct::Limit { limit: Minor(5) }).expect("an account");
    world.act(1, &AccountAct::Close).expect("an account");
    for (change, _) in &world.changes {
        let bytes = <Books as store::Books>::encode(change);
        assert!(bytes.windows(32).any(|window| window == OPERATOR.0), "{change:?}");
    }
}
