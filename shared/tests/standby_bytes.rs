//! The bytes of every message between nodes with one key.

#[macro_use]
#[path = "support/golden.rs"]
mod golden;
#[path = "support/node_samples.rs"]
mod samples;

use std::path::PathBuf;

use golden::Sample;
use kessai_shared::replica::wire::{Refusal, Reply, Request};

#[test]
fn the_bytes_between_nodes_are_what_they_were() {
    let requests = samples::requests();
    let names = variants!(
        requests,
        Request::Hello { .. },
        Request::Pull { .. },
        Request::Durable { .. },
        Request::Checkpoint { .. },
        Request::KeyFiles,
        Request::KeyFile { .. },
    );
    let requests = names.iter().zip(requests).map(|(name, value)| Sample::equal(name, value));
    let replies = samples::replies();
    let names = variants!(
        replies,
        Reply::Welcome(_),
        Reply::Chunk { .. },
        Reply::Nothing { .. },
        Reply::Noted,
        Reply::Checkpoint { .. },
        Reply::KeyFiles(_),
        Reply::KeyFile(_),
        Reply::Refused(_),
    );
    let replies = names.iter().zip(replies).map(|(name, value)| Sample::equal(name, value));
    let begun = Sample::equal("Reply::Welcome(checkpoint)", samples::begun_with_a_checkpoint());
    let refusals = samples::refusals();
    let names = variants!(
        refusals,
        Refusal::OtherJournal,
        Refusal::Diverged { .. },
        Refusal::UnknownSession,
        Refusal::Gone,
        Refusal::Senseless,
        Refusal::TooMany,
        Refusal::Unreadable,
        Refusal::Shorter { .. },
    );
    let refusals = names.iter().zip(refusals).map(|(name, value)| Sample::equal(name, value));
    let nodes = Sample::equal("Nodes", samples::nodes());
    let samples: Vec<Sample> =
        requests.chain(replies).chain([begun]).chain(refusals).chain([nodes]).collect();
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/standby.txt");
    golden::compare(&file, &samples);
}
