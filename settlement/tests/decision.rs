//! The credit decision, row by row of its table, and against a second account of the same rules.

use kessai_settlement::ledger::{
    Account, AccountId, Books, Candidate, Change, Entry, Life, Policy, Presented, Status, Window, acts,
    decide,
};
use kessai_shared::ids::OrderId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::time::Timestamp;
use proptest::prelude::*;

/// 2026-07-01 00:00:00 in seconds.
const JULY: u64 = 1_782_864_000;
const NOW: Timestamp = Timestamp((JULY + 20 * 86_400) * 1_000_000);
const WINDOW: u64 = 3_600;
const HOLDER: [u8; 32] = [1; 32];
const ID: AccountId = AccountId([9; 16]);

/// All that a decision is made from.
#[derive(Clone)]
struct Case {
    presented: Option<Presented>,
    account: Option<Account>,
    /// Wrong cards and particulars that came through the seller.
    guesses: u64,
    amount: i64,
    currency: Currency,
    policy: Policy,
    now: Timestamp,
}

impl Case {
    /// A purchase that is approved, with every window of the policy switched on.
    fn good() -> Self {
        let expiry = "2026-07".parse().expect("a month");
        let account = Account {
            generation: 7,
            index: ID.0,
            sealed: Vec::new(),
            particulars: HOLDER,
            expiry,
            status: Status::Normal,
            currency: Currency::Gbp,
            limit: Minor(1_000),
            balance: Minor(300),
            held: Minor(200),
            months_late: 1,
            late_history: vec![2, 1, 2, 0, 0, 9, 9],
            wrong_tries: vec![ago(10); 4],
            recent: vec![(ago(20), Minor(40)), (ago(10), Minor(50))],
            holder_key: None,
            holder_required: false,
            enrolment: None,
            life: Life::default(),
        };
        let window = |max| Some(Window { seconds: WINDOW, max });
        let policy = Policy { frequency: window(3), amount: window(600), ..Policy::default() };
        let presented = Presented {
            passes_luhn: true,
            candidates: candidates(HOLDER),
            expiry,
            holder: None,
            enrolment: None,
        };
        let (presented, account) = (Some(presented), Some(account));
        Self { presented, account, guesses: 499, amount: 100, currency: Currency::Gbp, policy, now: NOW }
    }

    fn with(fault: impl Fn(&mut Case)) -> Self {
        let mut case = Self::good();
        fault(&mut case);
        case
    }

    fn account(&mut self) -> &mut Account {
        self.account.as_mut().expect("the case has an account")
    }

    fn presented(&mut self) -> &mut Presented {
        self.presented.as_mut().expect("the case has a card")
    }

    fn reason(&self) -> Reason {
        let money = (Minor(self.amount), self.currency);
        decide(self.presented.as_ref(), self.account.as_ref(), self.guesses, money, &self.policy, self.now)
    }
}

/// The card of the account, as it would be presented in the middle of a rekey.
fn candidates(particulars: [u8; 32]) -> Vec<Candidate> {
    let of = |generation, index| Candidate { generation, index, particulars };
    vec![of(6, [8; 16]), of(7, ID.0)]
}

fn ago(seconds: u64) -> Timestamp {
    NOW.minus_seconds(seconds)
}

/// One way to fail: its place in the table, what it does to a good case, and what must come of it.
struct Fault {
    row: u8,
    make: fn(&mut Case),
    reason: Reason,
    code: &'static str,
}

