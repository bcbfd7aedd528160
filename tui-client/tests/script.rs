//! Scripts at a shop and beside daemons made of values: what they see, what time it is for them, and what is
//! recorded.

#[allow(dead_code, reason = "each test uses its own part of what is made up")]
#[path = "dashboard/made.rs"]
mod made;
mod support;

use std::fs;
use std::future::pending;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use kessai_shared::console::Failure;
use kessai_shared::operator::live::Beat;
use kessai_shared::time::Timestamp;
use kessai_tui_client::app::model::Size;
use kessai_tui_client::app::{Model, Settings};
use kessai_tui_client::dashboard::{self, Daemon};
use kessai_tui_client::home::Home;
use kessai_tui_client::runtime::Perform;
use kessai_tui_client::script::{Kind, Manner, MovedClock, Scene, Script, play};
use support::World;

const SIZE: Size = Size { columns: 80, rows: 24 };

/// A shop that answers at once.
fn perform() -> Perform {
    let world = Mutex::new(World::open(80, 24));
    Arc::new(move |effect, _| {
        let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
        match world.try_answer(&effect) {
            Some(event) => std::future::ready(Some(event)).boxed(),
            None => pending().boxed(),
        }
    })
}

/// Plays these lines, and tells what `outside` was asked for.
fn played(text: &str, record: Option<&Path>) -> (Result<(), Failure>, Vec<String>) {
    let script = match Script::parse(Path::new("a.kessai"), text) {
        Ok(script) => script,
        Err(failure) => return (Err(failure), Vec::new()),
    };
    let clock = MovedClock::default();
    let model = Model::new(Settings::default(), support::cards(), SIZE, clock.now());
    let record = record.map(Path::to_owned);
    let manner = Manner { size: SIZE, at_reading_speed: false, record, update: false };
    let mut asked = Vec::new();
    let mut outside = |name: &str| {
        asked.push(name.to_owned());
        Ok(())
    };
    let scene = Scene { model, perform: perform(), clock, outside: &mut outside };
    let runtime = kessai_shared::console::runtime().expect("a runtime");
    let end = runtime.block_on(play(&script, manner, scene, pending::<Failure>()));
    (end, asked)
}

#[track_caller]
fn assert_plays(text: &str) {
    if let (Err(failure), _) = played(text, None) {
        panic!("{}", failure.line);
    }
}

#[test]
fn the_clock_of_a_script_makes_a_price_run_out_without_waiting() {
    let to_confirm = "wait \"Blue stoneware\"\nkey a\nkey c\nkey enter\nwait \"Price holds\"\n";
    assert_plays(&format!("{to_confirm}clock +10s\nabsent \"run out\"\n"));
    let begun = std::time::Instant::now();
    assert_plays(&format!("{to_confirm}clock +10m\nexpect \"run out\"\n"));
    assert!(begun.elapsed().as_secs() < 60, "nobody waits ten minutes");
}

#[test]
fn text_is_found_over_the_end_of_a_line_and_in_a_window_of_another_size() {
    assert_plays(
        "wait \"blue STONEWARE mug\"\nresize 40x12\nexpect \"Blue stoneware\"\nresize 120x40\nexpect \"Blue stoneware mug\"\n",
    );
}

#[test]
fn outside_is_asked_in_turn_and_steps_after_the_end_are_a_mistake() {
    let (end, asked) = played("outside one\nwait \"Blue\"\noutside two\n", None);
    assert_eq!((end, asked), (Ok(()), vec!["one".to_owned(), "two".to_owned()]));
    let (end, asked) =
        played("wait \"Blue\"\nkey q\n# Nobody is there any more.\nkey a\noutside never\n", None);
    let failure = end.expect_err("a failure");
    assert_eq!((failure.code, failure.line.as_str()), (1, "a.kessai:4: the app was left before this"));
    assert_eq!(asked, Vec::<String>::new());
}

