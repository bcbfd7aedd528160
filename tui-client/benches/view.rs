//! What the screens cost to draw: `cargo bench -p kessai-tui-client --bench view`.
//!
//! Time for one frame, at 80×24 and 120×40 characters. `first` is the first frame in a window, all of
//! which is new to the terminal; `again` is the next one with nothing changed, as at every tick of the
//! clock: the model is drawn into cells and those are compared with what the terminal shows.

#[path = "../tests/support/mod.rs"]
mod support;
#[path = "../../shared/benches/support/timing.rs"]
mod timing;

use std::fmt;

use divan::Bencher;
use kessai_shared::money::{Currency, Minor};
use kessai_tui_client::app::Model;
use kessai_tui_client::shop::Ending;
use kessai_tui_client::view::draw;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use support::World;

/// Columns and rows of a window.
const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);

/// A screen, the keys that lead to it, and whether a payment is answered there.
#[derive(Clone, Copy)]
struct Screen {
    name: &'static str,
    keys: &'static str,
    paid: bool,
}

/// Three products go into the cart on the way to each screen behind it.
const SCREENS: [Screen; 9] = [
    Screen { name: "browse", keys: "jajja+++ajjja", paid: false },
    Screen { name: "product", keys: "jj\n12", paid: false },
    Screen { name: "cart", keys: "jajja+++ajjjac", paid: false },
    Screen { name: "review", keys: "jajja+++ajjjac\n", paid: false },
    Screen { name: "confirm", keys: "jajja+++ajjjac\n\n\n", paid: false },
    Screen { name: "outcome", keys: "jajja+++ajjjac\n\n\np", paid: true },
    Screen { name: "orders", keys: "oj", paid: false },
    Screen { name: "order", keys: "ojj\n", paid: false },
    Screen { name: "help", keys: "?", paid: false },
];

fn main() {
    timing::run();
}

#[divan::bench(args = SCREENS)]
fn first_80x24(bencher: Bencher, screen: &Screen) {
    first(bencher, screen, SMALL);
}

#[divan::bench(args = SCREENS)]
fn again_80x24(bencher: Bencher, screen: &Screen) {
    again(bencher, screen, SMALL);
}

#[divan::bench(args = SCREENS)]
fn first_120x40(bencher: Bencher, screen: &Screen) {
    first(bencher, screen, LARGE);
}

#[divan::bench(args = SCREENS)]
fn again_120x40(bencher: Bencher, screen: &Screen) {
    again(bencher, screen, LARGE);
}

fn first(bencher: Bencher, screen: &Screen, size: (u16, u16)) {
    let world = screen.reach(size);
    let opened = bencher.with_inputs(|| window(size));
    opened.bench_local_refs(|window| frame(window, &world.model));
}

fn again(bencher: Bencher, screen: &Screen, size: (u16, u16)) {
    let (world, mut window) = (screen.reach(size), window(size));
    frame(&mut window, &world.model);
    bencher.bench_local(|| frame(&mut window, &world.model));
}

fn window((columns, rows): (u16, u16)) -> Terminal<TestBackend> {
    Terminal::new(TestBackend::new(columns, rows)).expect("a window in memory")
}

fn frame(window: &mut Terminal<TestBackend>, model: &Model) {
    window.draw(|frame| drop(draw(model, frame.buffer_mut()))).expect("a window in memory");
}

impl Screen {
    fn reach(&self, (columns, rows): (u16, u16)) -> World {
        let mut world = World::open(columns, rows);
        world.keys(self.keys);
        if self.paid {
            let ending = Ending::Accepted { amount: Minor(123_456), currency: Currency::Gbp };
            world.answer_pay(Ok(ending));
        }
        world
    }
}

impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
