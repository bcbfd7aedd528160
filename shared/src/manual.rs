//! What a program says of itself for shells and for `man`: the same command in all of our programs.

use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory, Subcommand};
use clap_complete::Shell;

use crate::console::{Failure, OK};

/// What can be made from the command line that a program understands.
#[derive(Subcommand, Clone, Debug)]
pub enum Generate {
    /// Print what a shell needs to complete this program's commands.
    Completions { shell: Shell },
    /// Write a manual page for this program and each of its commands.
    Man {
        /// The folder to write them to; it is made when it is not there.
        dir: PathBuf,
    },
}

impl Generate {
    /// Carries the command out for the program whose command line `C` is.
    ///
    /// # Errors
    /// [`Failure`] when standard output or the folder cannot be written to.
    pub fn run<C: CommandFactory>(self) -> Result<u8, Failure> {
        let mut command = C::command();
        match self {
            Generate::Completions { shell } => {
                let (name, mut script) = (command.get_name().to_owned(), Vec::new());
                clap_complete::generate(shell, &mut command, name, &mut script);
                print!("{}", String::from_utf8_lossy(&script));
            }
            Generate::Man { dir } => {
                std::fs::create_dir_all(&dir).map_err(|error| unwritten(&dir, &error))?;
                command = command.disable_help_subcommand(true);
                command.build();
                let mut pages = 0;
                pages_of(&command, &dir, &mut pages)?;
                println!("{pages} pages in {}", dir.display());
            }
        }
        Ok(OK)
    }
}

/// A page for a command and one for each of those below it: `kessai-server-orders-list.1`.
fn pages_of(command: &Command, dir: &Path, pages: &mut u32) -> Result<(), Failure> {
    let page = clap_mangen::Man::new(command.clone());
    let file = dir.join(page.get_filename());
    let mut text = Vec::new();
    page.render(&mut text)?;
    std::fs::write(&file, text).map_err(|error| unwritten(&file, &error))?;
    *pages += 1;
    let below = command.get_subcommands().filter(|below| !below.is_hide_set());
    for below in below {
        pages_of(below, dir, pages)?;
    }
    Ok(())
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{}: cannot be written: {error}", path.display()))
}
