//! Pictures of recordings: an asciicast (v2) becomes one animated SVG, which needs no script and no player.

mod frames;
mod glyph;
mod palette;
mod read;
mod svg;

pub use frames::{Frame, frames};
pub use read::{Recording, read};
pub use svg::draw;

use std::path::PathBuf;

use clap::Args;
use kessai_shared::console::{Failure, OK};

#[derive(Args)]
pub struct CastToSvg {
    /// The recording.
    #[arg(value_name = "IN.cast")]
    from: PathBuf,
    /// The picture.
    #[arg(value_name = "OUT.svg")]
    to: PathBuf,
}

/// Makes the picture.
///
/// # Errors
/// [`Failure`] when the recording is none, shows nothing, or the picture cannot be written.
pub fn run(command: &CastToSvg) -> Result<u8, Failure> {
    let recording = read(&command.from)?;
    let frames = frames(&recording);
    if frames.is_empty() {
        return Err(Failure::failed(format!("{}: nothing is to be seen in it", command.from.display())));
    }
    std::fs::write(&command.to, draw(&frames))
        .map_err(|error| Failure::failed(format!("{}: {error}", command.to.display())))?;
    Ok(OK)
}
