//! Accounts kept under a new key: interrupted anywhere, beside purchases, and never half done for good.

mod support;

use std::fs;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use kessai_settlement::clerk::cards::{Command, Holder, Page};
use kessai_settlement::ledger::Stated;
use kessai_settlement::operator::client::Operator;
use kessai_settlement::operator::{Reply, Request};
use kessai_settlement::rekey::{self, ask};
use kessai_settlement::vault::Vault;
use support::{COLUMNS, Folder, card, number};

/// More than two groups of accounts.
const ACCOUNTS: u64 = 600;

async fn rekey_wholly(folder: &Folder) -> rekey::Rekeyed {
    let open = folder.open();
    let done = rekey::run(&open.vault, &open.writer, |_| ()).await.expect("a rekey");
    open.close().await;
    done
}

#[tokio::test]
async fn a_rekey_keeps_every_account_under_the_new_key_and_destroys_the_old_one() {
    let folder = Folder::with(ACCOUNTS).await;
    let before = folder.key_lines();
    assert_eq!(folder.check(), [1]);
    // A second name, by which the file is still found when its own has gone to another.
    let witness = folder.path().join("witness");
    fs::hard_link(folder.key(), &witness).expect("a second name");
    let open = folder.open();
    let mut heard = Vec::new();
    let done = rekey::run(&open.vault, &open.writer, |progress| heard.push(progress)).await.expect("a rekey");
    open.close().await;
    assert_eq!((done.accounts, done.generation), (ACCOUNTS, 2));
    assert_eq!(folder.check(), [2]);
    let after = folder.key_lines();
    assert_eq!(after.len(), 1);
    assert!(after[0].starts_with("2 ") && after[0][2..] != before[0][2..]);
    assert_eq!(folder.beside_the_keys(), [""; 0]);
    let left = fs::read_to_string(&witness).expect("the old file");
    assert!(!left.contains(&before[0][2..]) && left.chars().all(|c| c == '\0'), "the old key is overwritten");
    let steps: Vec<_> = heard.iter().map(|progress| progress.done).collect();
    assert_eq!((steps[0], *steps.last().expect("steps")), (0, ACCOUNTS));
    assert!(steps.len() > 3 && heard.iter().all(|progress| progress.total == ACCOUNTS), "{heard:?}");
}

#[tokio::test]
async fn a_rekey_follows_a_link_to_the_keys_and_destroys_what_is_there() {
    let folder = Folder::with(ACCOUNTS).await;
    let elsewhere = tempfile::tempdir().expect("another disk");
    let target = elsewhere.path().join("vault.key");
    fs::copy(folder.key(), &target).expect("moved");
    fs::remove_file(folder.key()).expect("moved");
    std::os::unix::fs::symlink(&target, folder.key()).expect("a link");
    let before = folder.key_lines();
    let witness = elsewhere.path().join("witness");
    fs::hard_link(&target, &witness).expect("a second name");
    rekey_wholly(&folder).await;
    assert_eq!(folder.check(), [2]);
    assert_eq!(fs::read_link(folder.key()).expect("still a link"), target);
    assert!(folder.key_lines()[0].starts_with("2 ") && folder.key_lines() != before);
    assert!(!fs::read_to_string(&witness).expect("the old file").contains(&before[0][2..]));
    assert_eq!(fs::read_dir(elsewhere.path()).expect("a folder").count(), 2, "nothing is left beside it");
}

#[tokio::test]
async fn a_rekey_that_is_killed_anywhere_is_finished_by_the_next() {
    for steps in 0_usize.. {
        let folder = Folder::with(ACCOUNTS).await;
        let open = folder.open();
        let ended = {
            let mut run = pin!(rekey::run(&open.vault, &open.writer, |_| ()));
            let mut left = steps;
            poll_fn(|context| {
                if left == 0 {
                    return Poll::Ready(None);
                }
                left -= 1;
                run.as_mut().poll(context).map(Some)
            })
            .await
        };
        open.close().await;
        let generations = folder.check();
        // Whatever lies under the older key, its key is still there.
        assert!(
            generations.iter().all(|g| folder.key_lines().iter().any(|l| l.starts_with(&format!("{g} "))))
        );
        if ended.is_some() {
            assert!(steps > 5, "it was hardly ever interrupted");
            break;
        }
        let unchanged = folder.import(&folder.table("HOLDER")).await;
        assert_eq!(unchanged, (0, 0, ACCOUNTS), "after {steps} steps");
        rekey_wholly(&folder).await;
        assert_eq!(folder.check(), [2], "after {steps} steps");
        assert_eq!((folder.key_lines().len(), folder.beside_the_keys().len()), (1, 0), "after {steps} steps");
    }
}

