//! `kessai wallet`: looking after one's cards.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use kessai_shared::card::{MAX_NAME_BYTES, Particulars};
use kessai_shared::card_file::{self, IssuedCard, MAX_LABEL_BYTES};
use kessai_shared::console::{self, Failure, OK};
use kessai_shared::sealed_file::{self, Kind, Passphrase};

use super::ask::{Echo, Person};
use super::{Entry, WalletFile, print};
use crate::app::model::MAX_NUMBER_CHARS;
use crate::cards;

/// The wallet's name in the terminal's folder.
const WALLET_FILE: &str = "wallet.kessai";
/// Most bytes of a date that is typed.
const DATE_BYTES: usize = 10;

/// Which wallet, and what opens it.
#[derive(Args, Clone)]
pub struct WalletArgs {
    /// The wallet [default: wallet.kessai in the terminal's folder].
    #[arg(long, value_name = "FILE")]
    pub wallet: Option<PathBuf>,
    /// A file whose first line is the wallet's passphrase [default: it is asked for].
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

#[derive(Args)]
pub struct WalletCommand {
    #[command(subcommand)]
    act: Act,
}

#[derive(Args)]
struct At {
    #[command(flatten)]
    wallet: WalletArgs,
    /// This terminal's own folder [default: kessai in the user's data folder].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Act {
    /// Add a card, which is asked for, or those of a CSV file.
    Add {
        #[command(flatten)]
        at: At,
        /// What to call the card [default: it is asked for].
        #[arg(long, conflicts_with = "from_csv")]
        label: Option<String>,
        /// A CSV file with cards: card_number,name,birth_date,expiry and perhaps a label.
        #[arg(long, value_name = "FILE")]
        from_csv: Option<PathBuf>,
    },
    /// Add a card that its issuer handed out in a file.
    Import {
        #[command(flatten)]
        at: At,
        /// The card file.
        file: PathBuf,
        /// What to call the card [default: what the issuer calls it].
        #[arg(long)]
        label: Option<String>,
        /// A file whose first line is the card file's passphrase [default: it is asked for].
        #[arg(long, value_name = "FILE")]
        card_passphrase_file: Option<PathBuf>,
        /// Replace the same card in the wallet, and its key: for a newer card file of its issuer.
        #[arg(long)]
        replace: bool,
    },
    /// List the cards, with the last four digits of their numbers.
    List {
        #[command(flatten)]
        at: At,
        #[arg(long)]
        json: bool,
    },
    /// Take a card out.
    Remove {
        #[command(flatten)]
        at: At,
        label: String,
        /// Take it out even though its holder key is nowhere else.
        #[arg(long)]
        forget_key: bool,
    },
    /// Pay with this card where no other is named.
    Default {
        #[command(flatten)]
        at: At,
        label: String,
    },
    /// Give a card another label.
    Rename {
        #[command(flatten)]
        at: At,
        label: String,
        new: String,
    },
    /// Seal the wallet with another passphrase.
    Passphrase {
        #[command(flatten)]
        at: At,
        /// A file whose first line is the new passphrase [default: it is asked for].
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
}

impl WalletArgs {
    /// The wallet that is named, or the terminal's own.
    pub fn file(&self, data: Option<&Path>) -> Result<WalletFile, Failure> {
        let path = match &self.wallet {
            Some(path) => path.clone(),
            None => console::data_folder(data, "kessai")?.join(WALLET_FILE),
        };
        Ok(WalletFile::new(path))
    }

