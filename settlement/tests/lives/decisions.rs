//! Every decision of a life with its proof.

use kessai_settlement::heads::Heads;
use kessai_shared::identity::Identity;
use kessai_shared::outcome::Reason;
use kessai_shared::receipt::Verdict;

use super::*;

impl Life {
    /// Every decision as anybody who asks gets it: the same bytes from the books that lived through it
    /// all, from replayed ones and from those of a checkpoint, each with a cache of its own.
    pub fn compare_decisions(&self) {
        let key = Identity::generate().expect("a key");
        let loaded = shelf::load(&shelf::rows(&self.books));
        let all = [&self.books, &self.replayed, &loaded].map(|books| (books, Heads::default()));
        for (place, charge) in self.books.charges() {
            let Some(decided) = charge.decided.as_ref().filter(|decided| self.ended(decided.position)) else {
                continue;
            };
            let proved = all.each_ref().map(|(books, heads)| {
                let decided = books.charge(place).and_then(|charge| charge.decided.clone());
                let decided = decided.expect("the same decision");
                let group = books.group_of(decided.position).expect("its group");
                heads.prove(&decided, group, &key).expect("its place in it")
            });
            let verdict = proved[0].verify(&decided.purchase, &key.public());
            let approved = self.model.answer(&decided.purchase) == Some(Reason::Approved);
            let expected = if approved { Verdict::Approved } else { Verdict::Declined };
            assert_eq!(verdict, Ok(expected));
            assert!(proved.iter().all(|other| *other == proved[0]), "the same bytes for ever");
        }
    }
}
