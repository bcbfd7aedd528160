//! Something to be told, before it has a language.
//!
//! The model keeps messages, and the view finds the words for them, so that what was said before the
//! language was changed is said in the new one.

use kessai_shared::money::{Currency, Minor};

/// What to tell: the id of a text, and what stands in it; or what somebody else has put into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Known {
        id: &'static str,
        args: Vec<(&'static str, Arg)>,
    },
    /// Words of the system or of the shop, which cannot be translated here.
    Said(String),
}

/// What stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    Text(String),
    /// Its group of a text may depend on it, as in "1 piece" and "2 pieces".
    Number(u64),
    Money(Minor, Currency),
    Message(Box<Message>),
}

impl Message {
    pub fn new(id: &'static str) -> Self {
        Self::Known { id, args: Vec::new() }
    }

    /// The same with one more thing in it.
    #[must_use]
    pub fn with(self, name: &'static str, arg: impl Into<Arg>) -> Self {
        match self {
            Self::Known { id, mut args } => {
                args.push((name, arg.into()));
                Self::Known { id, args }
            }
            Self::Said(_) => self,
        }
    }

    pub fn said(text: impl Into<String>) -> Self {
        Self::Said(text.into())
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Arg {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Arg {
    fn from(number: u32) -> Self {
        Self::Number(u64::from(number))
    }
}

impl From<usize> for Arg {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl From<(Minor, Currency)> for Arg {
    fn from((amount, currency): (Minor, Currency)) -> Self {
        Self::Money(amount, currency)
    }
}

impl From<Message> for Arg {
    fn from(message: Message) -> Self {
        Self::Message(Box::new(message))
    }
}
