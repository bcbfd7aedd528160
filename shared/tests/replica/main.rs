//! A journal in another node's hands, over real QUIC and on real folders: the copy is the same, record by
//! record and group by group, whatever comes between.

mod faults;
mod follow;
mod gate;
mod keys;
mod nodes;
