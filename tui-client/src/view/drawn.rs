//! What a drawing tells besides its cells.

use kessai_shared::picture::PictureName;
use ratatui::layout::{Position, Rect};

pub use crate::app::event::Target;

/// What whoever shows a drawing has to know of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Where the real cursor stands: in the text field, so that input methods show there what is composed.
    /// `None` hides it.
    pub cursor: Option<Position>,
    /// What a click means, and where. The first that holds a place counts.
    pub spots: Vec<Spot>,
    /// The product's picture, when one is drawn: in half blocks, until a terminal that takes pixels is given it.
    pub picture: Option<Placed>,
}

/// A picture and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    pub name: PictureName,
    pub area: Rect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    pub area: Rect,
    pub target: Target,
}
