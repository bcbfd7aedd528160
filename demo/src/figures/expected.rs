//! Where the design says that each system fails. Nothing of what is reported comes from here: what was found
//! is held against it afterwards, and a run that differs ends with exit code 1.

use std::collections::BTreeSet;

use super::conventional::wire::Dress;
use super::findings::{Searched, Tried, Verdict, What};
use super::readable::{MEMORY_SELLER, MEMORY_TERMINAL, PLACES, WIRES_CLOSED, WIRES_OPEN};
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

/// Every place that has to be searched in a system. Where terminals ask, nothing goes from seller to settlement.
pub fn places(system: System) -> Vec<&'static str> {
    let silent = matches!(system, System::TerminalAsks(_));
    let all = PLACES.into_iter().chain([MEMORY_TERMINAL]);
    all.filter(|place| !(silent && *place == WIRES_CLOSED)).collect()
}

/// What was found otherwise than the design says, in lines. What was not searched or not tried is one of them:
/// whoever did not look has not found the system as it should be.
pub fn differences(system: System, readable: &[Searched], tries: &[Tried]) -> Vec<String> {
    let expected_places = self::places(system);
    let (places, whats) = broken(system);
    let (places, whats) =
        (places.into_iter().collect::<BTreeSet<_>>(), whats.into_iter().collect::<BTreeSet<_>>());
    let differs = |verdict, is_expected: bool, name: &str| match verdict {
        Verdict::Safe if is_expected => Some(format!("{name}: held, and the design says that it does not")),
        Verdict::Broken if !is_expected => Some(format!("{name}: broken, and the design says that it holds")),
        Verdict::NotTried => Some(format!("{name}: not tried, so that nothing is known of it")),
        Verdict::Safe | Verdict::Broken => None,
    };
    let unsearched = expected_places
        .into_iter()
        .filter(|place| !readable.iter().any(|searched| searched.place == *place))
        .map(|place| format!("{place}: not searched"));
    let untried = What::ALL
        .into_iter()
        .filter(|what| !tries.iter().any(|tried| tried.what == *what))
        .map(|what| format!("{}: not tried", what.title()));
    let missing = unsearched.chain(untried).collect::<Vec<_>>();
    let readable = readable.iter().filter_map(|searched| {
        // The terminal has its own cards in memory, in every system.
        let is_expected = searched.place == MEMORY_TERMINAL || places.contains(searched.place);
        differs(searched.verdict, is_expected, searched.place)
    });
    let tries = tries
        .iter()
        .filter_map(|tried| differs(tried.verdict, whats.contains(&tried.what), tried.what.title()));
    readable.chain(tries).chain(missing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a system would show that is exactly as designed.
    fn as_designed(system: System) -> (Vec<Searched>, Vec<Tried>) {
        let (readable, whats) = broken(system);
        let verdict = |is_broken| if is_broken { Verdict::Broken } else { Verdict::Safe };
        let searched = |place| Searched {
            place,
            verdict: verdict(readable.contains(&place) || place == MEMORY_TERMINAL),
            numbers: 0,
            of: 0,
            bytes: 0,
            encodings: Vec::new(),
            said: String::new(),
        };
        let tried = |what| Tried::new(what, verdict(whats.contains(&what)), "", "");
        (places(system).into_iter().map(searched).collect(), What::ALL.into_iter().map(tried).collect())
    }

    #[test]
    fn what_differs_is_told_either_way() {
        for system in System::ALL {
            let (readable, tries) = as_designed(system);
            assert_eq!(differences(system, &readable, &tries), Vec::<String>::new());
            for nth in 0..tries.len() {
                let mut tries = tries.clone();
                let other = match tries[nth].verdict {
                    Verdict::Safe => Verdict::Broken,
                    Verdict::Broken | Verdict::NotTried => Verdict::Safe,
                };
                tries[nth].verdict = other;
                assert_eq!(differences(system, &readable, &tries).len(), 1, "{system}: {nth}");
            }
        }
    }

    #[test]
    fn what_was_not_looked_at_is_no_pass() {
        for system in System::ALL {
            let (readable, tries) = as_designed(system);
            for nth in 0..tries.len() {
                let mut untried = tries.clone();
                untried[nth].verdict = Verdict::NotTried;
                assert_eq!(differences(system, &readable, &untried).len(), 1, "{system}: {nth}");
                untried.remove(nth);
                assert_eq!(differences(system, &readable, &untried).len(), 1, "{system}: {nth}");
            }
            for nth in 0..readable.len() {
                let mut unsearched = readable.clone();
                unsearched[nth].verdict = Verdict::NotTried;
                assert_eq!(differences(system, &unsearched, &tries).len(), 1, "{system}: {nth}");
                unsearched.remove(nth);
                assert_eq!(differences(system, &unsearched, &tries).len(), 1, "{system}: {nth}");
            }
        }
    }
}
