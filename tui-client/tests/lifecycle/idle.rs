//! A terminal that nobody touches stays silent: nothing is written that is there already.

use std::thread::sleep;
use std::time::Duration;

use crate::played;

#[test]
fn what_is_shown_already_is_not_written_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = played::window("shop", folder.path());
    window.wait_for("Blue stoneware mug");
    // Until the last answer is drawn.
    let (mut written, mut at_rest) = (0, 0);
    while at_rest < 2 {
        at_rest = if window.bytes().len() == written { at_rest + 1 } else { 0 };
        written = window.bytes().len();
        sleep(Duration::from_secs(2));
    }
    // Keys that change nothing, and time that passes.
    window.press("\u{1b}[H");
    sleep(Duration::from_millis(500));
    window.press("\u{1b}[H");
    sleep(Duration::from_millis(1_500));
    assert_eq!(window.bytes().len(), written);
    window.press("j");
    window.until("a cursor that moves", |window| window.bytes().len() > written);
}
