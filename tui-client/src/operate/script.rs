//! A script that plays the dashboard, beside real daemons.

use std::path::Path;
use std::sync::Arc;

use kessai_shared::console::Failure;

use super::{Daemons, Places};
use crate::dashboard::Model;
use crate::script::command::{AskOutside, Ready};
use crate::script::{Kind, MovedClock, Scene, play};
use crate::terminal::panics;

impl Ready {
    /// Plays it beside daemons, with a log in `folder`. What no operator can do there is asked of `outside`.
    ///
    /// # Errors
    /// As [`play`], and when it is no script of the dashboard.
    pub async fn play_dashboard(
        self,
        places: Places,
        readonly: bool,
        folder: &Path,
        outside: AskOutside<'_>,
    ) -> Result<(), Failure> {
        let Self { script, manner, settings } = self;
        script.must_be(Kind::Dashboard)?;
        panics::log_into(folder);
        let (watched, clock) = (places.watched(), MovedClock::default());
        let daemons = Arc::new(Daemons::new(places, readonly));
        let model = Model::new(settings, &watched, readonly, manner.size, clock.now());
        let scene = Scene { model, perform: daemons.perform(), clock, outside };
        let played = play(&script, manner, scene, std::future::pending()).await;
        daemons.leave().await;
        played
    }
}
