//! What a daemon does about each second of its own: it looks for alarms, tells of those, and lets whoever
//! watches over its process know that it works.

use super::command::Caller;
use super::{Alarms, Settings};
use crate::measure::Gauge;
use crate::notify;
use crate::operator::live::{Alarm, Second};

/// The alarms of a running daemon, and everybody who is told of them.
pub struct Guard {
    alarms: Alarms,
    caller: Option<Caller>,
}

impl Guard {
    /// Goes by the settings of a daemon that is called so: `seller` or `settlement`.
    pub fn of(settings: Settings, daemon: &'static str) -> Self {
        let caller = Caller::start(&settings.command, daemon);
        Self { alarms: Alarms::new(settings.rules), caller }
    }

    /// Takes a second in, tells of what it raised and ended, and gives the alarms that go on.
    pub fn judge(&mut self, second: &Second) -> Vec<Alarm> {
        // A daemon whose writer is stuck sells nothing, however busy the rest of it is.
        if second.gauges.contains(&(Gauge::WriterUp, 1)) {
            notify::alive();
        }
        for event in self.alarms.look(second) {
            event.log();
            self.caller.iter().for_each(|caller| caller.tell(&event));
        }
        self.alarms.active()
    }
}
