//! Books that follow those of another node: its groups are taken over as they are.

use std::path::Path;

use super::behind::Behind;
use super::compact::Compaction;
use super::load::{Base, Depth};
use super::open::floors;
use super::{Books, Fault, Floors, Options, Stamp, Store};
use crate::checkpoint::{CheckpointDamage, file_name};
use crate::journal::{
    Disk, FileDisk, Found, GroupReader, Head, Journal, JournalError, Kind, Mark, NotNext, Place, ProvedGroup,
    RawGroup, Ring,
};
use crate::shelf::Shelf;
use crate::time::Timestamp;

/// A group of another node that was proved, with its changes.
pub struct Copied<C> {
    group: ProvedGroup,
    changes: Vec<(C, Stamp)>,
}

/// What groups and checkpoints of a store are read from, beside the one who writes.
pub struct Source {
    disk: Box<dyn Disk>,
    kind: Kind,
    mark: Mark,
    ring: Ring,
    floors: Floors,
}

/// Why a group of another node cannot be taken over. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It does not follow.
    NotNext(NotNext),
    /// A record is no change of these books.
    Undecodable { position: u64, why: String },
}

impl<C> Copied<C> {
    /// Proves that a group follows `head` and decodes its changes.
    ///
    /// # Errors
    /// [`Unfit`] when it does not follow, or holds what is no change of these books.
    pub fn prove<B: Books<Change = C>>(raw: RawGroup, head: &Head) -> Result<Self, Unfit> {
        let mut changes = Vec::with_capacity(raw.count.min(1 << 16) as usize);
        let mut bad = None;
        let proved = raw.prove(head, |position, time, payload| match B::decode(payload) {
            Ok(change) => changes.push((change, Stamp { position, time })),
            Err(why) => bad = bad.take().or(Some(Unfit::Undecodable { position, why })),
        });
        let group = proved.map_err(Unfit::NotNext)?;
        bad.map_or(Ok(Self { group, changes }), Err)
    }

    /// Where the journal is after it.
    pub fn head(&self) -> Head {
        self.group.head()
    }

    /// Its changes, and where they stand.
    pub fn changes(&self) -> &[(C, Stamp)] {
        &self.changes
    }
}

impl<B: Books> Store<B> {
    /// What others may read of this store while it is written; its newest groups are kept in memory from
    /// now on.
    pub fn source(&mut self) -> Source {
        let (disk, kind, mark) = (self.journal.disk().reading(), self.journal.kind(), self.journal.mark());
        Source { disk, kind, mark, ring: self.journal.ring(), floors: self.floors() }
    }

    /// Which journal this is: its copies have the same mark.
    pub fn journal_id(&self) -> [u8; 16] {
        self.journal.mark().0
    }

    /// Makes an empty store the copy of another one.
    ///
    /// # Errors
    /// [`Fault::Journal`] when it holds another journal.
    pub fn adopt(&mut self, journal_id: [u8; 16]) -> Result<(), Fault> {
        self.journal.adopt(Mark(journal_id)).map_err(Fault::Journal)
    }

    /// Takes groups over from the node in charge, exactly as they stand there, and returns once they are
    /// durable. To be called between groups of its own, if it has any.
    ///
    /// # Errors
    /// [`Fault::Journal`] when they do not follow, and nothing was changed; any other [`Fault`] leaves
    /// books that are ahead of the disk, and the store must be dropped.
    pub fn copy(&mut self, groups: &[Copied<B::Change>]) -> Result<(), Fault> {
        let Some(first) = groups.first() else { return Ok(()) };
        if first.group.before() != self.journal.head() {
            let position = first.group.before().position.saturating_add(1);
            let source = "it does not follow from the end of this journal".into();
            return Err(Fault::Journal(JournalError::Refused { position, source }));
        }
        for Copied { group, changes } in groups {
            for (change, stamp) in changes {
                let wrong = |why| Fault::Books { position: stamp.position, why };
                self.books.apply(change, *stamp).map_err(wrong)?;
                self.behind.note(&self.books, change);
            }
            self.books.end_group(group.before().position.saturating_add(1), group.head());
        }
        let proved: Vec<ProvedGroup> = groups.iter().map(|copied| copied.group.clone()).collect();
        self.journal.copy(&proved).map_err(Fault::Journal)?;
        self.turn()
    }

    /// Opens a store in a data folder whose journal has nothing but a checkpoint that came from another
    /// node. Until the first group behind it was taken over, the folder opens in no other way.
    ///
    /// # Errors
    /// [`Fault`] when the checkpoint cannot be used.
    pub fn seeded(folder: &Path, kind: Kind, options: Options) -> Result<Self, Fault> {
        let path = folder.join("journal");
        let what = "open the journal folder";
        let disk = FileDisk::open(&path).map_err(|source| Fault::Io { what, path, source })?;
        let mut base = Base::<B>::newest(&disk, kind, Depth::Whole)?;
        if base.position() == 0 {
            let why = "there is no checkpoint to begin with".to_owned();
            let nothing = CheckpointDamage { file: file_name(0), offset: 0, why };
            return Err(Fault::Checkpoint(base.passed_over.pop().unwrap_or(nothing)));
        }
        let found = Found::nothing_behind(base.start);
        let journal = Journal::resume(Box::new(disk), kind, options.layout, found);
        let (journal, _) = journal.map_err(Fault::Journal)?;
        let mut touched = std::collections::HashSet::new();
        base.books.shelved(&mut |key| {
            touched.insert(key.clone());
        });
        let path = folder.join("shelf");
        let shelf = Shelf::rebuild(&path).map_err(Fault::Shelf)?;
        let io = |source| Fault::Io { what: "start a thread beside", path: path.clone(), source };
        let behind = Behind::start(shelf, touched, options.in_place).map_err(io)?;
        let floors = floors(&journal, base.start.head, options.keep)?;
        let compaction = Compaction::new(kind, &options, (base.start.head, base.bytes), floors);
        Ok(Self { journal, books: base.books, now: Timestamp::default(), behind, compaction, meter: None })
    }
}

impl Source {
    /// The newest groups, and where the journal ends.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Who still needs journal that a checkpoint stands for.
    pub fn floors(&self) -> &Floors {
        &self.floors
    }

    /// Whoever reads older groups from the files.
    pub fn reader(&self) -> GroupReader {
        GroupReader::new(self.disk.reading(), self.kind, self.mark)
    }

    /// Whether a journal that ends there can be an older copy of this one: no record that is still here says
    /// otherwise.
    ///
    /// # Errors
    /// [`JournalError`] when a file cannot be read or is damaged before that place.
    pub fn goes_on_from(&self, end: &Head) -> Result<bool, JournalError> {
        let durable = self.ring.head().borrow().position;
        // What was taken over and is not on the disk yet came from there, and is looked at later.
        if end.position > durable {
            return Ok(true);
        }
        Ok(match self.reader().find(end.position, durable)? {
            Place::Behind(hash) => hash == end.hash,
            // A checkpoint stands for what was there.
            Place::Cut { .. } => true,
            Place::Nowhere => false,
        })
    }

    /// Which journal this is.
    pub fn journal_id(&self) -> [u8; 16] {
        self.mark.0
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The disk of the journal.
    pub fn disk(&self) -> Box<dyn Disk> {
        self.disk.reading()
    }
}