#[test]
fn a_recording_is_the_same_every_time_and_has_everything_a_terminal_gets() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "wait \"Blue stoneware\"\nkey a\nkeys \"jj\"\npause 1500ms\nresize 90x20\nkey ?\npause 1s\nkey esc\nkey q\n";
    let record = |name: &str| {
        let file = folder.path().join(name);
        let (end, _) = played(text, Some(&file));
        assert_eq!(end, Ok(()));
        fs::read_to_string(file).expect("a recording")
    };
    let first = record("1.cast");
    assert_eq!(first, record("2.cast"));
    let mut emulator = vt100::Parser::new(24.try_into().expect("rows"), 80.try_into().expect("columns"), 0);
    let mut seen = Vec::new();
    for line in first.lines().skip(1) {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let what = line[2].as_str().expect("a text");
        match line[1].as_str() {
            Some("o") => emulator.process(what.as_bytes()),
            Some("r") => {
                assert_eq!(what, "90x20");
                emulator.screen_mut().set_size(20.try_into().expect("rows"), 90.try_into().expect("columns"));
            }
            other => panic!("{other:?}"),
        }
        seen.push(emulator.screen().contents());
    }
    let shown = |text: &str| seen.iter().any(|screen| screen.contains(text));
    assert!(shown("Blue stoneware mug") && shown("Cart 1") && shown("Keys"));
    assert!(!emulator.screen().alternate_screen() && !emulator.screen().hide_cursor());
}

#[test]
fn ids_of_a_seed_are_the_same_in_every_run_and_kept_before_they_are_used() {
    let mint = |seed: Option<u64>| {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::new(folder.path().to_owned());
        let home = seed.map_or(Home::new(folder.path().to_owned()), |seed| home.with_seed(seed));
        let now = Timestamp::from_system_clock();
        let ids = [home.open_order(now).expect("an id"), home.open_order(now).expect("an id")];
        let kept = fs::read_to_string(folder.path().join("orders.txt")).expect("the orders");
        assert!(ids.iter().all(|id| kept.contains(&id.to_string())));
        assert!(ids[0] < ids[1] || seed.is_none(), "the newest is the greatest");
        ids
    };
    assert_eq!(mint(Some(7)), mint(Some(7)));
    assert_ne!(mint(Some(7)), mint(Some(8)));
    assert_ne!(mint(None), mint(None));
}

/// A seller that tells so many seconds, ten times as fast as a real one, and then says nothing more.
fn beating(beats: u64) -> Perform<dashboard::Model> {
    Arc::new(move |effect, tell| {
        async move {
            let dashboard::Effect::Watch(daemon) = effect else { return pending().await };
            tell.send(dashboard::Event::Reached(daemon)).await.ok()?;
            for tick in 1..=beats {
                let status = Some(made::seller_status());
                let beat = Beat { second: made::sold(tick), status, alarms: Vec::new() };
                tell.send(dashboard::Event::SellerBeat(Box::new(beat))).await.ok()?;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            pending().await
        }
        .boxed()
    })
}

/// Plays these lines on the dashboard.
fn watched(text: &str, beats: u64, record: Option<&Path>) -> Result<(), Failure> {
    let script = Script::parse(Path::new("a.kessai"), text)?;
    assert_eq!(script.kind, Kind::Dashboard);
    let clock = MovedClock::default();
    let model = dashboard::Model::new(Settings::default(), &[Daemon::Seller], false, SIZE, clock.now());
    let manner =
        Manner { size: SIZE, at_reading_speed: false, record: record.map(Path::to_owned), update: false };
    let mut outside = |_: &str| Ok(());
    let scene = Scene { model, perform: beating(beats), clock, outside: &mut outside };
    let runtime = kessai_shared::console::runtime().expect("a runtime");
    runtime.block_on(play(&script, manner, scene, pending::<Failure>()))
}

#[test]
fn a_script_plays_the_dashboard_and_sees_what_grows_old() {
    let text = "# A seller that falls silent.\ndashboard\nwait \"seller live\"\nkey space\nexpect \"STOPPED\"\n\
                key space\nabsent \"STOPPED\"\nkey 6\nexpect \"fsync\"\nkey ?\nexpect \"next screen\"\nkey esc\n\
                wait \"no word for 1 s\"\nabsent \"seller live\"\nwait \"no word for 2 s\"\nkey q\n";
    // A machine that stands still passes over a second now and then, which a script waits for in vain.
    let tries = (0..4).map(|_| watched(text, 10, None));
    assert_eq!(first_good(tries), Ok(()));
    let wrong = watched("dashboard\nwait \"seller live\"\nexpect \"no word for\"\n", u64::MAX, None);
    let failure = wrong.expect_err("it is heard");
    assert!(
        failure.line.starts_with("a.kessai:3: \"no word for\" is not there; on the screen:"),
        "{}",
        failure.line
    );
}

#[test]
fn a_recording_of_the_dashboard_takes_as_long_as_what_it_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    // What stands still meanwhile, is silent then or draws nothing.
    let tries = (0..4).map(|nth| recorded(&folder.path().join(format!("{nth}.cast"))));
    assert_eq!(first_good(tries), Ok(()));
}

