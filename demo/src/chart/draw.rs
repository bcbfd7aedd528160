//! What all pictures are drawn with: a canvas of cells for terminals, and SVG.

pub mod canvas;
pub mod svg;
pub mod wrap;

pub use canvas::{Canvas, Ink, Paint};
pub use svg::Svg;
