//! What sealing and opening a card costs, for each suite, the first time in a session and later:
//! `cargo bench -p kessai-shared --bench seal`. Medians, in microseconds; the last column compares
//! each with the later openings of the same run, because machines differ and are noisy.

use std::hint::black_box;
use std::time::Instant;

use kessai_shared::card::Particulars;
use kessai_shared::codec;
use kessai_shared::identity::Identity;
use kessai_shared::ids::OrderId;
use kessai_shared::money::{Currency, Minor};
use kessai_shared::pin::Pin;
use kessai_shared::receipt::{IssuerKeys, Purchase};
use kessai_shared::seal::{
    Envelope, HolderProof, Opener, ResponseSecret, SealedCard, SealingKey, SealingSession, Suite,
};
use kessai_shared::time::Timestamp;

/// How often each step is timed, and how many times it is done for one timing.
const ROUNDS: usize = 101;
const REPEATS: u32 = 20;

fn main() {
    println!("{:<9} {:<28} {:>8} {:>10} {:>8}", "suite", "step", "bytes", "µs", "ratio");
    for (name, suite) in [("x25519", Suite::X25519), ("x-wing", Suite::XWing)] {
        suite_figures(name, suite);
    }
    let key = Identity::generate().expect("random bytes");
    let message = [7; 32];
    let signature = key.sign(&message);
    println!("{:<9} {:<28} {:>8} {:>10.1}", "ed25519", "sign", 64, micros(|| key.sign(&message)));
    let verify = || kessai_shared::identity::verify(&key.public(), &message, &signature);
    println!("{:<9} {:<28} {:>8} {:>10.1}", "ed25519", "verify", 64, micros(verify));
}

fn suite_figures(name: &str, suite: Suite) {
    let seed = [7; 32];
    let keys = issuer_keys(&SealingKey::from_seed(suite, seed));
    let opener = Opener::new(SealingKey::from_seed(suite, seed));
    let (purchase, card) = (purchase(), sealed_card(None));
    let session = SealingSession::begin(&keys).expect("a key");
    let envelope = session.seal(&card, &purchase).expect("a card that fits");
    let bytes = codec::encode(&envelope).len();
    opener.open(&envelope, &purchase).expect("its own purchase");

    let later = micros(|| opener.open(&envelope, &purchase));
    let line = |step: &str, bytes: usize, time: f64| {
        println!("{name:<9} {step:<28} {bytes:>8} {time:>10.1} {:>8.2}", time / later);
    };
    line("seal, first of a session", bytes, micros(|| begin_and_seal(&keys, &card, &purchase)));
    line("seal, later", bytes, micros(|| session.seal(&card, &purchase)));
    let sessions: Vec<Envelope> = (0..REPEATS).map(|_| begin_and_seal(&keys, &card, &purchase)).collect();
    line("open, first of a session", bytes, first_openings(suite, seed, &sessions, &purchase));
    line("open, later", bytes, later);
    let holder = Identity::generate().expect("random bytes");
    let signed = sealed_card(Some(HolderProof::sign(&holder, &session.to_sign(&purchase), None)));
    let proved = session.seal(&signed, &purchase).expect("a card that fits");
    line("open, later, with holder key", bytes, micros(|| opener.open(&proved, &purchase)));
}

fn begin_and_seal(keys: &IssuerKeys, card: &SealedCard, purchase: &Purchase) -> Envelope {
    let session = SealingSession::begin(keys).expect("a key");
    session.seal(card, purchase).expect("a card that fits")
}

/// Each opening is of a session that this opener has never seen.
fn first_openings(suite: Suite, seed: [u8; 32], sessions: &[Envelope], purchase: &Purchase) -> f64 {
    let mut times: Vec<f64> = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let opener = Opener::new(SealingKey::from_seed(suite, seed));
        let begun = Instant::now();
        for envelope in sessions {
            black_box(opener.open(envelope, purchase).expect("its own purchase"));
        }
        times.push(begun.elapsed().as_secs_f64() * 1e6 / sessions.len() as f64);
    }
    median(times)
}

fn micros<T>(mut step: impl FnMut() -> T) -> f64 {
    let mut times: Vec<f64> = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for _ in 0..REPEATS {
            black_box(step());
        }
        times.push(begun.elapsed().as_secs_f64() * 1e6 / f64::from(REPEATS));
    }
    median(times)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn issuer_keys(key: &SealingKey) -> IssuerKeys {
    IssuerKeys {
        key_id: key.key_id(),
        suite: key.suite() as u8,
        sealing_key: key.public(),
        decision_key: [0; 32],
        not_before: Timestamp(0),
        not_after: Timestamp(u64::MAX),
    }
}

fn purchase() -> Purchase {
    Purchase {
        seller: Pin([1; 32]),
        order: OrderId::from_bytes([2; 16]),
        amount: Minor(12_345),
        currency: Currency::Gbp,
        quote_hash: [3; 32],
        deadline: Timestamp(1_800_000_000_000_000),
    }
}

fn sealed_card(holder: Option<HolderProof>) -> SealedCard {
    let card = Particulars {
        number: "9999990000000014".parse().expect("a number"),
        name: "Ada Lovelace".parse().expect("a name"),
        birth_date: "1985-12-10".parse().expect("a day"),
        expiry: "2030-12".parse().expect("a month"),
    };
    SealedCard { card, response: ResponseSecret([4; 32]), holder }
}
