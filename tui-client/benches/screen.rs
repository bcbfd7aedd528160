//! What a key costs until it is seen: `cargo bench -p kessai-tui-client --bench screen`.
//!
//! The pure loop and the real backend, with the bytes going nowhere, at 80×24 and 200×60 characters, over a
//! list of a million products of which the pages near the cursor are there. `key` is one key and its frame;
//! `resize` is a window that changes its size, and so a whole frame; `queued` is 500 keys that are all taken
//! in before one frame is drawn, as they are when a key is held down.

#[path = "../tests/support/mod.rs"]
mod support;
#[path = "../../shared/benches/support/timing.rs"]
mod timing;

use std::io;

use divan::Bencher;
use kessai_shared::storefront::Page;
use kessai_tui_client::app::effect::PAGE_ROWS;
use kessai_tui_client::app::model::Size;
use kessai_tui_client::app::update::start;
use kessai_tui_client::app::{Effect, Event, Key, Model, Settings, update};
use kessai_tui_client::terminal::paint;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

/// Columns and rows of a window.
const SIZES: [(u16, u16); 2] = [(80, 24), (200, 60)];
const PRODUCTS: u32 = 1_000_000;
/// Keys that wait when the terminal looks for them.
const QUEUED: usize = 500;

fn main() {
    timing::run();
}

/// A session over a million products, with its screen.
struct Stage {
    model: Model,
    terminal: Terminal<CrosstermBackend<io::Sink>>,
}

impl Stage {
    fn set((columns, rows): (u16, u16)) -> Self {
        let size = Size { columns, rows };
        let mut model = Model::new(Settings::default(), support::cards(), size, support::NOW);
        let effects = start(&mut model);
        let mut stage = Self { model, terminal: terminal(columns, rows) };
        stage.answer(effects);
        // Somewhere in the middle, where there are pages before and after.
        stage.happen(Event::Key(Key::Char('G')));
        for _ in 0..20 {
            stage.happen(Event::Key(Key::PageUp));
        }
        stage.draw();
        stage
    }

    fn happen(&mut self, event: Event) {
        let effects = update(&mut self.model, event);
        self.answer(effects);
    }

    fn answer(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let event = match effect {
                Effect::Greet { seq } => Event::Welcomed(seq, Ok(Box::new(support::welcome()))),
                Effect::LoadPage { seq, from, .. } => Event::PageLoaded(seq, Ok(page(from))),
                _not_about_lists => continue,
            };
            self.happen(event);
        }
    }

    fn draw(&mut self) {
        let model = &self.model;
        let drawn = self.terminal.draw(|frame| {
            paint(frame, model);
        });
        drawn.expect("a sink takes everything");
    }
}

fn terminal(columns: u16, rows: u16) -> Terminal<CrosstermBackend<io::Sink>> {
    let viewport = Viewport::Fixed(Rect::new(0, 0, columns, rows));
    Terminal::with_options(CrosstermBackend::new(io::sink()), TerminalOptions { viewport }).expect("a sink")
}

fn page(from: u32) -> Page {
    let to = from.saturating_add(u32::from(PAGE_ROWS)).min(PRODUCTS);
    Page { items: (from..to).map(|at| support::item(at % support::PRODUCTS)).collect(), total: PRODUCTS }
}

#[divan::bench(args = SIZES)]
fn key(bencher: Bencher, size: (u16, u16)) {
    let mut stage = Stage::set(size);
    let mut down = false;
    bencher.bench_local(|| {
        down = !down;
        stage.happen(Event::Key(if down { Key::Down } else { Key::Up }));
        stage.draw();
    });
}

#[divan::bench(args = SIZES)]
fn page_down(bencher: Bencher, size: (u16, u16)) {
    let mut stage = Stage::set(size);
    let mut down = false;
    bencher.bench_local(|| {
        down = !down;
        stage.happen(Event::Key(if down { Key::PageDown } else { Key::PageUp }));
        stage.draw();
    });
}

#[divan::bench(args = SIZES)]
fn resize(bencher: Bencher, (columns, rows): (u16, u16)) {
    let mut stage = Stage::set((columns, rows));
    bencher.bench_local(|| {
        stage.happen(Event::Resize { columns, rows });
        stage.terminal = terminal(columns, rows);
        stage.draw();
    });
}

#[divan::bench(args = SIZES)]
fn queued(bencher: Bencher, size: (u16, u16)) {
    let mut stage = Stage::set(size);
    bencher.bench_local(|| {
        for at in 0..QUEUED {
            stage.happen(Event::Key(if at % 2 == 0 { Key::Down } else { Key::Up }));
        }
        stage.draw();
    });
}