/// Every row of the table in its order. Each touches fields of its own, so that two can be combined;
/// those of one row may overlap.
fn faults() -> Vec<Fault> {
    let fault = |row, reason, code, make| Fault { row, make, reason, code };
    vec![
        fault(1, Reason::SealMismatch, "57", |c| c.presented = None),
        fault(2, Reason::TooManyTries, "75", |c| c.guesses = 500),
        fault(3, Reason::UnknownCard, "14", |c| c.account = None),
        fault(3, Reason::UnknownCard, "14", |c| {
            c.presented.iter_mut().for_each(|p| p.passes_luhn = false);
        }),
        fault(4, Reason::Lost, "41", |c| status(c, Status::Lost)),
        fault(4, Reason::Stolen, "43", |c| status(c, Status::Stolen)),
        fault(4, Reason::Restricted, "62", |c| status(c, Status::Restricted)),
        fault(5, Reason::HolderKey, "63", |c| {
            c.account.iter_mut().for_each(|a| a.holder_key = Some([3; 32]));
        }),
        fault(5, Reason::HolderKey, "63", |c| c.policy.require_holder_key = true),
        fault(6, Reason::Expired, "54", |c| {
            let past = "2026-06".parse().expect("a month");
            c.account.iter_mut().for_each(|a| a.expiry = past);
            c.presented.iter_mut().for_each(|p| p.expiry = past);
        }),
        fault(7, Reason::TooManyTries, "75", |c| {
            c.account.iter_mut().for_each(|a| a.wrong_tries.push(ago(5)));
        }),
        fault(8, Reason::IdentityMismatch, "05", |c| {
            c.presented.iter_mut().for_each(|p| p.candidates = candidates([2; 32]));
        }),
        fault(9, Reason::Delinquent, "05", |c| c.account.iter_mut().for_each(|a| a.months_late = 2)),
        fault(10, Reason::RepaymentHistory, "05", |c| {
            c.account.iter_mut().for_each(|a| a.late_history[4] = 2);
        }),
        fault(11, Reason::TooFrequent, "65", |c| c.policy.frequency.as_mut().expect("a window").max = 2),
        fault(12, Reason::WindowAmount, "61", |c| c.policy.amount.as_mut().expect("a window").max = 89),
        fault(13, Reason::InvalidAmount, "13", |c| c.currency = Currency::Eur),
        fault(13, Reason::InvalidAmount, "13", |c| c.amount = 0),
        fault(14, Reason::OverLimit, "51", |c| c.account.iter_mut().for_each(|a| a.limit = Minor(500))),
    ]
}

fn status(case: &mut Case, status: Status) {
    case.account.iter_mut().for_each(|account| account.status = status);
}

#[test]
fn every_row_of_the_table_gives_its_reason_and_code() {
    let good = Case::good().reason();
    assert_eq!((good, good.code().to_string().as_str()), (Reason::Approved, "00"));
    for fault in faults() {
        let reason = Case::with(fault.make).reason();
        assert_eq!(reason, fault.reason, "row {}", fault.row);
        assert_eq!(reason.code().to_string(), fault.code, "row {}", fault.row);
    }
}

#[test]
fn of_two_failing_checks_the_earlier_one_decides() {
    let faults = faults();
    for first in &faults {
        for second in faults.iter().filter(|second| second.row > first.row) {
            let mut case = Case::with(second.make);
            (first.make)(&mut case);
            assert_eq!(case.reason(), first.reason, "rows {} and {}", first.row, second.row);
        }
    }
}

#[test]
fn the_precedence_of_the_reasons_is_that_of_the_table() {
    // A seller that lets too much guessing through is told so before anything else of a card is.
    let of_the_card: Vec<_> = faults().into_iter().filter(|fault| fault.row != 2).collect();
    for pair in of_the_card.windows(2) {
        assert!(pair[0].reason <= pair[1].reason, "{:?} before {:?}", pair[0].reason, pair[1].reason);
    }
}

#[test]
fn the_expiry_month_itself_still_counts() {
    let at = |seconds: u64| Case::with(move |c| c.now = Timestamp(seconds * 1_000_000)).reason();
    let august = JULY + 31 * 86_400;
    assert_eq!(at(august - 1), Reason::Approved, "the last second of the month on the card");
    assert_eq!(at(august), Reason::Expired, "the first second of the month after it");
}

#[test]
fn a_wrong_expiry_is_a_wrong_guess_and_an_expired_card_is_none() {
    let wrong = Case::with(|c| c.presented().expiry = "2027-07".parse().expect("a month"));
    assert_eq!(wrong.reason(), Reason::IdentityMismatch);
    let both = Case::with(|c| c.account().expiry = "2026-06".parse().expect("a month"));
    assert_eq!(both.reason(), Reason::Expired);
}

