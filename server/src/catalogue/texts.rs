//! Many short texts end to end, so that a million of them are a few blocks of memory and not a million.

use nucleo_matcher::Utf32Str;

use super::fold::letters;

/// Names as they are written.
#[derive(Default)]
pub struct Names {
    all: String,
    ends: Vec<u32>,
}

impl Names {
    pub fn push(&mut self, name: &str) {
        self.all.push_str(name);
        self.ends.push(offset(self.all.len()));
    }

    pub fn get(&self, at: usize) -> &str {
        let begins =
            at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        let ends = self.ends.get(at).map_or(begins, |end| *end as usize);
        self.all.get(begins..ends).unwrap_or("")
    }
}

/// Folded texts as the matcher takes them: bytes where all of one is ASCII, characters where it is not.
#[derive(Default)]
pub struct Texts {
    ascii: Vec<u8>,
    wide: Vec<char>,
    places: Vec<Place>,
    /// Which letters each has.
    letters: Vec<u64>,
}

#[derive(Clone, Copy)]
struct Place {
    begins: u32,
    length: u16,
    is_ascii: bool,
}

impl Texts {
    /// Takes in a text that is folded already.
    pub fn push(&mut self, folded: impl Iterator<Item = char>) {
        let folded: Vec<char> = folded.take(usize::from(u16::MAX)).collect();
        let is_ascii = folded.iter().all(char::is_ascii);
        let begins = offset(if is_ascii { self.ascii.len() } else { self.wide.len() });
        self.places.push(Place { begins, length: folded.len() as u16, is_ascii });
        self.letters.push(letters(folded.iter().copied()));
        if is_ascii {
            self.ascii.extend(folded.iter().map(|letter| *letter as u8));
        } else {
            self.wide.extend(folded);
        }
    }

    pub fn get(&self, at: usize) -> Utf32Str<'_> {
        let Some(Place { begins, length, is_ascii }) = self.places.get(at).copied() else {
            return Utf32Str::Ascii(b"");
        };
        let span = begins as usize..begins as usize + usize::from(length);
        if is_ascii {
            Utf32Str::Ascii(self.ascii.get(span).unwrap_or_default())
        } else {
            Utf32Str::Unicode(self.wide.get(span).unwrap_or_default())
        }
    }

    /// Whether a text has all of these letters, in whatever order.
    pub fn has(&self, at: usize, letters: u64) -> bool {
        self.letters.get(at).is_some_and(|there| there & letters == letters)
    }
}

/// Five million names of 120 bytes, which is all that a table can bring, are far under what it counts.
fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::fold::fold;

    #[test]
    fn texts_come_out_as_they_went_in() {
        let (mut names, mut texts) = (Names::default(), Texts::default());
        let written = ["Sencha", "", "白萩茶碗", "Café"];
        for name in written {
            names.push(name);
            texts.push(fold(name));
        }
        for (at, (name, folded)) in written.iter().zip(["sencha", "", "白萩茶碗", "cafe"]).enumerate() {
            assert_eq!(names.get(at), *name);
            assert_eq!(texts.get(at).to_string(), folded);
        }
        assert_eq!((names.get(4), texts.get(4).to_string().as_str()), ("", ""));
        assert!(matches!(texts.get(3), Utf32Str::Ascii(_)), "an accent costs no wide text");
        assert!(texts.has(0, letters(fold("can"))) && !texts.has(0, letters(fold("tea"))));
    }
}
