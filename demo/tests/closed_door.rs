//! Who gets in at the settlement: nobody whose certificate is not exactly the one on the list. Each case is
//! tried with a valid knock, so that it is TLS that refuses it, and without, so that nothing is answered.

mod support;

#[path = "../../shared/tests/support/show.rs"]
mod show;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::codec;
use kessai_shared::digest::sha256;
use kessai_shared::exchange::close;
use kessai_shared::ids::{Epoch, NodeId};
use kessai_shared::net::knock::{Gate, KnockKey};
use kessai_shared::net::{self, MAX_DATAGRAM_BYTES};
use kessai_shared::settlement::{ALPN, Answered, Asked, Reply, Request, Sender, Witness};
use quinn::{
    ClientConfig, Connection, ConnectionError, Endpoint, EndpointConfig, RecvStream, SendStream, TokioRuntime,
};
use rcgen::PublicKeyData;
use rustls::crypto::aws_lc_rs::kx_group::{MLKEM768, SECP256R1, SECP384R1, X25519};
use show::Show;
use support::books::verify;
use support::command::run;
use support::shop::Shop;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a refusal may take, on a slow machine too.
const SOON: Duration = Duration::from_secs(60);
/// How often everybody comes who is to leave nothing behind.
const TRIES: usize = 3;
/// How long nothing has to come for it to be silence: a client has sent its first packets three times then.
const SILENCE: Duration = Duration::from_millis(3_500);
/// How long a key may be good after it was taken off the list: the settlement looks twice a second.
const REVOKED_WITHIN: Duration = Duration::from_secs(60);
/// A draft of QUIC (draft-ietf-quic-transport-29).
const DRAFT_29: u32 = 0xff00_001d;
/// Among what else a client may speak, the draft that version 1 was then made of.
const DRAFT_34: u32 = 0xff00_0022;

/// Alerts of TLS (RFC 8446, section 6), which are what QUIC closes with.
const HANDSHAKE_FAILURE: u8 = 40;
const CERTIFICATE_EXPIRED: u8 = 45;
const CERTIFICATE_UNKNOWN: u8 = 46;
const ACCESS_DENIED: u8 = 49;
const DECRYPT_ERROR: u8 = 51;
const CERTIFICATE_REQUIRED: u8 = 116;
const NO_PROTOCOL: u8 = 120;

/// What came of a try.
#[derive(Debug, PartialEq)]
enum End {
    /// The settlement answered a request.
    Answered,
    /// It said no, and TLS or the exchange says why.
    Refused(String),
    /// Nothing came back.
    Silence,
}

/// A settlement and one client's key that is on its list.
struct Door {
    shop: Shop,
    folder: PathBuf,
    address: SocketAddr,
    /// The certificate on the list, and its key.
    known: Show,
    /// What a knock takes.
    gate: Gate,
}

impl Door {
    fn open(folder: &Path) -> Self {
        let shop = Shop::open(folder);
        shop.until_in_charge();
        let address = shop.address("kessai-settlement");
        let known = Show::good();
        let door = |gate| Self { shop, folder: folder.to_owned(), address, known: known.clone(), gate };
        let pin = known.pin().to_string();
        let data = folder.join("settlement").display().to_string();
        run(["kessai-settlement", "allow", &pin, "--data", &data]).with(0);
        let key = folder.join("known.knock");
        let out = key.display().to_string();
        run(["kessai-settlement", "knock-key", &pin, "--out", &out, "--data", &data]).with(0);
        door(Gate::of_seller(&KnockKey::read(&key).expect("a knock key")))
    }

    /// Puts what would be the pin of this key on the list, whatever kind of key it is.
    fn allow(&self, show: &Show) {
        let pin = kessai_shared::pin::Pin(sha256(&[&show.key.subject_public_key_info()]));
        let data = self.folder.join("settlement").display().to_string();
        run(["kessai-settlement", "allow", &pin.to_string(), "--data", &data]).with(0);
    }

    /// Takes the known key off the list.
    fn revoke(&self) {
        let list = self.folder.join("settlement").join("sellers.txt");
        let text = fs::read_to_string(&list).expect("the list");
        let pin = self.known.pin().to_string();
        let kept = text.lines().filter(|line| !line.contains(&pin)).map(|line| format!("{line}\n"));
        fs::write(&list, kept.collect::<String>()).expect("the list");
    }

    fn knocking(&self, show: &Show) -> ClientConfig {
        self.gate.client_config(show.client_config())
    }

    /// Tries to have an answer.
    async fn try_once(&self, config: ClientConfig, patience: Duration) -> End {
        try_at(self.address, config, patience).await
    }

