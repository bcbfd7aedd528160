//! What can happen in a life, drawn from a seed.

use proptest::prelude::*;

pub type Lines = Vec<(u8, u32)>;

/// One thing that happens to the books. Numbers are picks from small pools.
#[derive(Clone, Debug)]
pub enum Op {
    Place {
        order: u8,
        buyer: u8,
        lines: Lines,
    },
    /// The courier leaves with what the order waits for, and is under way for a while.
    Send {
        order: u8,
    },
    /// The courier is back from what the order waits for; `how` picks among the answers there are.
    Answer {
        order: u8,
        how: u8,
    },
    /// An answer that was given before arrives once more.
    Again {
        which: u8,
    },
    /// A message that the settlement has had before reaches it once more.
    Echo {
        which: u8,
    },
    /// Something happens to the charge that the shop has no part in.
    Meddle {
        order: u8,
        how: u8,
    },
    /// An operator ships: `lines` name places and pieces; all that is left when there are none.
    Ship {
        order: u8,
        lines: Vec<(u16, u32)>,
    },
    /// So many hours go by, and the clerk makes his round.
    Pass {
        hours: u16,
    },
    Cancel {
        order: u8,
        by_shop: bool,
    },
    Deliver {
        order: u8,
    },
    GiveBack {
        id: u8,
        buyer: u8,
        from: Option<u8>,
        lines: Lines,
        restock: bool,
    },
    Relist {
        product: u8,
        price: i64,
    },
    Receive {
        product: u8,
        pieces: u32,
    },
    Adjust {
        product: u8,
        pieces: i64,
        reason: u8,
    },
}

pub fn op() -> impl Strategy<Value = Op> {
    any::<u64>().prop_map(|seed| Dice(seed).op())
}

/// The dice of splitmix64: the same seed, the same life, on every machine.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u8) -> u8 {
        u8::try_from(self.roll() % u64::from(end)).expect("less than a u8")
    }

    fn product(&mut self) -> u8 {
        [0, 0, 0, 1, 1, 1, 2, 3][usize::from(self.below(8))]
    }

    fn lines(&mut self, most_pieces: u8) -> Lines {
        let count = 1 + self.below(3);
        (0..count).map(|_| (self.product(), 1 + u32::from(self.below(most_pieces)))).collect()
    }

    pub fn op(&mut self) -> Op {
        let (order, buyer) = (self.below(6), self.below(3));
        match self.below(100) {
            0..13 => Op::Place { order, buyer, lines: self.lines(3) },
            13..20 => Op::Send { order },
            20..53 => Op::Answer { order, how: self.below(24) },
            53..57 => Op::Again { which: self.below(255) },
            57..60 => Op::Echo { which: self.below(255) },
            60..61 => Op::Meddle { order, how: self.below(3) },
            61..72 => {
                let count = self.below(3);
                let lines = (0..count).map(|_| (u16::from(self.below(3)), 1 + u32::from(self.below(2))));
                Op::Ship { order, lines: lines.collect() }
            }
            72..76 => Op::Pass { hours: u16::from(self.below(120)) },
            76..82 => Op::Cancel { order, by_shop: self.below(2) == 0 },
            82..84 => Op::Deliver { order },
            84..95 => {
                let (id, from) = (self.below(9), Some(self.below(6)).filter(|_| self.0.is_multiple_of(3)));
                Op::GiveBack { id, buyer, from, lines: self.lines(4), restock: self.below(4) > 0 }
            }
            95 => Op::Relist { product: self.below(3), price: i64::from(self.below(20)) },
            96 | 97 => Op::Receive { product: self.below(4), pieces: u32::from(self.below(4)) },
            _ => {
                let pieces = i64::from(self.below(9)) - 4;
                Op::Adjust { product: self.below(4), pieces, reason: self.below(4) }
            }
        }
    }
}