#[tokio::test]
async fn an_import_finds_accounts_unchanged_before_amid_and_after_a_rekey() {
    let folder = Folder::with(ACCOUNTS).await;
    let table = folder.table("HOLDER");
    let open = folder.open();
    open.vault.add_generation().await.expect("two keys");
    // Some accounts, as a rekey that was killed leaves them.
    let page = Page { after: None, older_than: Some(2), most: 250 };
    let page = ask(&open.writer, |tell| Command::Page { page, tell }).await.expect("a page");
    let vault = open.vault.lease();
    let cards = page.into_iter().map(|(id, from)| {
        let to = vault.keep(&vault.open(&from).expect("a card")).swap_remove(0);
        kessai_settlement::clerk::cards::Rekey { id, from, to }
    });
    let cards: Vec<_> = cards.collect();
    // One of them is stated anew between the look at it and its rekey.
    let mut stated = table_of(&folder, &table);
    stated.retain(|stated| stated.places().any(|place| place == (1, cards[7].from.index)));
    stated[0].account.months_late = 1;
    let (accounts, by, lease) = (stated, kessai_shared::pin::Pin([0; 32]), std::sync::Arc::clone(&vault));
    let restated =
        ask(&open.writer, |tell| Command::Import { accounts, by, lease, tell }).await.expect("an answer");
    assert_eq!(restated.restated, 1);
    drop(vault);
    let taken = ask(&open.writer, |tell| Command::Rekey { cards, tell }).await.expect("an answer");
    assert_eq!(taken, 249, "what was stated meanwhile is not overwritten");
    open.close().await;
    assert_eq!(folder.check(), [1, 2]);
    assert_eq!(folder.import(&table).await, (0, 1, ACCOUNTS - 1), "only that one has other terms");
    assert_eq!(folder.import(&table).await, (0, 0, ACCOUNTS));
    let changed = table.replace("HOLDER 3,", "HOLDER THREE,").replace("HOLDER 599,", "HOLDER LAST,");
    assert_eq!(
        folder.import(&changed).await,
        (0, 2, ACCOUNTS - 2),
        "restated, whichever key they were under"
    );
    assert_eq!(folder.import(&table).await, (0, 2, ACCOUNTS - 2));
    let more = format!("{COLUMNS}{},NEW,1988-04-12,2031-09,1,1,0,0\n", number(ACCOUNTS));
    assert_eq!(folder.import(&more).await, (1, 0, 0));
    rekey_wholly(&folder).await;
    assert_eq!(folder.check(), [2]);
    assert_eq!(folder.import(&table).await, (0, 0, ACCOUNTS));
    assert_eq!(folder.import(&more).await, (0, 0, 1));
}

#[tokio::test]
async fn a_rekey_waits_for_whoever_still_works_with_the_old_keys_alone() {
    let folder = Folder::with(10).await;
    let open = folder.open();
    let lease = open.vault.lease();
    let presented = lease.present(&card(4));
    assert_eq!(presented.candidates.len(), 1);
    let (vault, writer) = (std::sync::Arc::clone(&open.vault), open.writer.clone());
    let mut run = Box::pin(rekey::run(&vault, &writer, |_| ()));
    let waited = tokio::time::timeout(Duration::from_millis(300), &mut run).await;
    assert!(waited.is_err(), "a card that was presented under the old key is on its way");
    assert_eq!(open.vault.lease().newest(), 2, "what comes now is presented under both");
    let places = presented.candidates.iter().map(|c| (c.generation, c.index)).collect();
    let found = ask(&open.writer, |tell| Command::Find { places, tell }).await.expect("an answer");
    assert!(found.is_some(), "it is still found");
    drop(lease);
    assert_eq!(run.await.expect("a rekey").accounts, 10);
    drop(writer);
    open.close().await;
    assert_eq!(folder.check(), [2]);
}

