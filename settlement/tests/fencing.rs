//! Who is put in charge of a shop: the rules one by one, and all of them under random claims.

use kessai_settlement::ledger::acts::{self, LastHeard};
use kessai_settlement::ledger::{Audit, Books, Change};
use kessai_shared::ids::{Epoch, NodeId};
use kessai_shared::pin::Pin;
use kessai_shared::settlement::{Claim, Mode, Refusal, Run, Sender, Why, Witness};
use kessai_shared::time::Timestamp;
use proptest::prelude::*;

const SELLER: Pin = Pin([2; 32]);
const A: NodeId = NodeId::from_bytes([0xa; 16]);
const B: NodeId = NodeId::from_bytes([0xb; 16]);
const HEARD: LastHeard = LastHeard { position: 0, is_silent: false };
const SILENT: LastHeard = LastHeard { position: 0, is_silent: true };
const AUTO: Why = Why::Promote { auto: true, force: false };
const BY_HAND: Why = Why::Promote { auto: false, force: false };
const FORCE: Why = Why::Promote { auto: false, force: true };

/// Books in which claims are carried out as the clerk does.
#[derive(Default)]
struct Witnessed {
    books: Books,
    audit: Audit,
    position: u64,
}

impl Witnessed {
    /// Node A in charge under epoch 1, in a mode, at position 100.
    fn of_a(mode: Mode) -> Self {
        let mut this = Self::default();
        let claim = Claim { why: Why::Start, mode, run: run(1, 1) };
        assert_eq!(this.claim(sender(A, 0, 100), claim, HEARD), Ok(Epoch(1)));
        this
    }

    fn claim(&mut self, by: Sender, claim: Claim, heard: LastHeard) -> Result<Epoch, Refusal> {
        let change = acts::claim(&self.books, SELLER, &by, &claim, heard)?;
        self.apply(&change).expect("what an act proposes follows from the books");
        Ok(self.books.fences().epoch(SELLER))
    }

    fn apply(&mut self, change: &Change) -> Result<(), String> {
        self.position += 1;
        let at = Timestamp(self.position);
        self.books.apply(change, self.position, at).map_err(|wrong| wrong.to_string())?;
        self.audit.see(change, &self.books);
        Ok(())
    }
}

fn run(id: u8, nth: u32) -> Run {
    Run { id: [id; 8], nth }
}

fn sender(node: NodeId, epoch: u64, at: u64) -> Sender {
    Sender { epoch: Epoch(epoch), node, at, witnessed: Witness::default() }
}

fn claim(why: Why, id: u8, nth: u32) -> Claim {
    Claim { why, mode: Mode::Alone, run: run(id, nth) }
}

fn fenced(epoch: u64) -> Refusal {
    Refusal::Fenced { epoch: Epoch(epoch), run: [1; 8] }
}