    /// The cards of the wallet, the default first; `None` when none is meant and there is none.
    pub async fn cards(&self, data: Option<&Path>) -> Result<Option<Vec<cards::LabelledCard>>, Failure> {
        let file = self.file(data)?;
        // Whoever names a passphrase means a wallet.
        let is_named = self.wallet.is_some() || self.passphrase_file.is_some();
        if !is_named && !file.is_there()? {
            return Ok(None);
        }
        let (wallet, _) = Person::default().open(&file, self.passphrase_file.as_deref()).await?;
        Ok(Some(wallet.cards()?))
    }
}

impl WalletCommand {
    /// Carries the command out.
    ///
    /// # Errors
    /// [`Failure`] with a line for people and an exit code.
    pub async fn run(self) -> Result<u8, Failure> {
        // Only when nobody is asked any more, and the terminal is given back, is anything printed.
        let told = self.act.carry_out(&mut Person::default()).await?;
        told.iter().for_each(|line| println!("{line}"));
        Ok(OK)
    }
}

impl Act {
    /// Does it, and tells what there is to print.
    async fn carry_out(self, person: &mut Person) -> Result<Vec<String>, Failure> {
        match self {
            Act::Add { at, label: _, from_csv: Some(csv) } => add_table(person, &at, &csv).await,
            Act::Add { at, label, from_csv: None } => add_typed(person, &at, label).await,
            Act::Import { at, file, label, card_passphrase_file, replace } => {
                import(person, &at, &file, (label, replace), card_passphrase_file.as_deref()).await
            }
            Act::List { at, json } => {
                let file = at.file()?;
                let (wallet, _) = person.open(&file, at.wallet.passphrase_file.as_deref()).await?;
                Ok(if json { vec![print::json(&wallet).to_string()] } else { print::lines(&wallet) })
            }
            Act::Remove { at, label, forget_key } => remove(person, &at, &label, forget_key).await,
            Act::Default { at, label } => {
                let (file, passphrase) = at.open(person).await?;
                let label = file.change(&passphrase, |wallet| wallet.choose(&label))?;
                Ok(vec![format!("'{label}' is the default now")])
            }
            Act::Rename { at, label, new } => {
                let (file, passphrase) = at.open(person).await?;
                file.change(&passphrase, |wallet| wallet.rename(&label, &new))?;
                Ok(vec![format!("'{label}' is called '{new}' now")])
            }
            Act::Passphrase { at, new_passphrase_file } => {
                let (file, old) = at.open(person).await?;
                let what = file.path().display().to_string();
                let new = person.new_passphrase(new_passphrase_file.as_deref(), &what).await?;
                file.change_passphrase(&old, &new)?;
                Ok(vec![
                    "the wallet has a new passphrase; copies that were made before keep the old one".into(),
                ])
            }
        }
    }
}

impl At {
    fn file(&self) -> Result<WalletFile, Failure> {
        self.wallet.file(self.data.as_deref())
    }

    /// A wallet that is there, and what opens it.
    async fn open(&self, person: &mut Person) -> Result<(WalletFile, Passphrase), Failure> {
        let file = self.file()?;
        let (_, passphrase) = person.open(&file, self.wallet.passphrase_file.as_deref()).await?;
        Ok((file, passphrase))
    }

