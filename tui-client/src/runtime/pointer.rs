//! From the mouse to the model's events: what was drawn tells what is where.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use crate::app::Outside;
use crate::view::Drawn;

/// What a movement of the mouse is to the model, if it is anything.
pub fn event(mouse: MouseEvent, drawn: &Drawn) -> Option<Outside> {
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => {
            let place = Position { x: mouse.column, y: mouse.row };
            let spot = drawn.spots.iter().find(|spot| spot.area.contains(place));
            spot.map(|spot| Outside::Point(spot.target))
        }
        MouseEventKind::ScrollUp => Some(Outside::Wheel(-1)),
        MouseEventKind::ScrollDown => Some(Outside::Wheel(1)),
        MouseEventKind::Down(_)
        | MouseEventKind::Up(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => None,
    }
}
