//! `verify` on journals that hold decisions which their policy did not make.

mod support;

use std::path::Path;

use kessai_settlement::ledger::acts::{self, Inquired};
use kessai_settlement::ledger::{Books, Change, DecidedChange, Policy, Presented, Proposed, RowKey};
use kessai_settlement::settings::JOURNAL;
use kessai_settlement::verify::verify;
use kessai_shared::ids::OrderId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::outcome::Reason;
use kessai_shared::pin::Pin;
use kessai_shared::receipt::Purchase;
use kessai_shared::store::{self, EachRow, Stamp, Store};
use kessai_shared::time::Timestamp;
use support::{Folder, card};

const NOW: Timestamp = Timestamp(1_782_864_000_000_000);

/// Books that take every change: whoever writes such a journal is not to be trusted.
#[derive(Default)]
struct Careless;

impl store::Books for Careless {
    type Change = Change;
    type Key = RowKey;
    type Row = ();

    fn encode_into(change: &Change, bytes: &mut Vec<u8>) {
        <Books as store::Books>::encode_into(change, bytes);
    }

    fn decode(payload: &[u8]) -> Result<Change, String> {
        <Books as store::Books>::decode(payload)
    }

    fn apply(&mut self, _: &Change, _: Stamp) -> Result<(), String> {
        Ok(())
    }

    fn touched(&self, _: &Change, _: &mut dyn FnMut(&RowKey)) {}

    fn shelved(&self, _: &mut dyn FnMut(&RowKey)) {}

    fn key(key: &RowKey) -> Vec<u8> {
        <Books as store::Books>::key(key)
    }

    fn row(&self, _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn rows(&self, _: &mut EachRow<'_>) -> std::io::Result<()> {
        Ok(())
    }

    fn read_row(_: &[u8], _: &[u8]) -> Result<(), String> {
        Ok(())
    }

    fn take_row(&mut self, (): ()) -> Result<(), String> {
        Ok(())
    }
}

/// A folder with two accounts, two policies and one decision, which is forged; what `verify` says.
async fn verified(forge: impl Fn(&mut DecidedChange)) -> Result<Vec<String>, String> {
    let folder = Folder::with(2).await;
    let (mut books, _) = store::walk::<Books>(folder.path(), JOURNAL, |_, _, _| ()).expect("a journal");
    let mut changes = Vec::new();
    let mut position = 100;
    for policy in [Policy { max_months_late: 9, ..Policy::default() }, Policy::default()] {
        let proposed = Proposed { version: None, policy };
        let change = acts::adopt(&books, &proposed, Pin([6; 32])).expect("sound").expect("a change");
        position += 1;
        books.apply(&change, position, NOW).expect("an adoption");
        changes.push(change);
    }
    let purchase = Purchase {
        seller: Pin([5; 32]),
        order: OrderId::from_bytes([1; 16]),
        amount: Minor(500),
        currency: Currency::Gbp,
        quote_hash: [0; 32],
        deadline: NOW.plus_seconds(60),
    };
    let presented: Presented = folder.vault().present(&card(0));
    let policy = books.policies().policy();
    let Inquired::Fresh(fresh) = acts::inquire(&books, &purchase, Some(&presented), policy, NOW) else {
        panic!("it was never decided");
    };
    assert_eq!(fresh.reason, Reason::Approved);
    let Change::Decided(mut decided) = acts::decided(purchase, fresh, Vec::new(), policy, NOW) else {
        panic!("a decision");
    };
    forge(&mut decided);
    changes.push(Change::Decided(decided));
    write(folder.path(), &changes);
    verify(folder.path()).map(|report| report.problems)
}

fn write(folder: &Path, changes: &[Change]) {
    let (mut store, _) = Store::<Careless>::open(folder, JOURNAL).expect("a journal");
    store.begin(NOW);
    for change in changes {
        store.change(change).expect("careless books");
    }
    store.commit().expect("a group");
}

/// What is wrong with a decision. The shelf, which careless books did not write, is another matter.
async fn problems(forge: impl Fn(&mut DecidedChange)) -> Vec<String> {
    let problems = verified(forge).await.expect("a journal that can be followed");
    problems.into_iter().filter(|problem| !problem.starts_with("store: ")).collect()
}

#[tokio::test]
async fn a_decision_under_another_policy_than_the_one_in_force_is_told() {
    assert_eq!(problems(|_| {}).await, Vec::<String>::new());
    for wrong in [0, 1, 3] {
        let said = verified(|decided| decided.policy = wrong).await.expect_err("no such journal");
        assert!(said.contains("a decision under a policy that is not in force"), "{said}");
    }
}

#[tokio::test]
async fn a_decision_that_the_policy_in_force_does_not_give_is_told() {
    let declined = |decided: &mut DecidedChange| {
        decided.reason = Reason::Delinquent;
        decided.entries.clear();
    };
    let found = problems(declined).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("is delinquent, and policy 2 says approved"), "{found:?}");
    // What a wrong clock would have made of it is no other decision, but a hold's end is part of it.
    let long = problems(|decided| decided.expires = NOW.plus_seconds(100 * 366 * 86_400)).await;
    assert!(long.len() == 1 && long[0].ends_with("policy 2 says expired"), "{long:?}");
}
