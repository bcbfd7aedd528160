//! What the dashboard costs: `cargo bench -p kessai-tui-client --bench dashboard`.
//!
//! `first` is the first frame in a window, all of which is new to the terminal, with the model that it is drawn
//! from; `second` is one second of both daemons, taken in and drawn with the real backend, whose bytes go
//! nowhere. Before these, the bytes that a second writes are told, as the mean over a minute of live traffic.

#[allow(dead_code, reason = "a bench needs no more than what goes by itself")]
#[path = "../tests/dashboard/made.rs"]
mod made;
#[path = "../../shared/benches/support/timing.rs"]
mod timing;

use std::cell::Cell;
use std::io::{self, Write};
use std::rc::Rc;
use std::time::Instant;

use divan::Bencher;
use kessai_tui_client::terminal::paint;
use made::Watched;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

/// Columns and rows of a window.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];
/// Seconds over which bytes are counted: every row moves on several times in them.
const SECONDS: u64 = 60;

fn main() {
    for size in SIZES {
        for screen in '1'..='8' {
            told(size, screen);
        }
    }
    timing::run();
}

/// Counts what is written to it.
#[derive(Clone, Default)]
struct Counted(Rc<Cell<u64>>);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set(self.0.get() + bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Window = Terminal<CrosstermBackend<Counted>>;

fn window((columns, rows): (u16, u16), counted: Counted) -> Window {
    let viewport = Viewport::Fixed(Rect::new(0, 0, columns, rows));
    Terminal::with_options(CrosstermBackend::new(counted), TerminalOptions { viewport }).expect("a sink")
}

fn frame(window: &mut Window, world: &Watched) {
    window.draw(|frame| drop(paint(frame, &world.model))).expect("a sink takes everything");
}

/// Tells how many bytes a second writes, and what share of a processor it takes.
fn told((columns, rows): (u16, u16), screen: char) {
    let counted = Counted::default();
    let mut window = window((columns, rows), counted.clone());
    let mut world = Watched::open(columns, rows);
    world.run(3_599);
    world.keys(&screen.to_string());
    frame(&mut window, &world);
    let before = counted.0.get();
    let begun = Instant::now();
    for _ in 0..SECONDS {
        world.run(1);
        frame(&mut window, &world);
    }
    let bytes = (counted.0.get() - before) / SECONDS;
    let share = begun.elapsed().as_secs_f64() / SECONDS as f64 * 100.0;
    println!("screen {screen} at {columns}x{rows}: {bytes} bytes and {share:.3} % of a processor a second");
}

#[divan::bench(args = SIZES)]
fn first(bencher: Bencher, size: (u16, u16)) {
    bencher.bench_local(|| {
        let world = Watched::open(size.0, size.1);
        frame(&mut window(size, Counted::default()), &world);
    });
}

#[divan::bench(args = SIZES)]
fn second(bencher: Bencher, size: (u16, u16)) {
    let mut window = window(size, Counted::default());
    let mut world = Watched::open(size.0, size.1);
    world.run(3_599);
    bencher.bench_local(|| {
        world.run(1);
        frame(&mut window, &world);
    });
}
