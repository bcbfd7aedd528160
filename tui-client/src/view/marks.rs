//! Which letters of a name the search has found.

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// The words of a search, ready to be found in names.
pub struct Marker {
    matcher: Matcher,
    words: Vec<Atom>,
}

impl Marker {
    /// `None` when there are no words.
    pub fn of(query: &str) -> Option<Self> {
        let word = |word| Atom::new(word, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy, false);
        let words: Vec<Atom> = query.split_whitespace().map(word).collect();
        (!words.is_empty()).then(|| Self { matcher: Matcher::new(Config::DEFAULT), words })
    }

    /// For each character of `text` whether one of the words has it. A word that is not in `text` marks
    /// nothing: the product was found by another of its texts.
    pub fn marks(&mut self, text: &str) -> Vec<bool> {
        let letters: Vec<char> = text.chars().collect();
        let mut marks = vec![false; letters.len()];
        let mut found = Vec::new();
        for word in &self.words {
            found.clear();
            if word.indices(Utf32Str::Unicode(&letters), &mut self.matcher, &mut found).is_some() {
                for at in &found {
                    if let Some(mark) = marks.get_mut(*at as usize) {
                        *mark = true;
                    }
                }
            }
        }
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(query: &str, text: &str) -> String {
        let marks = Marker::of(query).expect("words").marks(text);
        text.chars().zip(marks).map(|(c, marked)| if marked { c } else { '.' }).collect()
    }

    #[test]
    fn every_word_is_marked_where_it_stands() {
        assert_eq!(marked("mug BLUE", "Blue stoneware mug"), "Blue...........mug");
        assert_eq!(marked("tpot", "Cast iron teapot"), "..........t..pot");
        assert_eq!(marked("cafe", "Un café crème"), "...café......");
        assert_eq!(marked("緑 カップ", "緑茶のカップ"), "緑..カップ");
    }

    #[test]
    fn what_is_not_there_is_not_marked() {
        assert_eq!(marked("mug zzz", "Blue mug"), ".....mug");
        assert_eq!(marked("zzz", ""), "");
        assert!(Marker::of("  ").is_none());
    }
}
