use std::process::ExitCode;

use clap::Parser;
use kessai_settlement::cli::Cli;
use kessai_shared::console;

#[global_allocator]
static ALLOCATOR: kessai_shared::Allocator = kessai_shared::Allocator;

fn main() -> ExitCode {
    console::start();
    console::exit("kessai-settlement", Cli::parse().run())
}
