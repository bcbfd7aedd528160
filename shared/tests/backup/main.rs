//! Backups of a small daemon: whatever is restored is what was there, and whatever is damaged is refused.

mod bundles;
mod chains;
mod damage;
mod keys;
mod schedule;
mod toy;
