//! Texts as searches compare them: without regard to case, accents, the width of letters and digits, and
//! whether a word is written in hiragana or in katakana.

use nucleo_matcher::chars::{normalize, to_lower_case};

/// How far a wide letter or digit (U+FF01 to U+FF5E) lies from the narrow one, and a katakana (U+30A1 to
/// U+30F6) from its hiragana.
const WIDE: u32 = 0xff01 - 0x21;
const KATAKANA: u32 = 0x30a1 - 0x3041;

/// Folds a text. What a terminal typed and what a shop wrote are folded alike, so that whatever it does
/// to a letter, it does to both.
pub fn fold(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|letter| !is_mark(*letter)).map(fold_one)
}

fn fold_one(letter: char) -> char {
    // Most letters of most shops are ASCII, and the tables of all others are large.
    if letter.is_ascii() { letter.to_ascii_lowercase() } else { normalize(to_lower_case(narrow(letter))) }
}

/// The letters that a text has, one bit each: a text can have a word in it only when it has all bits of
/// the word. Letters beyond a to z and 0 to 9 share the bits that are left.
pub fn letters(text: impl IntoIterator<Item = char>) -> u64 {
    text.into_iter().fold(0, |bits, letter| bits | 1 << bit(letter))
}

fn bit(letter: char) -> u32 {
    let code = u32::from(letter);
    match letter {
        'a'..='z' => code - u32::from('a'),
        '0'..='9' => 26 + code - u32::from('0'),
        _ => 36 + code % 28,
    }
}

/// An accent that stands behind its letter as a character of its own, or a voicing mark of kana.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{3099}' | '\u{309a}')
}

fn narrow(letter: char) -> char {
    let code = u32::from(letter);
    let folded = match letter {
        '\u{ff01}'..='\u{ff5e}' => code - WIDE,
        '\u{30a1}'..='\u{30f6}' => code - KATAKANA,
        _ => code,
    };
    char::from_u32(folded).unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_width_and_kana_make_no_difference() {
        for (written, typed) in [
            ("Café au LAIT", "cafe au lait"),
            ("Cafe\u{301}", "café"),
            ("ＴＥＡ－１００", "tea-100"),
            ("チャワン", "ちゃわん"),
            ("ÅNGSTRÖM", "angstrom"),
            ("Žofie", "zofie"),
        ] {
            assert!(fold(written).eq(fold(typed)), "{written}: {:?}", fold(written).collect::<String>());
        }
        assert!(!fold("茶碗").eq(fold("茶瓶")));
    }

    #[test]
    fn a_text_has_the_bits_of_every_word_in_it() {
        let text = letters(fold("Tetsubin 鉄瓶, 0.8 l"));
        for word in ["tetsu", "鉄", "0.8", "bin", "l"] {
            let word = letters(fold(word));
            assert_eq!(text & word, word);
        }
        for other in ["x", "7", "kyu"] {
            let other = letters(fold(other));
            assert_ne!(text & other, other);
        }
    }
}
