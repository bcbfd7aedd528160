//! The parts of a running seller behind its endpoints: books and their writer, and what goes on beside.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kessai_shared::daemon;
use kessai_shared::exchange::Trunk;
use kessai_shared::ids::Epoch;
use kessai_shared::measure::Registry;
use kessai_shared::node_file;
use kessai_shared::store::{Floors, Store};
use kessai_shared::writer::{Clock, MAX_QUEUED};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::catalogue::{Catalogue, Live};
use crate::charge::{self, Charge, Claims, Line, Promote, Promotion, WitnessFile};
use crate::clerk::{Clerk, Command};
use crate::courier::{self, Cards};
use crate::heard_keys::HeardKeys;
use crate::keep_in_touch;
use crate::reader::Reader;
use crate::reconciler;
use crate::recoverer;
use crate::sales::{Books, Tenure};
use crate::service::ClosedLink;
use crate::settings::Settings;
use crate::shown::Shown;
use crate::standby::{Followed, Others};

/// How long the shop waits for its settlement before it opens without.
const SETTLEMENT_WAIT: Duration = Duration::from_secs(1);

/// The books of a seller, open, and their writer.
pub(super) struct Open {
    pub reader: Reader,
    pub floors: Floors,
    pub shown: Shown,
    pub catalogue: Live,
    pub line: Line,
    pub others: Others,
    pub writer: mpsc::Sender<Command>,
    pub ended: daemon::Ended,
    pub errands: Errands,
}

/// What the books owe others, and what carrying it takes.
pub(super) struct Errands {
    to_carry: mpsc::Receiver<courier::Errand>,
    cards: Cards,
    to_tell: mpsc::Receiver<reconciler::Told>,
    wishes: mpsc::Receiver<Epoch>,
    witness: WitnessFile,
    /// The last tenure of the journal at the start.
    last: Option<Tenure>,
}

impl Open {
    pub(super) fn of(
        settings: &Settings,
        trunk: Trunk,
        (mut store, followed): (Store<Books>, Option<Followed>),
        (clock, registry, as_task): (&Clock, &Registry, bool),
    ) -> Result<Self, String> {
        store.measure(registry);
        // Opening them may have made it another node, by what it had to set aside.
        let node = node_file::load_or_create(&settings.data)?;
        // Pages are read from the shelf, which otherwise follows in its own time.
        store.catch_up().map_err(|error| error.to_string())?;
        let (reader, floors) = (Reader::new(store.shelf()), store.floors());
        let (writer, queue) = mpsc::channel(MAX_QUEUED);
        let (errands, to_carry) = courier::errands();
        let cards = Cards::default();
        let shown = Shown::with(store.books(), settings.running_out);
        let catalogue = Live::of(Catalogue::of(store.books().products(), shown.stocks()));
        let witness = WitnessFile::in_folder(&settings.data);
        let charge = Charge::new(node, store.books(), store.head().position, witness.load()?)?;
        let last = store.books().tenure().copied();
        let (terms, shows) = (settings.terms, shown.clone());
        let clerk = Clerk::new(Arc::clone(clock), terms, cards.clone(), shows, errands, charge.clone());
        let (tell, to_tell) = reconciler::to_tell();
        let (wish, wishes) = recoverer::wishes();
        let clerk = clerk.reconciling(tell).recovering(wish).showing(catalogue.clone()).measuring(registry);
        let (others, standing) = Others::of(&mut store, followed, (node, &settings.nodes));
        let how = (as_task, standing);
        let ended = daemon::start_with(store, clerk, queue, Arc::clone(clock), how)
            .map_err(|error| error.to_string())?;
        charge.shuts(others.guard.gate.clone());
        if others.standby.is_some() {
            charge.follows(None);
        }
        let errands = Errands { to_carry, cards, to_tell, wishes, witness, last };
        let line = Line { trunk, charge };
        Ok(Self { reader, floors, shown, catalogue, line, others, writer, ended, errands })
    }
}

/// What goes on beside the writer. It ends with this.
pub(super) struct Tasks {
    running: Vec<JoinHandle<()>>,
    /// What the settlement has shown, and where it is kept for the next start.
    shown: (Charge, WitnessFile),
    pub settlement: watch::Receiver<ClosedLink>,
    pub promotions: mpsc::Sender<Promote>,
}

impl Tasks {
    pub(super) fn start(
        data: &Path,
        (line, writer): (&Line, &mpsc::Sender<Command>),
        (errands, registry): (Errands, Registry),
        (others, promotion, as_task): (&Others, Promotion, bool),
    ) -> Self {
        let Errands { to_carry, cards, to_tell, wishes, witness, last } = errands;
        let courier =
            courier::run((line.clone(), registry), cards, to_carry, writer.clone(), Command::Answered);
        let reconciler = reconciler::run(line.clone(), to_tell, writer.clone(), Command::Reconciled);
        let recoverer = recoverer::run(line.clone(), wishes, writer.clone(), Command::Recovered);
        let heard = HeardKeys::in_folder(data);
        let issuer_keys = heard.load();
        let away_since = Some(Instant::now());
        let unheard = ClosedLink { issuer_keys, away_since, ..ClosedLink::default() };
        let (seen, settlement) = watch::channel(unheard);
        let echo = keep_in_touch::run(line.clone(), seen, heard, writer.clone());
        let (promotions, orders) = charge::promotions();
        let shown = (line.charge.clone(), witness.clone());
        let (line, others, file) = (line.clone(), others.clone(), witness);
        let claims = charge::run(Claims { line, file, others, promotion, orders, last, as_task });
        let mut running =
            vec![tokio::spawn(courier), tokio::spawn(reconciler), tokio::spawn(echo), tokio::spawn(claims)];
        running.push(tokio::spawn(recoverer));
        Self { running, shown, settlement, promotions }
    }

    /// Whoever opens a shop wants to find its payments up. A settlement that is away keeps nobody waiting for
    /// long.
    pub(super) async fn settled(&mut self, charge: &Charge) {
        let _ = timeout(SETTLEMENT_WAIT, async {
            charge.in_charge().await;
            self.settlement.wait_for(|link| link.up).await.map(|_| ())
        })
        .await;
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.running.iter().for_each(JoinHandle::abort);
        let (charge, file) = &self.shown;
        file.keep(charge);
    }
}