/// Records two seconds of a dashboard.
fn recorded(file: &Path) -> Result<(), String> {
    let begun = std::time::Instant::now();
    let text = "dashboard\nwait \"seller live\"\npause 2s\nexpect \"seller live\"\nkey q\n";
    watched(text, u64::MAX, Some(file)).map_err(|failure| failure.line)?;
    assert!(begun.elapsed() >= Duration::from_secs(2), "its seconds go by themselves");
    let recorded = fs::read_to_string(file).expect("a recording");
    let times = recorded.lines().skip(1).map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        line[0].as_f64().expect("a time")
    });
    let times: Vec<f64> = times.collect();
    assert!(times.is_sorted(), "{times:?}");
    let between = times.iter().filter(|at| (0.2..1.9).contains(*at)).count();
    if between == 0 {
        return Err(format!("nothing goes by while people look: {times:?}"));
    }
    Ok(())
}

/// The first of several tries that is good, or else the last.
fn first_good<E>(tries: impl Iterator<Item = Result<(), E>>) -> Result<(), E> {
    let mut last = Ok(());
    for tried in tries {
        last = tried;
        if last.is_ok() {
            break;
        }
    }
    last
}

#[test]
fn a_script_says_first_what_it_plays() {
    let parsed = |text: &str| Script::parse(Path::new("a.kessai"), text);
    let told = |text: &str| parsed(text).err().map(|failure| failure.line).unwrap_or_default();
    assert_eq!(parsed("# a remark\n\ndashboard\nkey q\n").map(|script| script.kind), Ok(Kind::Dashboard));
    assert_eq!(parsed("key q\n").map(|script| script.kind), Ok(Kind::Shop));
    assert_eq!(told("key q\ndashboard\n"), "a.kessai:2: dashboard stands before every other command");
    assert_eq!(told("dashboard\ndashboard\n"), "a.kessai:2: dashboard stands before every other command");
    assert!(told("dashboard now\n").contains("expected nothing after dashboard; found \"now\""));
    assert!(told("dashboard\nclock +5s\n").contains("a.kessai:2: the daemons have clocks of their own"));
    assert!(told("dashboard\npatience 5s\n").contains("a.kessai:2: nothing is paid on the dashboard"));
    for (text, kind, said) in [
        (
            "dashboard\n",
            Kind::Shop,
            "plays the operators' dashboard; play it with: kessai dashboard --script",
        ),
        ("key q\n", Kind::Dashboard, "play it with: kessai script"),
    ] {
        let script = parsed(text).unwrap_or_else(|failure| panic!("{}", failure.line));
        let failure = script.must_be(kind).expect_err("another kind");
        assert!(failure.code == 2 && failure.line.contains(said), "{}", failure.line);
        assert_eq!(script.must_be(script.kind), Ok(()));
    }
}
