//! One node's journal in another's hands: the node in charge has a [`Feed`], a standby has a [`Follower`].
//!
//! Both hold the same key and show it to each other on an endpoint of its own. The standby says where its
//! journal ends and by which hash, and pulls whole groups from there: the chunks of one session are parts of
//! one run of bytes, so several pulls can be under way and a group may be longer than a frame. It proves
//! every position, time, length and hash before anything is written, appends the groups exactly as they are,
//! and says what is durable. A standby whose next record is in no file any more is given the checkpoint
//! first ([`seed`]); one whose journal is another history is refused.

mod dial;
mod feed;
mod follower;
pub mod keys;
mod peers;
mod report;
pub mod seed;
mod session;
pub mod wire;

pub use dial::{Dial, NoFeed};
pub use feed::{Feed, Feeding, LIMITS};
pub use follower::{Follower, Following, Ground, Lost, WAITING};
pub use peers::{Followers, Standby};

/// The most bytes of groups or of a checkpoint that one reply has, well below a frame.
const CHUNK_BYTES: usize = 448 << 10;
/// How long a pull waits for something new before it is answered with nothing, so that both ends hear of
/// each other.
const POLL: std::time::Duration = std::time::Duration::from_millis(500);
