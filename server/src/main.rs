use std::process::ExitCode;

use clap::Parser;
use kessai_server::cli::Cli;
use kessai_shared::console;

#[global_allocator]
static ALLOCATOR: kessai_shared::Allocator = kessai_shared::Allocator;

fn main() -> ExitCode {
    console::start();
    console::exit("kessai-server", Cli::parse().run())
}