/// What is tried, the mode of A, what claims how, what is known of A, and what comes of it.
type Case = (&'static str, Mode, Sender, Claim, LastHeard, Result<Epoch, Refusal>);

const ALONE: Mode = Mode::Alone;
const SYNC: Mode = Mode::Sync { standby: B };
const FAR: LastHeard = LastHeard { position: 150, is_silent: true };

fn behind(position: u64) -> Result<Epoch, Refusal> {
    Err(Refusal::NotCaughtUp { epoch: Epoch(1), position })
}

fn starts_and_modes() -> Vec<Case> {
    vec![
        ("another run of A", ALONE, sender(A, 1, 100), claim(Why::Start, 9, 1), HEARD, Ok(Epoch(2))),
        (
            "A before its journal was as far",
            ALONE,
            sender(A, 1, 99),
            claim(Why::Start, 9, 1),
            HEARD,
            behind(100),
        ),
        (
            "A, which had said it was further",
            ALONE,
            sender(A, 1, 149),
            claim(Why::Start, 9, 1),
            FAR,
            behind(150),
        ),
        ("A without the last epoch", ALONE, sender(A, 0, 100), claim(Why::Start, 9, 1), HEARD, Ok(Epoch(2))),
        ("B starts", ALONE, sender(B, 1, 500), claim(Why::Start, 9, 1), SILENT, Err(fenced(1))),
        ("B wants another mode", ALONE, sender(B, 1, 500), claim(Why::Mode, 9, 1), SILENT, Err(fenced(1))),
        (
            "an older run of A wants one",
            ALONE,
            sender(A, 1, 500),
            claim(Why::Mode, 9, 1),
            SILENT,
            Err(fenced(1)),
        ),
        ("the run of A does", ALONE, sender(A, 1, 100), claim(Why::Mode, 1, 2), HEARD, Ok(Epoch(2))),
        (
            "it did not hear of its grant",
            ALONE,
            sender(A, 0, 100),
            claim(Why::Mode, 1, 2),
            HEARD,
            Ok(Epoch(2)),
        ),
        (
            "its last claim comes again",
            ALONE,
            sender(A, 1, 100),
            claim(Why::Mode, 1, 1),
            HEARD,
            Err(fenced(1)),
        ),
    ]
}

fn promotions_by_hand() -> Vec<Case> {
    vec![
        ("B has all", ALONE, sender(B, 1, 100), claim(BY_HAND, 9, 1), HEARD, Ok(Epoch(2))),
        ("B lacks one", ALONE, sender(B, 1, 99), claim(BY_HAND, 9, 1), SILENT, behind(100)),
        ("B lacks what A said it had", ALONE, sender(B, 1, 149), claim(BY_HAND, 9, 1), FAR, behind(150)),
        ("B has an older epoch", ALONE, sender(B, 0, 500), claim(BY_HAND, 9, 1), SILENT, behind(100)),
        ("B lacks one, by force", ALONE, sender(B, 0, 0), claim(FORCE, 9, 1), HEARD, Ok(Epoch(2))),
        (
            "force does not come by itself",
            ALONE,
            sender(B, 0, 0),
            claim(Why::Promote { auto: true, force: true }, 9, 1),
            SILENT,
            behind(100),
        ),
    ]
}

fn promotions_by_themselves() -> Vec<Case> {
    vec![
        (
            "by itself while A is heard",
            ALONE,
            sender(B, 1, 100),
            claim(AUTO, 9, 1),
            HEARD,
            Err(Refusal::StillHeard),
        ),
        ("by itself while A is silent", ALONE, sender(B, 1, 100), claim(AUTO, 9, 1), SILENT, Ok(Epoch(2))),
        ("the standby of A, behind", SYNC, sender(B, 0, 5), claim(BY_HAND, 9, 1), FAR, Ok(Epoch(2))),
        ("the standby of A by itself", SYNC, sender(B, 0, 5), claim(AUTO, 9, 1), FAR, Ok(Epoch(2))),
        (
            "the same while A is heard",
            SYNC,
            sender(B, 0, 5),
            claim(AUTO, 9, 1),
            HEARD,
            Err(Refusal::StillHeard),
        ),
        (
            "another than the standby",
            Mode::Sync { standby: NodeId::from_bytes([0xc; 16]) },
            sender(B, 0, 500),
            claim(BY_HAND, 9, 1),
            SILENT,
            behind(100),
        ),
        (
            "in async mode B has to have all",
            Mode::Async,
            sender(B, 1, 99),
            claim(AUTO, 9, 1),
            SILENT,
            behind(100),
        ),
        (
            "a node of a newer epoch",
            ALONE,
            sender(A, 2, 500),
            claim(Why::Start, 9, 1),
            SILENT,
            Err(Refusal::Behind),
        ),
        (
            "B has all that is known while A waits for another",
            Mode::Sync { standby: NodeId::from_bytes([0xc; 16]) },
            sender(B, 1, 100),
            claim(BY_HAND, 9, 1),
            SILENT,
            behind(100),
        ),
        (
            "a node of a newer epoch, by force",
            ALONE,
            sender(A, 5, 500),
            claim(FORCE, 9, 1),
            HEARD,
            Ok(Epoch(6)),
        ),
    ]
}

#[test]
fn each_rule_lets_through_what_it_should_and_nothing_else() {
    for (what, mode, by, claim, heard, expected) in
        [starts_and_modes(), promotions_by_hand(), promotions_by_themselves()].concat()
    {
        let mut witnessed = Witnessed::of_a(mode);
        assert_eq!(witnessed.claim(by, claim, heard), expected, "{what}");
        let in_charge = witnessed.books.fences().of(SELLER).map(|fence| (fence.node, fence.epoch));
        let then = expected.map_or((A, Epoch(1)), |epoch| (by.node, epoch));
        assert_eq!(in_charge, Some(then), "{what}");
    }
}

#[test]
fn nobody_is_in_charge_of_a_shop_that_nobody_claimed() {
    let mut witnessed = Witnessed::default();
    let nobody = Err(Refusal::Fenced { epoch: Epoch::NONE, run: [0; 8] });
    assert_eq!(acts::admit(&witnessed.books, SELLER, &sender(A, 0, 0)), nobody);
    let mode = claim(Why::Mode, 1, 1);
    assert_eq!(witnessed.claim(sender(A, 0, 0), mode, SILENT), nobody.map(|()| Epoch::NONE));
    // A shop that comes from another settlement counts on.
    assert_eq!(witnessed.claim(sender(A, 7, 0), claim(Why::Start, 1, 1), SILENT), Ok(Epoch(8)));
    assert_eq!(acts::admit(&witnessed.books, Pin([3; 32]), &sender(A, 8, 0)), nobody);
}

#[test]
fn the_books_take_no_epoch_twice_and_the_audit_finds_it_by_itself() {
    let mut witnessed = Witnessed::of_a(Mode::Alone);
    let again = acts::claim(&witnessed.books, SELLER, &sender(A, 1, 100), &claim(Why::Mode, 1, 2), HEARD);
    let again = again.expect("a grant");
    witnessed.apply(&again).expect("the next epoch");
    let wrong = witnessed.apply(&again).expect_err("the same epoch");
    assert!(wrong.contains("not newer"), "{wrong}");
    let reversed = |epoch| Change::Reversed {
        key: (SELLER, kessai_shared::ids::OrderId::from_bytes([1; 16])),
        epoch: Epoch(epoch),
        entries: Vec::new(),
    };
    let wrong = witnessed.apply(&reversed(1)).expect_err("an act under an older epoch");
    assert!(wrong.contains("not the newest"), "{wrong}");
    witnessed.apply(&reversed(2)).expect("an act under the newest");
    let audit = std::mem::take(&mut witnessed.audit);
    assert_eq!(audit.finish(&witnessed.books), Vec::<String>::new());
    // An audit that sees what the books would not have taken says so.
    let mut audit = Audit::default();
    for change in [&again, &again, &reversed(1)] {
        audit.see(change, &witnessed.books);
    }
    let found = audit.finish(&witnessed.books).into_iter().filter(|what| what.starts_with("I10")).count();
    assert_eq!(found, 2, "an epoch twice, and an act of an old one");
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Claim { node: u8, run: u8, why: Why, mode: Mode, epoch_back: u64, at: u64, silent: bool },
    Act { node: u8, epoch_back: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let why = prop_oneof![
        Just(Why::Start),
        Just(Why::Mode),
        any::<(bool, bool)>().prop_map(|(auto, force)| Why::Promote { auto, force }),
    ];
    let standby = |node: u8| Mode::Sync { standby: NodeId::from_bytes([node; 16]) };
    let mode = prop_oneof![Just(Mode::Alone), Just(Mode::Async), (0u8..3).prop_map(standby)];
    let claim = (0u8..3, 0u8..3, why, mode, 0u64..3, 0u64..40, any::<bool>()).prop_map(
        |(node, run, why, mode, epoch_back, at, silent)| Step::Claim {
            node,
            run,
            why,
            mode,
            epoch_back,
            at,
            silent,
        },
    );
    let act = (0u8..3, 0u64..3).prop_map(|(node, epoch_back)| Step::Act { node, epoch_back });
    proptest::collection::vec(prop_oneof![claim, act], 1..60)
}

proptest! {
    /// Whatever is claimed: epochs strictly rise, one node has the newest, and only it may change anything.
    #[test]
    fn there_is_one_node_in_charge_at_a_time(steps in steps()) {
        let mut witnessed = Witnessed::default();
        let mut holder: Option<(NodeId, Epoch)> = None;
        let mut counts = [0u32; 3];
        for step in steps {
            let newest = witnessed.books.fences().epoch(SELLER);
            let known = |back: u64| newest.0.saturating_sub(back);
            match step {
                Step::Claim { node, run: id, why, mode, epoch_back, at, silent } => {
                    let id_of_node = node * 3 + id;
                    counts[usize::from(node)] += 1;
                    let claim = Claim { why, mode, run: run(id_of_node, counts[usize::from(node)]) };
                    let by = sender(NodeId::from_bytes([node; 16]), known(epoch_back), at);
                    let heard = LastHeard { position: 0, is_silent: silent };
                    if let Ok(epoch) = witnessed.claim(by, claim, heard) {
                        prop_assert!(epoch > newest);
                        holder = Some((by.node, epoch));
                    } else {
                        prop_assert_eq!(witnessed.books.fences().epoch(SELLER), newest);
                    }
                }
                Step::Act { node, epoch_back } => {
                    let by = sender(NodeId::from_bytes([node; 16]), known(epoch_back), 0);
                    let admitted = acts::admit(&witnessed.books, SELLER, &by).is_ok();
                    prop_assert_eq!(admitted, holder == Some((by.node, by.epoch)));
                }
            }
            let fence = witnessed.books.fences().of(SELLER).map(|fence| (fence.node, fence.epoch));
            prop_assert_eq!(fence, holder);
        }
        let audit = std::mem::take(&mut witnessed.audit);
        prop_assert_eq!(audit.finish(&witnessed.books), Vec::<String>::new());
    }
}