#[test]
fn particulars_under_another_key_than_the_accounts_own_are_not_its() {
    let other = Case::with(|c| {
        let candidates = &mut c.presented().candidates;
        (candidates[0].particulars, candidates[1].particulars) = (HOLDER, [2; 32]);
    });
    assert_eq!(other.reason(), Reason::IdentityMismatch);
    let only = Case::with(|c| c.presented().candidates.retain(|candidate| candidate.generation == 7));
    assert_eq!(only.reason(), Reason::Approved, "the other key is gone, and the account is under this one");
}

#[test]
fn a_wrong_guess_counts_until_its_window_has_passed() {
    let window = Policy::default().tries;
    let oldest = |seconds| Case::with(move |c| c.account().wrong_tries.push(ago(seconds))).reason();
    assert_eq!(oldest(window.seconds - 1), Reason::TooManyTries);
    assert_eq!(oldest(window.seconds), Reason::Approved, "exactly a window old is out of it");
}

#[test]
fn only_as_many_months_of_history_count_as_the_policy_says() {
    let history = |months: &[u8]| Case::with(|c| c.account().late_history = months.to_vec()).reason();
    assert_eq!(history(&[2, 2, 1, 1, 2]), Reason::RepaymentHistory);
    assert_eq!(history(&[2, 2, 1, 1, 1, 2, 2]), Reason::Approved, "the sixth month is too long ago");
    assert_eq!(history(&[1; 24]), Reason::Approved, "one month late is not late enough");
    assert_eq!(history(&[]), Reason::Approved, "a new card has no history");
}

#[test]
fn the_frequency_window_counts_approvals_inside_it() {
    let third = |seconds| Case::with(move |c| c.account().recent.insert(0, (ago(seconds), Minor(1))));
    assert_eq!(third(WINDOW - 1).reason(), Reason::TooFrequent);
    assert_eq!(third(WINDOW).reason(), Reason::Approved, "exactly a window old is out of it");
}

#[test]
fn the_amount_window_counts_this_purchase_too() {
    let max = |max| Case::with(move |c| c.policy.amount = Some(Window { seconds: WINDOW, max })).reason();
    assert_eq!(max(190), Reason::Approved, "40 + 50 + 100 is all that is allowed");
    assert_eq!(max(189), Reason::WindowAmount);
    let old = Case::with(|c| {
        c.policy.amount = Some(Window { seconds: WINDOW, max: 150 });
        c.account().recent[0].0 = ago(WINDOW);
    });
    assert_eq!(old.reason(), Reason::Approved, "what is exactly a window old is out of it");
}

#[test]
fn windows_are_off_unless_they_are_set() {
    let policy = Policy { amount: None, frequency: None, ..Policy::default() };
    let case = Case::with(|c| {
        c.policy = policy.clone();
        c.account().recent = vec![(NOW, Minor(1_000_000)); 64];
    });
    assert_eq!(case.reason(), Reason::Approved);
    assert_eq!(Policy::default(), policy);
}

#[test]
fn open_to_buy_may_be_used_up_to_the_last_penny() {
    let amount = |amount| Case::with(move |c| c.amount = amount).reason();
    assert_eq!(amount(500), Reason::Approved, "1000 - 300 - 200");
    assert_eq!(amount(501), Reason::OverLimit);
    let credit = Case::with(|c| (c.amount, c.account().balance) = (500, Minor(-1)));
    assert_eq!(credit.reason(), Reason::Approved, "what was overpaid can be spent");
    let over = Case::with(|c| (c.amount, c.account().balance) = (1, Minor(2_000)));
    assert_eq!(over.reason(), Reason::OverLimit);
}

