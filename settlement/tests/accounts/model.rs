//! One account's months by other means: nothing is kept but running totals of all that was ever asked for
//! and all that ever counted towards it. Which months are unpaid follows from the two alone.

/// What was asked for in a month, and all that was asked for up to then.
struct Asked {
    month: u32,
    up_to: i64,
    /// Days since the month's beginning of the next month, 1 for its first.
    due_day: u32,
}

#[derive(Default)]
pub struct Model {
    pub balance: i64,
    asked: Vec<Asked>,
    covered: i64,
    paid_late: bool,
    /// Purchases, refunds, repayments, written off in the open month.
    pub moved: [i64; 4],
    opening: i64,
    pub history: Vec<u8>,
    pub late: u8,
    found: u8,
}

/// What the statement of a month has to say.
#[derive(Debug, PartialEq)]
pub struct Said {
    pub opening: i64,
    pub moved: [i64; 4],
    pub fee: i64,
    pub closing: i64,
    pub past_due: i64,
    pub minimum_due: i64,
    pub late: u8,
}

impl Model {
    fn total(&self) -> i64 {
        self.asked.last().map_or(0, |asked| asked.up_to)
    }

    fn unpaid(&self) -> i64 {
        self.total() - self.covered
    }

    /// How many months after the oldest month that is not covered this one is.
    fn late_in(&self, month: u32) -> u8 {
        let oldest = self.asked.iter().find(|asked| asked.up_to > self.covered);
        oldest.map_or(0, |asked| u8::try_from(month - asked.month).expect("few months"))
    }

    /// Nothing more is asked for than is owed.
    fn forgive(&mut self, month: u32) {
        self.covered = self.covered.max(self.total() - self.balance.max(0));
        self.late = self.late.min(self.late_in(month - 1));
    }

    pub fn charge(&mut self, amount: i64) {
        self.balance += amount;
        self.moved[0] += amount;
    }

    pub fn refund(&mut self, amount: i64, month: u32) {
        self.balance -= amount;
        self.moved[1] += amount;
        self.forgive(month);
    }

    pub fn repay(&mut self, amount: i64, month: u32, day: u32) {
        self.balance -= amount;
        self.moved[2] += amount;
        let before = self.unpaid();
        self.covered += amount.min(before);
        let last = self.asked.last().filter(|last| last.month + 1 == month);
        if let Some(last) = last {
            self.paid_late |= before > 0 && self.covered == last.up_to && day > last.due_day;
        }
        self.forgive(month);
    }

    pub fn write_off(&mut self, month: u32) {
        self.moved[3] += self.balance;
        self.balance = 0;
        self.forgive(month);
    }

    /// Closes a month. `None` when there is nothing to state.
    pub fn close(&mut self, month: u32, fee: i64) -> Option<Said> {
        let idle = self.balance == 0 && self.opening == 0 && self.moved == [0; 4];
        let past_due = self.unpaid();
        let late = self.late_in(month);
        let fee = if past_due > 0 || self.paid_late { fee } else { 0 };
        self.history.insert(0, self.found);
        self.history.truncate(24);
        (self.late, self.found, self.paid_late) = (late, late, false);
        if idle {
            return None;
        }
        self.balance += fee;
        let owed = self.balance.max(0);
        let five_percent = (owed + 19) / 20;
        let whole = five_percent.max(500).min(owed);
        let fresh = whole.min((owed - past_due).max(0));
        if fresh > 0 {
            self.asked.push(Asked { month, up_to: self.total() + fresh, due_day: 21 });
        }
        let said = Said {
            opening: self.opening,
            moved: std::mem::take(&mut self.moved),
            fee,
            closing: self.balance,
            past_due,
            minimum_due: past_due + fresh,
            late,
        };
        self.opening = self.balance;
        Some(said)
    }
}
