use std::process::ExitCode;

use clap::Parser;
use kessai_shared::console;
use kessai_tui_client::cli::Cli;

#[global_allocator]
static ALLOCATOR: kessai_shared::Allocator = kessai_shared::Allocator;

fn main() -> ExitCode {
    console::start();
    console::exit("kessai", Cli::parse().run())
}