    /// Until the known key is let in: the settlement looks at its list twice a second.
    async fn until_known(&self) {
        for _ in 0..200 {
            if self.try_once(self.knocking(&self.known), SILENCE).await == End::Answered {
                return;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        panic!("the key on the list is not let in");
    }

    /// All that the settlement has ever written down. Zeros at the end of a file are room for more, which is made
    /// ahead at any time.
    fn journal(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let files = fs::read_dir(self.folder.join("settlement").join("journal")).expect("a journal");
        let mut files: Vec<_> = files.map(|entry| entry.expect("a file").path()).collect();
        files.sort();
        let written = |path: &PathBuf| {
            let mut bytes = fs::read(path).expect("a segment");
            bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
            bytes
        };
        let written = files.into_iter().map(|path| (path.clone(), written(&path)));
        written.filter(|(_, bytes)| !bytes.is_empty()).collect()
    }
}

/// An endpoint without a gate of its own, which may send whatever it likes.
fn endpoint() -> Endpoint {
    let mut config = EndpointConfig::default();
    config.max_udp_payload_size(MAX_DATAGRAM_BYTES).expect("a size");
    let socket = net::bind("127.0.0.1:0".parse().expect("an address")).expect("a socket");
    Endpoint::new_with_abstract_socket(config, None, socket, Arc::new(TokioRuntime)).expect("an endpoint")
}

async fn try_at(address: SocketAddr, config: ClientConfig, patience: Duration) -> End {
    let endpoint = endpoint();
    let asking = async {
        let connecting = endpoint.connect_with(config, address, "kessai").expect("a try");
        let connection = match connecting.await {
            Ok(connection) => connection,
            Err(ConnectionError::TimedOut) => return End::Silence,
            Err(error) => return End::Refused(error.to_string()),
        };
        match ask(&connection).await {
            Some(_stream) => End::Answered,
            None => End::Refused(connection.closed().await.to_string()),
        }
    };
    timeout(patience, asking).await.unwrap_or(End::Silence)
}

/// Asks for an echo, and gives the stream, whose end would be the end of the connection.
async fn ask(connection: &Connection) -> Option<(SendStream, RecvStream)> {
    let (mut send, mut recv) = connection.open_bi().await.ok()?;
    let by = Sender {
        epoch: Epoch::NONE,
        node: NodeId::from_bytes([1; 16]),
        at: 0,
        witnessed: Witness::default(),
    };
    let body = codec::encode(&Asked { by, what: Request::Echo });
    let length = u32::try_from(8 + body.len()).expect("a length").to_le_bytes();
    send.write_all(&[&length[..], &[1, 0, 0, 0, 0, 0, 0, 0], &body].concat()).await.ok()?;
    let mut header = [0; 12];
    recv.read_exact(&mut header).await.ok()?;
    let length = u32::from_le_bytes(header[..4].try_into().expect("four bytes")) as usize;
    let mut body = vec![0; length - 8];
    recv.read_exact(&mut body).await.ok()?;
    let answered: Answered = codec::decode(&body).expect("a reply");
    assert!(matches!(answered.reply, Reply::Echo { .. }), "another reply than to what was asked");
    Some((send, recv))
}

/// Everything that is not the certificate on the list with its key, over our protocol, and the TLS alert that
/// refuses it.
fn bad_ones(door: &Door) -> Vec<(&'static str, Show, u8)> {
    let known = &door.known;
    let with = |change: &dyn Fn(&mut Show)| {
        let mut show = known.clone();
        change(&mut show);
        show
    };
    let key = || Arc::clone(&known.key);
    let other = Show::good();
    let (ecdsa, p384) = (Show::ecdsa(), Show::of_kind(&rcgen::PKCS_ECDSA_P384_SHA384));
    let rsa = Show::of_kind(&rcgen::PKCS_RSA_SHA256);
    [&ecdsa, &p384, &rsa].into_iter().for_each(|show| door.allow(show));
    let front = with(&|show| show.chain.extend(other.chain.clone()));
    let mut behind = other.clone();
    behind.chain.extend(known.chain.clone());
    let (last, h3) = (b"kessai-settlement/3".to_vec(), b"h3".to_vec());
    vec![
        ("a stranger's certificate", other.clone(), ACCESS_DENIED),
        ("no certificate", with(&|show| show.show_nothing = true), CERTIFICATE_REQUIRED),
        ("an expired one of the key on the list", Show::of_key(key(), 2020, 2021), CERTIFICATE_EXPIRED),
        ("one of it that is not yet valid", Show::of_key(key(), 2040, 2041), CERTIFICATE_EXPIRED),
        ("one of it that another key vouches for", known.vouched_for(false), DECRYPT_ERROR),
        ("the same with the other key's certificate", known.vouched_for(true), CERTIFICATE_UNKNOWN),
        ("the one on the list, and a stranger's behind", front, CERTIFICATE_UNKNOWN),
        ("a stranger's, and the one on the list behind", behind, CERTIFICATE_UNKNOWN),
        ("without its key", with(&|show| show.key = Arc::clone(&other.key)), DECRYPT_ERROR),
        ("ECDSA P-256, on the list", ecdsa, CERTIFICATE_UNKNOWN),
        ("ECDSA P-384, on the list", p384, CERTIFICATE_UNKNOWN),
        ("RSA, on the list", rsa, CERTIFICATE_UNKNOWN),
        ("the last version of the protocol", with(&|show| show.alpn = vec![last.clone()]), NO_PROTOCOL),
        ("another protocol", with(&|show| show.alpn = vec![h3.clone()]), NO_PROTOCOL),
        ("no protocol", with(&|show| show.alpn.clear()), NO_PROTOCOL),
        ("X25519 alone", with(&|show| show.groups = vec![X25519]), HANDSHAKE_FAILURE),
        ("P-256, P-384", with(&|show| show.groups = vec![SECP256R1, SECP384R1]), HANDSHAKE_FAILURE),
        ("ML-KEM alone", with(&|show| show.groups = vec![MLKEM768]), HANDSHAKE_FAILURE),
    ]
}

/// Everybody comes who is to be turned away, with and without a knock; what came of it where that is not so.
async fn come(door: &Door, cases: &[(&'static str, Show, u8)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (what, show, alert) in cases {
        let end = door.try_once(door.knocking(show), SOON).await;
        println!("{what}: {end:?}");
        let alert = format!("handshake failed: error {alert}:");
        if !matches!(&end, End::Refused(why) if why.contains(&alert)) {
            wrong.push(format!("{what}, with a knock: {end:?}"));
        }
    }
    // Without a knock all of them wait at once for what never comes, and so does the right one. Other versions
    // of QUIC are not heard even with a knock.
    let mut silent = JoinSet::new();
    let without = cases.iter().map(|(what, show, _)| (*what, show.client_config()));
    let right = [("the right one", door.known.client_config())];
    let other = [("draft 29", DRAFT_29), ("draft 34", DRAFT_34)].map(|(what, version)| {
        let mut config = door.knocking(&door.known);
        config.version(version);
        (what, config)
    });
    for (what, config) in without.chain(right).chain(other) {
        let address = door.address;
        silent.spawn(async move { (what, try_at(address, config, SILENCE).await) });
    }
    let ends = silent.join_all().await;
    let heard = ends.into_iter().filter(|(_, end)| *end != End::Silence);
    wrong.extend(heard.map(|(what, end)| format!("{what}, without a knock or in another version: {end:?}")));
    wrong
}

#[tokio::test]
async fn nobody_but_the_key_on_the_list_is_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let door = Door::open(folder.path());
    let cases = bad_ones(&door);
    door.until_known().await;
    let mut sizes = Vec::new();
    let leaves_nothing = loop {
        let before = door.journal();
        let wrong = come(&door, &cases).await;
        assert!(wrong.is_empty(), "{wrong:#?}");
        let after = door.journal();
        sizes.push([&before, &after].map(|files| files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()));
        // A settlement has things of its own to write down, but not each time.
        if before == after || sizes.len() == TRIES {
            break before == after;
        }
    };
    assert!(leaves_nothing, "somebody left something in the journal: {sizes:?}");
    door.until_known().await;
    assert_eq!(door.shop.stop("TERM"), Some(0));
    verify(folder.path());
}

#[tokio::test]
async fn a_key_that_is_revoked_is_cut_off_and_then_not_even_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let door = Door::open(folder.path());
    door.until_known().await;
    let endpoint = endpoint();
    let connecting =
        endpoint.connect_with(door.knocking(&door.known), door.address, "kessai").expect("a try");
    let connection = connecting.await.expect("a connection");
    let stream = ask(&connection).await;
    assert!(stream.is_some(), "{:?}", connection.close_reason());
    door.revoke();
    let end = timeout(REVOKED_WITHIN, connection.closed()).await.expect("an end");
    let revoked =
        matches!(&end, ConnectionError::ApplicationClosed(close) if close.error_code == close::REVOKED);
    assert!(revoked, "{end}");
    // The knock of a key that is not on the list is nobody's.
    let again = door.try_once(door.knocking(&door.known), SILENCE).await;
    assert_eq!(again, End::Silence);
    assert_eq!(door.shop.stop("TERM"), Some(0));
}
