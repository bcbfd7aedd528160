//! Lists of keys that cannot be changed: whoever asks hears why, and nothing says that it was done.

use std::fs::{self, File};

use kessai_shared::operator::rights::Right;
use kessai_shared::operator::settlement::{Refusal, Reply as SettlementReply, Request as AskSettlement};
use kessai_shared::operator::trail::{Reply, Request};
use kessai_shared::pin::Pin;
use tokio::runtime::Runtime;

use super::rights::{AtSeller, AtSettlement, Talk, Wire};
use super::support::shop::Shop;

const SOMEBODY: Pin = Pin([9; 32]);

fn allow() -> Request {
    Request::AllowOperator { pin: SOMEBODY, right: Right::Watch, reason: "the night shift".to_owned() }
}

fn is_not_recorded<W: Wire>(folder: &std::path::Path, runtime: &Runtime) {
    let talk: Talk<'_, W> = Talk::with(folder, runtime, None).expect("the folder's own key");
    let list = W::SIDE.data(folder).join("operators.txt");
    let before = talk.acts();
    fs::write(&list, "nonsense\n").expect("a list");
    for request in [allow(), Request::RemoveOperator { pin: SOMEBODY, reason: "gone".to_owned() }] {
        let why = talk.trail(request).expect_err("a list that cannot be read");
        assert!(why.contains("operators.txt:1"), "{why}");
    }
    assert_eq!(talk.acts(), before, "what was not done stands in no record");
    fs::write(&list, "# nobody yet\n").expect("a list");
    let Ok(Reply::Done { position: Some(position) }) = talk.trail(allow()) else { panic!("it is allowed") };
    assert_eq!(talk.acts().first().map(|act| act.position), Some(position));
    let text = fs::read_to_string(&list).expect("a list");
    assert_eq!(text, format!("# nobody yet\n{SOMEBODY} watch\n"));
    // A reason that is none is found out after the list was written down, and nothing is left of that.
    let nosy = Request::RemoveOperator { pin: SOMEBODY, reason: "two\nlines".to_owned() };
    talk.trail(nosy).expect_err("no reason");
    assert_eq!(fs::read_to_string(&list).expect("a list"), text);
    let left = fs::read_dir(W::SIDE.data(folder)).expect("a folder").flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("operators.txt.")), "{left:?}");
}

#[test]
fn a_list_that_cannot_be_changed_leaves_no_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let _shop = Shop::open(folder.path());
    let runtime = Runtime::new().expect("a runtime");
    is_not_recorded::<AtSeller>(folder.path(), &runtime);
    is_not_recorded::<AtSettlement>(folder.path(), &runtime);
    let talk: Talk<'_, AtSettlement> = Talk::with(folder.path(), &runtime, None).expect("its own key");
    let before = talk.acts();
    let sellers = AtSettlement::SIDE.data(folder.path()).join("sellers.txt");
    let text = fs::read_to_string(&sellers).expect("a list");
    fs::write(&sellers, format!("{text}nonsense\n")).expect("a list");
    let asked = AskSettlement::AllowSeller { seller: SOMEBODY, reason: "a new shop".to_owned() };
    let told = talk.ask(&asked).expect("an answer");
    assert!(
        matches!(&told, SettlementReply::Refused(Refusal::NotDone(why)) if why.contains("nonsense")),
        "{told:?}"
    );
    assert_eq!(talk.acts(), before);
}

#[test]
fn a_daemon_waits_for_another_program_that_changes_the_list() {
    let folder = tempfile::tempdir().expect("a folder");
    let _shop = Shop::open(folder.path());
    let runtime = Runtime::new().expect("a runtime");
    let talk: Talk<'_, AtSeller> = Talk::with(folder.path(), &runtime, None).expect("its own key");
    let data = AtSeller::SIDE.data(folder.path());
    let list = data.join("operators.txt");
    let turn = File::open(&data).expect("a folder");
    turn.lock().expect("the turn");
    let before = talk.acts();
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| talk.trail(allow()));
        std::thread::sleep(std::time::Duration::from_millis(500));
        // It is another program's turn, which has read the list and is about to write it.
        assert!(!list.exists());
        fs::write(&list, format!("{}\n", Pin([8; 32]))).expect("a list");
        turn.unlock().expect("the end of the turn");
        assert!(matches!(asking.join(), Ok(Ok(Reply::Done { position: Some(_) }))));
    });
    assert!(talk.acts().len() > before.len());
    let text = fs::read_to_string(&list).expect("a list");
    assert_eq!(text, format!("{}\n{SOMEBODY} watch\n", Pin([8; 32])), "neither undoes the other");
}
