//! Where the design says that each system fails. Nothing of what is reported comes from here: what was found
//! is held against it afterwards, and a run that differs ends with exit code 1.

use std::collections::BTreeSet;

use super::conventional::wire::Dress;
use super::findings::{Searched, Tried, Verdict, What};
use super::readable::{MEMORY_SELLER, MEMORY_TERMINAL, WIRES_CLOSED, WIRES_OPEN};
use super::system::System;

/// Where card numbers can be read in a system, and what a stranger can do there.
pub fn broken(system: System) -> (Vec<&'static str>, Vec<What>) {
    match system {
        System::Closed | System::Line => (Vec::new(), Vec::new()),
        System::SellerAsks(Dress::Clear) => {
            let all = What::ALL.into_iter().filter(|what| *what != What::Forge);
            (vec![WIRES_OPEN, WIRES_CLOSED, MEMORY_SELLER], all.collect())
        }
        // With TLS the wires show nothing, and a stranger's key is refused; the seller still reads every
        // card, and the settlement still stands where anybody finds it.
        System::SellerAsks(Dress::Tls) => {
            (vec![MEMORY_SELLER], vec![What::Reach, What::Scan, What::LearnKey])
        }
        System::TerminalAsks(Dress::Clear) => (vec![WIRES_OPEN], What::ALL.into()),
        // Terminals are anybody, so anybody is answered; and what the shopper carries nobody has signed.
        System::TerminalAsks(Dress::Tls) => {
            let reached = [What::Reach, What::Scan, What::LearnKey, What::ForeignKey];
            (Vec::new(), reached.into_iter().chain([What::Spoof, What::Guess, What::Forge]).collect())
        }
    }
}

/// What was found otherwise than the design says, in lines; what could not be tried says nothing.
pub fn differences(system: System, readable: &[Searched], tries: &[Tried]) -> Vec<String> {
    let (places, whats) = broken(system);
    let (places, whats) =
        (places.into_iter().collect::<BTreeSet<_>>(), whats.into_iter().collect::<BTreeSet<_>>());
    let differs = |verdict, is_expected: bool, name: &str| match verdict {
        Verdict::Safe if is_expected => Some(format!("{name}: held, and the design says that it does not")),
        Verdict::Broken if !is_expected => Some(format!("{name}: broken, and the design says that it holds")),
        Verdict::Safe | Verdict::Broken | Verdict::NotTried => None,
    };
    let readable = readable.iter().filter_map(|searched| {
        // The terminal has its own cards in memory, in every system.
        let is_expected = searched.place == MEMORY_TERMINAL || places.contains(searched.place);
        differs(searched.verdict, is_expected, searched.place)
    });
    let tries = tries
        .iter()
        .filter_map(|tried| differs(tried.verdict, whats.contains(&tried.what), tried.what.title()));
    readable.chain(tries).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_told_either_way() {
        let tried = |what, verdict| Tried::new(what, verdict, "", "");
        let told = |system, tries: &[Tried]| differences(system, &[], tries).len();
        assert_eq!(told(System::Closed, &[tried(What::Replay, Verdict::Broken)]), 1);
        assert_eq!(told(System::Closed, &[tried(What::Replay, Verdict::Safe)]), 0);
        let conventional = System::TerminalAsks(Dress::Tls);
        assert_eq!(told(conventional, &[tried(What::Guess, Verdict::Safe)]), 1);
        assert_eq!(told(conventional, &[tried(What::Guess, Verdict::NotTried)]), 0);
        assert_eq!(told(conventional, &[tried(What::Replay, Verdict::Broken)]), 1);
    }
}
