//! What the terminal says, in each of its languages.
//!
//! The texts stand in Fluent files (<https://projectfluent.org>), one for each screen and language, and are
//! part of the program, so that none can be missing on a shopper's machine.

mod message;

pub use message::{Arg, Message};

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use kessai_shared::money::grouped;
use unic_langid::LanguageIdentifier;

/// A language in which the terminal speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    English,
    Japanese,
}

impl Lang {
    pub const ALL: [Lang; 2] = [Lang::English, Lang::Japanese];

    /// Its code of two letters (ISO 639-1).
    pub const fn code(self) -> &'static str {
        match self {
            Lang::English => "en",
            Lang::Japanese => "ja",
        }
    }

    fn identifier(self) -> LanguageIdentifier {
        // The codes are right, and without them numbers would only lose their plurals.
        self.code().parse().unwrap_or_default()
    }

    const fn files(self) -> &'static [&'static str] {
        match self {
            Lang::English => ENGLISH,
            Lang::Japanese => JAPANESE,
        }
    }
}

macro_rules! files {
    ($folder:literal) => {
        &[
            include_str!(concat!("../words/", $folder, "/browse.ftl")),
            include_str!(concat!("../words/", $folder, "/checkout.ftl")),
            include_str!(concat!("../words/", $folder, "/comfort.ftl")),
            include_str!(concat!("../words/", $folder, "/dashboard.ftl")),
            include_str!(concat!("../words/", $folder, "/errors.ftl")),
            include_str!(concat!("../words/", $folder, "/frame.ftl")),
            include_str!(concat!("../words/", $folder, "/keys.ftl")),
            include_str!(concat!("../words/", $folder, "/orders.ftl")),
            include_str!(concat!("../words/", $folder, "/plain.ftl")),
            include_str!(concat!("../words/", $folder, "/stage.ftl")),
            include_str!(concat!("../words/", $folder, "/states.ftl")),
        ]
    };
}

const ENGLISH: &[&str] = files!("en");
const JAPANESE: &[&str] = files!("ja");

/// All texts of one language.
pub struct Words {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
    mistakes: Vec<String>,
}

impl Words {
    /// The texts of a language. They are read when they are first needed.
    pub fn of(lang: Lang) -> &'static Words {
        static ENGLISH: LazyLock<Words> = LazyLock::new(|| Words::read(Lang::English));
        static JAPANESE: LazyLock<Words> = LazyLock::new(|| Words::read(Lang::Japanese));
        match lang {
            Lang::English => &ENGLISH,
            Lang::Japanese => &JAPANESE,
        }
    }

    fn read(lang: Lang) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![lang.identifier()]);
        // The marks that would keep directions apart take no column on some terminals and one on others.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(|value, _| match value {
            FluentValue::Number(number) => Some(grouped(number.value as u64)),
            FluentValue::String(_) | FluentValue::Custom(_) | FluentValue::None | FluentValue::Error => None,
        }));
        let mut mistakes = Vec::new();
        for text in lang.files() {
            let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(good, bad)| {
                mistakes.extend(bad.iter().map(ToString::to_string));
                good
            });
            if let Err(twice) = bundle.add_resource(resource) {
                mistakes.extend(twice.iter().map(ToString::to_string));
            }
        }
        Self { lang, bundle, mistakes }
    }

    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// What is wrong in the files themselves: nothing, as a test holds.
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }

    /// Whether there is a text with this id.
    pub fn has(&self, id: &str) -> bool {
        self.bundle.get_message(id).is_some_and(|message| message.value().is_some())
    }

    /// The text with this id, with these arguments in it. Where there is none, which a test keeps from
    /// happening, the id is better than nothing.
    pub fn tell(&self, id: &str, args: &[(&'static str, Arg)]) -> String {
        let Some(pattern) = self.bundle.get_message(id).and_then(|message| message.value()) else {
            return id.to_owned();
        };
        let mut given = FluentArgs::with_capacity(args.len());
        for (name, arg) in args {
            given.set(*name, self.value(arg));
        }
        let mut wrong = Vec::new();
        self.bundle.format_pattern(pattern, Some(&given), &mut wrong).into_owned()
    }

    pub fn message(&self, message: &Message) -> String {
        match message {
            Message::Known { id, args } => self.tell(id, args),
            Message::Said(text) => text.clone(),
        }
    }

    fn value<'a>(&self, arg: &'a Arg) -> FluentValue<'a> {
        match arg {
            Arg::Text(text) => FluentValue::String(Cow::Borrowed(text)),
            Arg::Number(number) => FluentValue::from(*number),
            Arg::Money(amount, currency) => FluentValue::from(amount.show(*currency)),
            Arg::Message(message) => FluentValue::from(self.message(message)),
        }
    }
}