#[test]
fn what_cannot_be_charged_is_an_invalid_amount() {
    let amount = |amount| {
        Case::with(|c| {
            c.amount = amount;
            c.policy.max_purchase = Minor(400);
            c.policy.amount = None;
        })
        .reason()
    };
    for invalid in [i64::MIN, -100, -1, 0, 401, i64::MAX] {
        assert_eq!(amount(invalid), Reason::InvalidAmount, "{invalid}");
    }
    for valid in [1, 400] {
        assert_eq!(amount(valid), Reason::Approved, "{valid}");
    }
    for currency in [Currency::Eur, Currency::Usd, Currency::Jpy] {
        assert_eq!(Case::with(|c| c.currency = currency).reason(), Reason::InvalidAmount);
    }
}

#[test]
fn an_amount_window_is_not_outrun_by_many_small_purchases() {
    let window = Window { seconds: 86_400, max: 100 };
    let policy = Policy { amount: Some(window), ..Policy::default() };
    let mut books = Books::default();
    let account = Account {
        limit: Minor(100_000),
        balance: Minor(0),
        held: Minor(0),
        wrong_tries: Vec::new(),
        recent: Vec::new(),
        ..Case::good().account.expect("an account")
    };
    let opened = Change::Opened {
        id: ID,
        account,
        entry: Entry::opening(Currency::Gbp, ID, Minor(0)),
        by: Pin([0; 32]),
    };
    books.apply(&opened, 1, NOW).expect("a new account");
    let mut spent = 0;
    for number in 0..150_u8 {
        let order = OrderId::from_bytes([number; 16]);
        let (seller, currency, quote_hash) = (Pin([3; 32]), Currency::Gbp, [0; 32]);
        let deadline = NOW.plus_seconds(10);
        let purchase = Purchase { seller, order, amount: Minor(1), currency, quote_hash, deadline };
        let presented = Case::good().presented.expect("a card");
        let acts::Inquired::Fresh(fresh) = acts::inquire(&books, &purchase, Some(&presented), &policy, NOW)
        else {
            panic!("every order is a new one")
        };
        spent += u64::from(fresh.reason == Reason::Approved);
        let change = acts::decided(purchase, fresh, Vec::new(), &policy, NOW);
        books.apply(&change, u64::from(number) + 2, NOW).expect("a decision");
    }
    assert_eq!(spent, window.max, "the sum of a day's approvals");
}

/// The rules once more, written down from the table alone: plain numbers, one return a row. Months
/// are counted from year 0 and times in seconds.
#[derive(Debug)]
struct Facts {
    opens: bool,
    known: bool,
    luhn: bool,
    status: u8,
    expiry: u32,
    given_expiry: u32,
    same_person: bool,
    tries: Vec<u64>,
    late: u8,
    history: Vec<u8>,
    recent: Vec<(u64, i64)>,
    frequency: Option<(u64, u64)>,
    window: Option<(u64, u64)>,
    money: (i64, i64, i64),
    amount: i64,
    same_currency: bool,
    day: u32,
    guesses: u64,
    holder: Holder,
    needs_key: bool,
    /// How much of its limit any account may use, and a late one, in percent.
    caps: (Option<u8>, Option<u8>),
}

/// What is enrolled for the card, and what the purchase was signed with.
#[derive(Clone, Copy, Debug)]
enum Holder {
    /// Nothing is enrolled, and nobody signed.
    None,
    /// Nothing is enrolled, and some key signed.
    Stranger,
    /// Nothing is enrolled, and some key signed with a code that is none of this card's.
    UsedCode,
    /// The card's key signed.
    Signed,
    /// Another key than the card's signed.
    Thief,
    /// The card has a key, and nobody signed.
    Unsigned,
    /// A first key signed, with the card's code.
    Enrolling,
    /// Another key signed, with the card's new code.
    Replacing,
    /// The card's key is lost, and nobody has enrolled another.
    Lost,
    /// The right code came, and nobody signed with it.
    CodeAlone,
}

impl Holder {
    const ALL: [Holder; 10] = [
        Holder::None,
        Holder::Stranger,
        Holder::UsedCode,
        Holder::Signed,
        Holder::Thief,
        Holder::Unsigned,
        Holder::Enrolling,
        Holder::Replacing,
        Holder::Lost,
        Holder::CodeAlone,
    ];