    /// A wallet that is there or is to be made, and what opens it or will.
    async fn open_or_new(&self, person: &mut Person) -> Result<(WalletFile, Passphrase), Failure> {
        let file = self.file()?;
        if file.is_there()? {
            return self.open(person).await;
        }
        let given = self.wallet.passphrase_file.as_deref();
        let passphrase = person.new_passphrase(given, &file.path().display().to_string()).await?;
        Ok((file, passphrase))
    }
}

async fn add_table(person: &mut Person, at: &At, csv: &Path) -> Result<Vec<String>, Failure> {
    let cards = cards::load(csv)?;
    let (file, passphrase) = at.open_or_new(person).await?;
    let entries: Vec<Entry> =
        cards.into_iter().map(|card| Entry::plain(card.label, card.paying.card)).collect();
    let count = entries.len();
    file.change(&passphrase, |wallet| wallet.add_all(entries))?;
    Ok(vec![format!("{count} {} added", if count == 1 { "card" } else { "cards" })])
}

async fn add_typed(person: &mut Person, at: &At, label: Option<String>) -> Result<Vec<String>, Failure> {
    Person::need("name a table of cards with --from-csv")?;
    if let Some(label) = &label {
        card_file::check_label(label).map_err(Failure::usage)?;
    }
    let (file, passphrase) = at.open_or_new(person).await?;
    let card = Particulars {
        number: field(person, "Card number (not shown): ", Echo::Hidden, MAX_NUMBER_CHARS, "12 to 19 digits")
            .await?,
        name: field(person, "Name on the card: ", Echo::Shown, MAX_NAME_BYTES, "1 to 64 bytes").await?,
        birth_date: field(
            person,
            "Birth date, as 1981-12-09: ",
            Echo::Shown,
            DATE_BYTES,
            "a day as 1981-12-09",
        )
        .await?,
        expiry: field(person, "Expiry, as 2029-08: ", Echo::Shown, DATE_BYTES, "a month as 2029-08").await?,
    };
    let label = match label {
        Some(label) => label,
        None => {
            let prompt = format!("What to call it [{}]: ", card.number.masked());
            let typed = person.line(&prompt, Echo::Shown, MAX_LABEL_BYTES).await?;
            let typed = typed.trim();
            if typed.is_empty() { card.number.masked() } else { typed.to_owned() }
        }
    };
    if !card.number.passes_luhn() {
        person.say("the check digit of this number is wrong; the card is added all the same")?;
    }
    let told = format!("'{label}' added");
    file.change(&passphrase, |wallet| wallet.add(Entry::plain(label, card)))?;
    Ok(vec![told])
}

/// One field of a card, asked for until it is right.
async fn field<T: std::str::FromStr>(
    person: &mut Person,
    prompt: &str,
    echo: Echo,
    most_bytes: usize,
    expected: &str,
) -> Result<T, Failure> {
    loop {
        let text = person.line(prompt, echo, most_bytes).await?;
        match text.trim().parse() {
            Ok(value) => return Ok(value),
            Err(_) => person.say(&format!("expected {expected}"))?,
        }
    }
}

async fn import(
    person: &mut Person,
    at: &At,
    card_file: &Path,
    (label, replace): (Option<String>, bool),
    card_passphrase: Option<&Path>,
) -> Result<Vec<String>, Failure> {
    if let Some(label) = &label {
        card_file::check_label(label).map_err(Failure::usage)?;
    }
    if !sealed_file::is_there(card_file, Kind::IssuedCard)? {
        return Err(Failure::failed(format!("{}: there is no such card file", card_file.display())));
    }
    let prompt = format!("Passphrase of {}: ", card_file.display());
    let passphrase = person.passphrase(card_passphrase, &prompt).await?;
    let entry = Entry::issued(IssuedCard::read(card_file, &passphrase)?)?;
    let key = if entry.holder.is_some() { ", with a key that its next purchase enrols" } else { "" };
    let (file, passphrase) = at.open_or_new(person).await?;
    let (label, known) = file.change(&passphrase, |wallet| wallet.take_issued(entry, label, replace))?;
    let known = if known { ", in the place of the same card" } else { "" };
    let told =
        format!("'{label}' imported{known}{key}; delete {}, the wallet keeps all of it", card_file.display());
    Ok(vec![told])
}

async fn remove(person: &mut Person, at: &At, label: &str, forget_key: bool) -> Result<Vec<String>, Failure> {
    let (file, passphrase) = at.open(person).await?;
    let (removed, default) = file.change(&passphrase, |wallet| {
        let before = wallet.default_label().map(str::to_owned);
        let removed = wallet.remove(label, forget_key)?.label.clone();
        let after = wallet.default_label().map(str::to_owned);
        Ok((removed, after.filter(|after| Some(after) != before.as_ref())))
    })?;
    let default = default.map(|default| format!("'{default}' is the default now"));
    Ok([format!("'{removed}' removed")].into_iter().chain(default).collect())
}
