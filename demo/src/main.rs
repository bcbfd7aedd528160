use std::process::ExitCode;

use clap::Parser;
use kessai_demo::bench;
use kessai_demo::cli::Cli;
use kessai_demo::figures;
use kessai_demo::role::Role;
use kessai_shared::console;

#[global_allocator]
static ALLOCATOR: kessai_shared::Allocator = kessai_shared::Allocator;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    let asked = Role::asked(&args);
    let role = asked.or_else(|| Role::called(&args));
    // The list of processes should say what each of them is. Once the memory is our own, so are the
    // files of the process, and nobody but root may write that one any more.
    if let Some(role) = role {
        let _ = std::fs::write("/proc/self/comm", role.name());
    }
    console::start();
    let Some(role) = role else {
        return console::exit("kessai-demo", Cli::parse().run());
    };
    let args = &args[usize::from(asked.is_some())..];
    let end = match role {
        Role::Settlement => kessai_settlement::cli::Cli::parse_from(args).run(),
        Role::Seller => kessai_server::cli::Cli::parse_from(args).run(),
        Role::Terminal => kessai_tui_client::cli::Cli::parse_from(args).run(),
        Role::Load => bench::load::run(args.get(1).and_then(|plan| plan.to_str()).unwrap_or_default()),
        Role::Figure => figures::part::run(args.get(1).and_then(|part| part.to_str()).unwrap_or_default()),
    };
    console::exit(role.name(), end)
}