    /// The key and the code of the account, whether it ever had a key, the key that signed, and the
    /// code that came.
    #[rustfmt::skip]
    fn fields(self) -> (Option<u8>, Option<u8>, bool, Option<u8>, Option<u8>) {
        match self {
            Holder::None => (None, None, false, None, None),
            Holder::Stranger => (None, None, false, Some(1), None),
            Holder::UsedCode => (None, None, false, Some(1), Some(8)),
            Holder::Signed => (Some(1), None, true, Some(1), None),
            Holder::Thief => (Some(1), None, true, Some(2), None),
            Holder::Unsigned => (Some(1), None, true, None, None),
            Holder::Enrolling => (None, Some(8), false, Some(1), Some(8)),
            Holder::Replacing => (None, Some(8), true, Some(2), Some(8)),
            Holder::Lost => (None, Some(8), true, None, None),
            Holder::CodeAlone => (None, Some(8), true, None, Some(8)),
        }
    }
}

fn by_the_table(f: &Facts) -> Reason {
    if !f.opens {
        return Reason::SealMismatch;
    }
    let found = f.luhn && f.known;
    let signed = matches!(f.holder, Holder::Signed | Holder::Enrolling | Holder::Replacing);
    if f.guesses >= 500 && !(found && signed) {
        return Reason::TooManyTries;
    }
    if !found {
        return Reason::UnknownCard;
    }
    if f.status > 0 {
        return [Reason::Lost, Reason::Stolen, Reason::Restricted][usize::from(f.status) - 1];
    }
    let keyless = matches!(f.holder, Holder::None | Holder::Stranger);
    if !signed && (!keyless || f.needs_key) {
        return Reason::HolderKey;
    }
    let this_month = 2026 * 12 + 6 + u32::from(f.day > 31);
    if this_month > f.expiry {
        return Reason::Expired;
    }
    let mut wrong = 0;
    for age in &f.tries {
        if *age < 86_400 {
            wrong += 1;
        }
    }
    if wrong >= 5 && !signed {
        return Reason::TooManyTries;
    }
    if f.expiry != f.given_expiry || !f.same_person {
        return Reason::IdentityMismatch;
    }
    if f.late >= 2 {
        return Reason::Delinquent;
    }
    let mut late_months = 0;
    for month in 0..5 {
        if f.history.len() > month && f.history[month] >= 2 {
            late_months += 1;
        }
    }
    if late_months >= 3 {
        return Reason::RepaymentHistory;
    }
    if let Some((seconds, max)) = f.frequency
        && f.recent.iter().filter(|(age, _)| *age < seconds).count() as u64 >= max
    {
        return Reason::TooFrequent;
    }
    if let Some((seconds, max)) = f.window {
        let before: i64 = f.recent.iter().filter(|(age, _)| *age < seconds).map(|(_, sum)| sum).sum();
        if i128::from(before) + i128::from(f.amount) > i128::from(max) {
            return Reason::WindowAmount;
        }
    }
    if f.amount <= 0 || f.amount > 1_000_000_000_000 || !f.same_currency {
        return Reason::InvalidAmount;
    }
    by_the_money(f)
}

/// What is left of the limit, and what of it may be used.
fn by_the_money(f: &Facts) -> Reason {
    let (limit, balance, held) = f.money;
    let used = 100 * (balance + held + f.amount);
    if f.caps.0.is_some_and(|percent| used > limit * i64::from(percent)) {
        return Reason::OverLimit;
    }
    let was_late = f.late > 0 || f.history.iter().take(5).any(|months| *months > 0);
    if was_late && f.caps.1.is_some_and(|percent| used > limit * i64::from(percent)) {
        return Reason::OverLimit;
    }
    if f.amount > limit - balance - held { Reason::OverLimit } else { Reason::Approved }
}

