//! A running seller, asked over the network for what is on its shelves. No settlement answers it, which is
//! no reason not to look around.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kessai_shared::exchange::Link;
use kessai_shared::identity::Identity;
use kessai_shared::ids::Sku;
use kessai_shared::money::Minor;
use kessai_shared::net::{Net, RealNet};
use kessai_shared::picture::PictureName;
use kessai_shared::pin::Pin;
use kessai_shared::storefront::{
    ALPN, Answered, PriceRange, Refusal, Reply, Request, Search, Sort, Standing,
};
use kessai_shared::tls::{self, Peers};

const DEADLINE: Duration = Duration::from_secs(60);
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x60\0\0\0\x60 and what follows";
const TABLE: &str = "sku,name,category,unit_price_pence,stock,description,picture\n\
    POT,Kyusu teapot,Ware,6200,12,\"Red clay.\nRinse it.\",pot.png\n\
    CUP,Yunomi cup,Ware,1600,0,,\n\
    LEAF,Sencha,Tea,1450,80,,pot.png\n";

/// The seller's process, which ends with its standard input.
struct Seller {
    process: Child,
    address: String,
    pin: Pin,
}

impl Seller {
    fn open(data: &Path) -> Self {
        let program = || Command::new(env!("CARGO_BIN_EXE_kessai-server"));
        let table = data.join("goods").join("products.csv");
        fs::create_dir_all(data.join("goods")).expect("a folder");
        fs::write(&table, TABLE).expect("a table");
        fs::write(data.join("goods").join("pot.png"), PICTURE).expect("a picture");
        let folder = data.join("seller");
        let imported = program().arg("import-products").arg(&table).arg("--data").arg(&folder).output();
        assert!(imported.expect("the program").status.success());
        let key = folder.join("keys").join("knock.key");
        let mut private = fs::OpenOptions::new();
        let mut private = private.write(true).create(true).mode(0o600).open(key).expect("a key file");
        std::io::Write::write_all(&mut private, "ab".repeat(32).as_bytes()).expect("a key");
        let mut serve = program();
        serve.args(["serve", "--with-parent", "--settlement", "127.0.0.1:9", "--settlement-pin"]);
        serve.arg("cd".repeat(32)).arg("--data").arg(&folder);
        let mut process = serve.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program");
        let mut line = String::new();
        let out = process.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["ready", address, pin] = words[..] else { panic!("{line}") };
        Self { process, address: address.to_owned(), pin: pin.parse().expect("a pin") }
    }
}

impl Drop for Seller {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

#[test]
fn a_seller_shows_its_products_with_their_words_and_pictures() {
    let folder = tempfile::tempdir().expect("a folder");
    let seller = Seller::open(folder.path());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let identity = Identity::load_or_create(folder.path().join("terminal.key")).expect("a key");
        let config = tls::client_config(&identity, Peers::pins([seller.pin]), ALPN).expect("a configuration");
        let net = RealNet::of_identity(&identity);
        let endpoint = net.endpoint("127.0.0.1:0".parse().expect("an address"), None).expect("a socket");
        let link = Link::new(endpoint, seller.address.parse().expect("an address"), config);
        let ask = async |request: Request| {
            let answered: Answered = link.call(&request, DEADLINE).await.expect("an answer");
            let shows = Standing::Standby { behind_ms: None };
            assert_eq!(answered.standing, shows, "nobody has put it in charge, and it shows what it has");
            answered.reply
        };
        let Reply::Welcome(welcome) = ask(Request::Hello).await else { panic!("no welcome") };
        let categories: Vec<_> = welcome.categories.iter().map(|c| (c.name.as_str(), c.products)).collect();
        assert_eq!(categories, [("Tea", 1), ("Ware", 2)]);
        let browse = async |search| match ask(Request::Browse { search, from: 0, limit: 10 }).await {
            Reply::Page(page) => page.items.iter().map(|item| item.sku.to_string()).collect::<Vec<_>>(),
            _ => panic!("no page"),
        };
        assert_eq!(browse(Search { query: "kysu".to_owned(), ..Search::default() }).await, ["POT"]);
        assert_eq!(browse(Search { sort: Sort::PriceUp, ..Search::default() }).await, ["LEAF", "CUP", "POT"]);
        let (price, in_stock) = (PriceRange { least: Some(Minor(1_500)), most: None }, true);
        assert_eq!(browse(Search { price, in_stock, ..Search::default() }).await, ["POT"]);
        let product = async |sku| ask(Request::Product { sku: Sku::new(sku).expect("a SKU") }).await;
        let Reply::Product(pot) = product("POT").await else { panic!("no product") };
        assert_eq!(pot.description, "Red clay.\nRinse it.");
        assert_eq!((pot.item.available, pot.item.on_hand), (12, 12));
        assert_eq!(pot.picture, Some(PictureName::of(PICTURE)));
        let Reply::Product(cup) = product("CUP").await else { panic!("no product") };
        assert_eq!((cup.description.as_str(), cup.picture), ("", None));
        assert!(matches!(product("MUG").await, Reply::Refused(Refusal::UnknownSku { .. })));
        let picture = async |name| ask(Request::Picture { picture: name }).await;
        let name = PictureName::of(PICTURE);
        assert!(matches!(picture(name).await, Reply::Picture(bytes) if bytes == PICTURE));
        let none = |reply| matches!(reply, Reply::Refused(Refusal::NoPicture));
        assert!(none(picture(PictureName::of(b"another")).await));
        let kept = folder.path().join("seller").join("pictures").join(name.to_string());
        fs::write(&kept, &PICTURE[1..]).expect("a damaged picture");
        assert!(none(picture(name).await), "nobody is sent a damaged one");
        fs::remove_file(&kept).expect("a picture");
        assert!(none(picture(name).await), "one that is lost is told, and nothing else happens");
        fs::create_dir(&kept).expect("a folder in its place");
        assert!(none(picture(name).await));
        assert!(matches!(product("POT").await, Reply::Product(pot) if pot.picture == Some(name)));
        link.leave().await;
    });
}
