//! A screen of ASCII only, for terminals and fonts that have no other signs. Letters stay as they are: a
//! product's name, a currency's sign and a whole language cannot be said without theirs.

use ratatui::buffer::Buffer;

/// Our own signs of one column, wherever they come from, and what stands for them.
const SIGNS: [(&str, &str); 30] = [
    ("─", "-"),
    ("━", "="),
    ("│", "|"),
    ("┃", "|"),
    ("┌", "+"),
    ("┐", "+"),
    ("└", "+"),
    ("┘", "+"),
    ("╭", "+"),
    ("╮", "+"),
    ("╰", "+"),
    ("╯", "+"),
    ("├", "+"),
    ("┤", "+"),
    ("┬", "+"),
    ("┴", "+"),
    ("┼", "+"),
    ("▸", ">"),
    ("●", "*"),
    ("○", "o"),
    ("◐", "o"),
    ("✓", "+"),
    ("✗", "x"),
    ("‹", "<"),
    ("›", ">"),
    ("·", "-"),
    ("…", "~"),
    ("█", "#"),
    ("×", "x"),
    ("•", "*"),
];

/// Puts ASCII in the place of every sign in `buf`.
pub fn replace_signs(buf: &mut Buffer) {
    for cell in &mut buf.content {
        if let Some((_, plain)) = SIGNS.iter().find(|(sign, _)| *sign == cell.symbol()) {
            cell.set_symbol(plain);
        }
    }
}
