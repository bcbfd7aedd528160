//! How true what is shown is: it is only as good as the last word of the daemon that told it.

/// From when on a daemon that tells something each second is said to be silent, in microseconds. With the time
/// that drawing takes, an operator sees it within two seconds of the last word.
pub const LATE: u64 = 1_500_000;

/// How what a daemon told last stands to what is so now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It was never heard.
    Never,
    /// It tells something each second, and its clock goes.
    Live,
    /// There is a connection, and no word for so many seconds.
    Silent { seconds: u64 },
    /// It tells something each second, and its clock stands still or does not keep up for so many seconds.
    Still { seconds: u64 },
    /// There is no connection, and the last word is so many seconds old.
    Lost { seconds: u64 },
    /// The operator has stopped what is shown.
    Frozen,
}

impl Freshness {
    /// Whether what is shown is what is so. Nothing else may look as if it were.
    pub const fn is_live(self) -> bool {
        matches!(self, Freshness::Live)
    }
}
