use std::process::ExitCode;

use clap::Parser;
use kessai_demo::cli::Cli;
use kessai_demo::role::Role;
use kessai_shared::console;

fn main() -> ExitCode {
    console::start();
    let args: Vec<_> = std::env::args_os().collect();
    let Some(role) = Role::asked(&args) else {
        return console::exit("kessai-demo", Cli::parse().run());
    };
    // The list of processes should say what each of them is.
    let _ = std::fs::write("/proc/self/comm", role.name());
    let args = &args[1..];
    let end = match role {
        Role::Settlement => kessai_settlement::cli::Cli::parse_from(args).run(),
        Role::Seller => kessai_server::cli::Cli::parse_from(args).run(),
        Role::Terminal => kessai_tui_client::cli::Cli::parse_from(args).run(),
    };
    console::exit(role.name(), end)
}
