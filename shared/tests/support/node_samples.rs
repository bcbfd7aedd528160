//! One value of everything that nodes with one key say to each other, and that operators are told of them.

use kessai_shared::ids::{Epoch, NodeId};
use kessai_shared::journal::Hash;
use kessai_shared::operator::nodes::{Follows, Nodes, StandbyRow};
use kessai_shared::replica::wire::{Begin, End, Has, KeyBytes, Refusal, Reply, Request, Welcome};
use kessai_shared::time::Timestamp;

fn node(byte: u8) -> NodeId {
    NodeId::from_bytes([byte; 16])
}

pub fn nodes() -> Nodes {
    let follows = Follows {
        of: Some(node(2)),
        connected: false,
        lag_records: 300,
        lag_ms: Some(1_500),
        problem: Some("the peer does not answer".to_owned()),
    };
    let standby = StandbyRow {
        node: node(3),
        connected: true,
        waited_for: true,
        durable: 89_000,
        lag_records: 2,
        lag_ms: 3,
        heard_ms: 4,
    };
    Nodes {
        node: node(1),
        in_charge: false,
        epoch: Epoch(7),
        position: 90_000,
        follows: Some(follows),
        standbys: vec![standby],
    }
}

fn end() -> End {
    End { position: 90_000, time: Timestamp(1_795_420_800_000_000), hash: Hash([0xaa; 32]) }
}

pub fn requests() -> Vec<Request> {
    vec![
        Request::Hello { node: node(3), kind: *b"SELL", has: Some(Has { journal: [0xbb; 16], end: end() }) },
        Request::Pull { session: 300 },
        Request::Durable { session: 300, end: end() },
        Request::Checkpoint { position: 90_000, offset: 458_752 },
        Request::KeyFiles,
        Request::KeyFile { name: "epochs/0011223344556677.epoch".to_owned() },
    ]
}

fn welcome(begin: Begin) -> Reply {
    Reply::Welcome(Box::new(Welcome { node: node(1), session: 300, journal: [0xbb; 16], end: end(), begin }))
}

pub fn begun_with_a_checkpoint() -> Reply {
    welcome(Begin::Checkpoint { at: end(), bytes: 1_000_000 })
}

pub fn replies() -> Vec<Reply> {
    vec![
        welcome(Begin::Here),
        Reply::Chunk { seq: 300, end: end(), bytes: vec![1, 2, 3] },
        Reply::Nothing { end: end() },
        Reply::Noted,
        Reply::Checkpoint { total: 1_000_000, bytes: vec![4, 5] },
        Reply::KeyFiles(vec![("vault.key".to_owned(), [0xcc; 32])]),
        Reply::KeyFile(KeyBytes(vec![6, 7])),
        Reply::Refused(Refusal::Gone),
    ]
}

pub fn refusals() -> Vec<Refusal> {
    vec![
        Refusal::OtherJournal,
        Refusal::Diverged { ends: 300 },
        Refusal::UnknownSession,
        Refusal::Gone,
        Refusal::Senseless,
        Refusal::TooMany,
        Refusal::Unreadable,
        Refusal::Shorter { end: end() },
    ]
}
