//! A seller and a settlement that do not know each other.

use std::fs;
use std::path::{Path, PathBuf};

use super::support::books::verify;
use super::support::command::{Running, start};
use super::support::terminal::Terminal;
use super::{nobodys_pin, on, support};

const ORDER: &str = "01960000-0000-7000-8000-000000000001";

/// Both daemons, each started by itself.
struct Apart {
    folder: PathBuf,
    settlement: Running,
    /// What the settlement says when it is ready: where it is, its pin and its root.
    said: Vec<String>,
    seller_pin: String,
}

impl Apart {
    fn open(folder: &Path) -> Self {
        let sample = kessai_demo::sample::Sample::write(&folder.join("sample")).expect("the sample");
        let (seller, settlement) = (folder.join("seller"), folder.join("settlement"));
        let (products, accounts) =
            (sample.products.display().to_string(), sample.accounts.display().to_string());
        on(&seller, &["kessai-server", "import-products", &products]).with(0);
        on(&settlement, &["kessai-settlement", "import-accounts", &accounts]).with(0);
        let pin = on(&seller, &["kessai-server", "keys"]).with(0);
        let pin = pin.split_whitespace().nth(1).expect("a pin").to_owned();
        support::closed::hand_over_knock_key(&settlement, &seller, &pin);
        let data = settlement.display().to_string();
        let mut settlement = start(["kessai-settlement", "serve", "--data", &data]);
        let said = words(&mut settlement);
        Self { folder: folder.to_owned(), settlement, said, seller_pin: pin }
    }

    /// Starts the seller with this pin for the settlement, and gives a terminal that knows it.
    fn seller(&self, settlement_pin: &str) -> (Running, Terminal) {
        let data = self.folder.join("seller").display().to_string();
        let args =
            ["serve", "--data", &data, "--settlement", &self.said[1], "--settlement-pin", settlement_pin];
        let mut seller = start(["kessai-server"].into_iter().chain(args));
        let said = words(&mut seller);
        let text = format!(
            "address = '{}'\nseller_pins = ['{}']\nissuer_roots = ['{}']\n",
            said[1], self.seller_pin, self.said[3]
        );
        fs::write(self.folder.join("shop.toml"), text).expect("shop.toml");
        (seller, Terminal::of(&self.folder, "terminal"))
    }

    fn allow(&self) {
        on(&self.folder.join("settlement"), &["kessai-settlement", "allow", &self.seller_pin]).with(0);
    }
}

fn words(daemon: &mut Running) -> Vec<String> {
    let line = daemon.first_line().unwrap_or_else(|| panic!("{}", daemon.complaints()));
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_seller_with_the_wrong_pin_for_its_settlement_tells_shoppers_to_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let apart = Apart::open(folder.path());
    apart.allow();
    let (seller, terminal) = apart.seller(&nobodys_pin());
    assert!(terminal.buy("Approved", &["TEA-MUGI"]).one_line(12).contains("try again later"));
    support::until("a word to the operator", || {
        seller.complaints().contains("no answer from the settlement: the peer is not who it should be")
    });
    drop(seller);
    let (_seller, terminal) = apart.seller(&apart.said[2]);
    terminal.buy("Approved", &["TEA-MUGI"]).with(0);
    assert_eq!(verify(folder.path()).sold("accepted_pence"), 640);
}

#[test]
fn a_seller_that_the_settlement_does_not_list_tells_shoppers_to_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let apart = Apart::open(folder.path());
    let (seller, terminal) = apart.seller(&apart.said[2]);
    assert!(terminal.buy("Approved", &["TEA-MUGI"]).one_line(12).contains("try again later"));
    // The settlement does not hear of it: a seller that is not on the list has no knock that it knows.
    support::until("a word to the operator", || {
        seller.complaints().contains("no answer from the settlement: ")
    });
    assert_eq!(apart.settlement.complaints().matches("not on the list").count(), 0);
    assert_eq!(verify(folder.path()).sold("orders"), 0);
    apart.allow();
    support::until("trade", || terminal.buy("Approved", &["TEA-MUGI"]).code == Some(0));
    assert_eq!(verify(folder.path()).sold("accepted_pence"), 640);
}

#[test]
fn a_seller_that_is_taken_off_the_list_leaves_a_purchase_open_and_charges_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let apart = Apart::open(folder.path());
    apart.allow();
    let (seller, terminal) = apart.seller(&apart.said[2]);
    terminal.buy("Approved", &["TEA-MUGI"]).with(0);
    let silences = || seller.complaints().matches("no answer from the settlement").count();
    let before = silences();
    fs::write(folder.path().join("settlement").join("sellers.txt"), "# nobody\n").expect("a list");
    support::until("the list to be read", || silences() > before);
    // The inquiry may have been heard as far as anybody knows, and the terminal does not guess.
    let text = terminal.buy("Approved", &["TEA-MUGI=2", "--order-id", ORDER]).with(14);
    assert_eq!(text, format!("not known yet; it is safe to run again with --order-id {ORDER}\n"));
    apart.allow();
    let mut end = None;
    support::until("an end", || {
        end = terminal.buy("Approved", &["TEA-MUGI=2", "--order-id", ORDER]).code;
        end != Some(14)
    });
    assert_eq!(end, Some(12));
    let books = verify(folder.path());
    assert_eq!((books.sold("accepted_pence"), books.owed("held_pence")), (640, 640));
    terminal.buy("Approved", &["TEA-MUGI=2"]).with(0);
}