fn decided_here(f: &Facts) -> Reason {
    let byte = |byte: Option<u8>| byte.map(|byte| [byte; 32]);
    let (holder_key, enrolment, holder_required, signed_by, brought) = f.holder.fields();
    let now = Timestamp((JULY + (u64::from(f.day) - 1) * 86_400 + 43_200) * 1_000_000);
    let month = |m: u32| format!("{:04}-{:02}", m / 12, m % 12 + 1).parse().expect("a month");
    let account = Account {
        generation: 7,
        index: ID.0,
        sealed: Vec::new(),
        particulars: HOLDER,
        expiry: month(f.expiry),
        status: [Status::Normal, Status::Lost, Status::Stolen, Status::Restricted][usize::from(f.status)],
        currency: Currency::Jpy,
        limit: Minor(f.money.0),
        balance: Minor(f.money.1),
        held: Minor(f.money.2),
        months_late: f.late,
        late_history: f.history.clone(),
        wrong_tries: f.tries.iter().map(|age| now.minus_seconds(*age)).collect(),
        recent: f.recent.iter().map(|(age, sum)| (now.minus_seconds(*age), Minor(*sum))).collect(),
        holder_key: byte(holder_key),
        holder_required,
        enrolment: byte(enrolment),
        life: Life::default(),
    };
    let presented = Presented {
        holder: byte(signed_by),
        enrolment: byte(brought),
        passes_luhn: f.luhn,
        candidates: candidates(if f.same_person { HOLDER } else { [2; 32] }),
        expiry: month(f.given_expiry),
    };
    let window = |w: Option<(u64, u64)>| w.map(|(seconds, max)| Window { seconds, max });
    let policy = Policy {
        frequency: window(f.frequency),
        amount: window(f.window),
        require_holder_key: f.needs_key,
        max_utilisation_percent: f.caps.0,
        late_utilisation_percent: f.caps.1,
        ..Policy::default()
    };
    let currency = if f.same_currency { Currency::Jpy } else { Currency::Usd };
    let (presented, account) = (f.opens.then_some(&presented), f.known.then_some(&account));
    decide(presented, account, f.guesses, (Minor(f.amount), currency), &policy, now)
}

prop_compose! {
    /// Facts that fail one check or another now and then, and pass all of them often enough.
    fn facts()(
        (opens, known, luhn) in (mostly(), mostly(), mostly()),
        status in prop_oneof![8 => Just(0_u8), 1 => 1..4_u8],
        (expiry, given, same_person) in (24_316..24_322_u32, prop_oneof![8 => Just(0), 1 => 1..3_u32], mostly()),
        tries in prop::collection::vec(86_390..86_402_u64, 0..8),
        late in prop_oneof![6 => 0..2_u8, 1 => 2..5_u8],
        history in prop::collection::vec(prop_oneof![3 => 0..2_u8, 1 => 2..4_u8], 0..9),
        recent in prop::collection::vec((3_597..3_603_u64, 1..50_i64), 0..5),
        frequency in prop::option::weighted(0.3, (Just(3_600_u64), 1..5_u64)),
        window in prop::option::weighted(0.4, (Just(3_600_u64), 1..300_u64)),
        money in (0..400_i64, -50..200_i64, 0..100_i64),
        amount in prop_oneof![8 => 1..300_i64, 1 => -3..1_i64, 1 => 1_000_000_000_000..1_000_000_000_003_i64],
        same_currency in mostly(),
        day in 1..60_u32,
        guesses in prop_oneof![6 => Just(0_u64), 2 => Just(499), 2 => Just(500)],
        holder in prop::sample::select(Holder::ALL.to_vec()),
        needs_key in prop::bool::weighted(0.2),
        caps in (prop::option::weighted(0.4, 1..=100_u8), prop::option::weighted(0.4, 1..=100_u8)),
    ) -> Facts {
        let given_expiry = expiry + given;
        Facts {
            opens, known, luhn, status, expiry, given_expiry, same_person, tries, late, history,
            recent, frequency, window, money, amount, same_currency, day, guesses, holder, needs_key, caps,
        }
    }
}

fn mostly() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.95)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_decision_is_the_one_that_the_table_gives(facts in facts()) {
        prop_assert_eq!(decided_here(&facts), by_the_table(&facts));
    }
}
