//! What must hold after a change: by the entries, by the model, by the house's own audit, and in every
//! copy of the books.

use std::collections::BTreeMap;

use super::*;

impl Life {
    /// Adds the entries of a change up.
    pub fn post(&mut self, change: &Change) {
        for entry in change.entries() {
            *self.posted.entry((entry.currency, entry.debit)).or_default() += entry.amount.0;
            *self.posted.entry((entry.currency, entry.credit)).or_default() -= entry.amount.0;
        }
    }

    /// I5 and the model, after every change.
    pub fn check_step(&self) {
        let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
        for ((currency, _), sum) in &self.posted {
            *sums.entry(*currency).or_default() += sum;
        }
        assert!(sums.values().all(|sum| *sum == 0), "I5: {sums:?}");
        self.model.compare(&self.books);
        self.model.compare_entries(&self.posted);
    }

    /// All that must hold, by the house's own audit and by the model, in the books and their copies.
    pub fn check(&self) {
        self.check_step();
        let open = self.decided.iter().filter(|at| !self.ended(**at)).count();
        let (mut audit, books) = self.audited();
        assert!(books.groups().eq(self.books.groups()), "the same groups again");
        assert_eq!(audit.prove(&self.books).decisions as usize, self.decided.len() - open);
        assert_sound(audit, &self.books, open);
        self.compare_groups();
        self.shelf.compare(&self.books);
        self.shelf.compare(&self.replayed);
        self.checkpoints.compare(&self.books, &self.changes, open);
        let rows = shelf::rows(&self.books);
        let loaded = shelf::load(&rows);
        assert!(shelf::rows(&loaded) == rows && shelf::rows(&self.replayed) == rows, "the same rows");
        let ever = Timestamp(u64::MAX);
        for other in [&self.replayed, &loaded] {
            assert_eq!(other.totals(), self.books.totals());
            assert!(other.expired(ever).eq(self.books.expired(ever)), "the same holds run out");
            assert!(other.groups().eq(self.books.groups()), "the same groups");
        }
    }

    /// An audit that has seen every change with the books as they were after it.
    fn audited(&self) -> (Audit, Books) {
        let (mut audit, mut books) = (Audit::default(), Books::default());
        for (change, stamp) in &self.changes {
            books.apply(change, stamp.position, stamp.time).expect("the same changes again");
            audit.see(change, &books);
            let ended = self.groups.iter().find(|(_, head)| head.position == stamp.position);
            if let Some((first, head)) = ended {
                store::Books::end_group(&mut books, *first, *head);
            }
        }
        (audit, books)
    }

    /// Whether the group around this position has ended.
    pub fn ended(&self, position: u64) -> bool {
        self.groups.last().is_some_and(|(_, head)| position <= head.position)
    }

    /// The books have a group for each one that ended with decisions in it, and each decision has its
    /// place in its own.
    fn compare_groups(&self) {
        let inside =
            |first: u64, last: u64| self.decided.iter().filter(move |at| (first..=last).contains(*at));
        let with_some = self.groups.iter().filter(|(first, head)| inside(*first, head.position).count() > 0);
        let mut there = self.books.groups();
        for (first, head) in with_some {
            let group = there.next().expect("a group of the books");
            let (last, at, journal) = (group.last, group.at, group.journal);
            assert_eq!((group.first, last, at, journal), (*first, head.position, head.time, head.hash.0));
            let positions: Vec<u64> = group.leaves.iter().map(|(position, _)| *position).collect();
            assert!(positions.iter().eq(inside(*first, last)), "{positions:?}");
            for (index, position) in positions.iter().enumerate() {
                assert_eq!(self.books.group_of(*position).map(|group| group.first), Some(*first));
                assert_eq!(group.index_of(*position), Some(index));
            }
        }
        assert!(there.next().is_none(), "and no other");
        let open = self.decided.iter().filter(|at| !self.ended(**at));
        open.for_each(|at| assert!(self.books.group_of(*at).is_none(), "an open group proves nothing"));
    }
}

/// The audit finds nothing but that the decisions of the open group stand in none yet.
pub fn assert_sound(audit: Audit, books: &Books, open: usize) {
    let problems = audit.finish(books);
    let (groupless, others): (Vec<_>, Vec<_>) =
        problems.into_iter().partition(|problem| problem.ends_with("stands in no group"));
    assert_eq!((groupless.len(), others), (open, Vec::new()), "only the open group is not signed yet");
}
