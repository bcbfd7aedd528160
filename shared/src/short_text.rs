//! A text so short that it is kept in place: copying one costs no allocation, and a purchase copies
//! those of its lines at every stop on its way.

/// At most [`Short::MAX_BYTES`] bytes of UTF-8. Bytes behind the text are zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Short {
    bytes: [u8; Short::MAX_BYTES],
    length: u8,
}

impl Short {
    pub(crate) const MAX_BYTES: usize = 40;

    /// `None` when the text is too long.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; Self::MAX_BYTES];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self { bytes, length: u8::try_from(text.len()).ok()? })
    }

    pub(crate) fn as_str(&self) -> &str {
        // It was made from a text as a whole, so it is one.
        self.bytes.get(..usize::from(self.length)).and_then(|text| str::from_utf8(text).ok()).unwrap_or("")
    }
}

impl Default for Short {
    fn default() -> Self {
        Self { bytes: [0; Self::MAX_BYTES], length: 0 }
    }
}

// A text is ordered and hashed as a text, whatever it is kept in.
impl PartialOrd for Short {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Short {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl std::hash::Hash for Short {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_bytes_fit_and_no_more() {
        let text = "é".repeat(20);
        assert_eq!(Short::new(&text).unwrap().as_str(), text);
        assert!(Short::new(&format!("{text}x")).is_none());
        assert!(Short::default() == Short::new("").unwrap());
    }

    #[test]
    fn texts_are_ordered_as_texts_are() {
        let mut texts = ["b", "", "ab", "a\u{7f}", "a", "é"].map(|text| Short::new(text).unwrap());
        texts.sort();
        let mut plain = ["b", "", "ab", "a\u{7f}", "a", "é"];
        plain.sort_unstable();
        assert_eq!(texts.map(|text| text.as_str().to_owned()), plain.map(str::to_owned));
    }
}
