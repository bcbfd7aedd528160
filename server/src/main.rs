use std::process::ExitCode;

use clap::Parser;
use kessai_server::cli::Cli;
use kessai_shared::console;

fn main() -> ExitCode {
    console::start();
    console::exit("kessai-server", Cli::parse().run())
}