#[tokio::test]
async fn what_was_made_under_keys_that_are_no_longer_the_newest_is_not_taken() {
    let folder = Folder::with(3).await;
    let old = folder.vault();
    let accounts = table_of(&folder, &folder.table("OTHER"));
    rekey_wholly(&folder).await;
    let mut operator = Operator::reach(&folder.settings()).await.expect("the books");
    let mut account = accounts[0].account.clone();
    let requests = [
        Request::ImportAccounts { accounts },
        Request::Issue { holder: Holder::New(Box::new(account.clone())), enrolment: None },
        Request::Find { places: old.places(&card(0).number) },
    ];
    for request in requests {
        assert_eq!(operator.ask(request, |_| ()).await.expect("an answer"), Reply::Stale);
    }
    // No operator opens an account that owes more than a table's row can say, or that has holds.
    account.generation = 2;
    account.held.0 = 1;
    let request = Request::Issue { holder: Holder::New(Box::new(account)), enrolment: None };
    assert!(operator.ask(request, |_| ()).await.is_err());
    operator.close().await.expect("books that are put away");
    assert_eq!(folder.check(), [2]);
}

#[tokio::test]
async fn keys_that_are_not_of_these_books_are_refused() {
    let folder = Folder::with(3).await;
    let first = fs::read(folder.key()).expect("keys");
    rekey_wholly(&folder).await;
    let second = fs::read(folder.key()).expect("keys");
    let other = "2 ".to_owned() + &"ab".repeat(32);
    for keys in [&first[..], other.as_bytes()] {
        fs::write(folder.key(), keys).expect("keys");
        let failure = Operator::reach(&folder.settings()).await.err().expect("other keys");
        assert!(failure.line.contains("generation 2") && failure.line.contains("restore"), "{failure:?}");
    }
    fs::write(folder.key(), second).expect("keys");
    assert_eq!(folder.check(), [2]);
}

#[tokio::test]
async fn keys_that_were_swapped_under_a_running_settlement_stop_its_rekey() {
    let folder = Folder::with(3).await;
    let open = folder.open();
    let good = fs::read(folder.key()).expect("keys");
    fs::write(folder.key(), "2 ".to_owned() + &"ab".repeat(32)).expect("keys");
    let why = rekey::run(&open.vault, &open.writer, |_| ()).await.expect_err("other keys");
    assert!(why.contains("replaced while in use"), "{why}");
    fs::write(folder.key(), good).expect("keys");
    open.close().await;
    assert_eq!(folder.check(), [1]);
}

/// The rows of a table, kept under the keys of now.
fn table_of(folder: &Folder, table: &str) -> Vec<Stated> {
    let file = folder.path().join("table.csv");
    fs::write(&file, table).expect("a table");
    kessai_settlement::import::accounts(&file, &folder.vault()).expect("a table").rows
}

#[test]
fn vaults_of_one_and_of_two_keys_find_the_same_card() {
    let keys = |generations: &[u32]| {
        let folder = tempfile::tempdir().expect("a folder");
        let lines = generations.iter().map(|g| format!("{g} {}\n", format!("{g:02x}").repeat(32)));
        let file = folder.path().join("vault.key");
        fs::write(&file, lines.collect::<String>()).expect("keys");
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a file");
        Vault::load_or_create(&file, &folder.path().join("journal")).expect("keys")
    };
    let (one, both, two) = (keys(&[1]), keys(&[1, 2]), keys(&[2]));
    let presented = both.present(&card(7)).candidates;
    assert_eq!(presented, [one.present(&card(7)).candidates[0], two.present(&card(7)).candidates[0]]);
    let (first, second) = (presented[0], presented[1]);
    assert!(first.index != second.index && first.particulars != second.particulars);
    let kept = both.keep(&card(7));
    assert_eq!(kept, [two.keep(&card(7)).swap_remove(0), one.keep(&card(7)).swap_remove(0)], "newest first");
    assert!(kept[0].sealed != kept[1].sealed);
    assert!(one.open(&kept[0]).is_none() && one.open(&kept[1]).is_some());
    assert!(two.open(&kept[1]).is_none() && both.open(&kept[0]).is_some());
    let mut moved = kept[0].clone();
    moved.index = [9; 16];
    assert!(both.open(&moved).is_none(), "a card does not open at another's place");
    assert_eq!(both.places(&card(7).number), [(2, second.index), (1, first.index)]);
}
