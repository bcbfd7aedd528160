//! Windows that change their size, at any time and down to nothing.

use crate::played;
use crate::pty::Window;

/// That the screen is drawn for exactly this size: it reaches the last row and nothing is left of an older one.
fn assert_fits(window: &Window, columns: u16, rows: u16) {
    window.until(&format!("a screen of {columns}×{rows}"), |window| {
        let (seen_rows, seen_columns) = window.look(vt100::Screen::size);
        let last = window.look(|screen| screen.contents_between(rows - 1, 0, rows - 1, columns));
        (seen_columns.get(), seen_rows.get()) == (columns, rows) && !last.trim().is_empty()
    });
}

#[test]
fn the_screen_follows_the_window_down_to_one_that_is_too_small() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = played::window("shop", folder.path());
    window.wait_for("Blue stoneware mug");
    for (columns, rows) in [(120, 40), (40, 12), (200, 60), (80, 24)] {
        window.resize(columns, rows);
        assert_fits(&window, columns, rows);
        window.wait_for("Blue stoneware mug");
    }
    for (columns, rows) in [(20, 5), (10, 3), (5, 2), (1, 1)] {
        window.resize(columns, rows);
        window.until("a window that has settled", |window| !window.text().contains("mug"));
    }
    window.resize(30, 4);
    window.wait_for("too small");
    window.resize(80, 24);
    window.wait_for("Blue stoneware mug");
    window.press("q");
    assert_eq!(window.ended(), 0);
    window.assert_given_back();
}

#[test]
fn a_payment_goes_on_while_the_window_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = played::window("payment_without_an_answer", folder.path());
    window.wait_for("Blue stoneware mug");
    played::pay(&mut window);
    for (columns, rows) in [(40, 12), (120, 40), (30, 4), (80, 24)] {
        window.resize(columns, rows);
        if rows >= 12 {
            window.wait_for("Paying");
        } else {
            window.wait_for("too small");
        }
    }
    // Still locked: no key pays again, and none leaves without a question.
    window.press("pp\r");
    window.press("q");
    window.wait_for("Quit?");
}
