use std::process::ExitCode;

use clap::Parser;
use kessai_shared::console;
use kessai_tui_client::cli::Cli;

fn main() -> ExitCode {
    console::start();
    console::exit("kessai", Cli::parse().run())
}
