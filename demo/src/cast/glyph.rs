//! Lines and blocks, which are drawn rather than written: in a font they rarely meet from row to row.

/// Which ways a line goes from the middle of its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arms {
    pub up: bool,
    pub right: bool,
    pub down: bool,
    pub left: bool,
}

/// A filled part of a cell: left, top, right and bottom in eighths, and how dense.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    pub left: u8,
    pub top: u8,
    pub right: u8,
    pub bottom: u8,
    pub density: f32,
}

/// The arms of a line character.
pub fn arms(letter: char) -> Option<Arms> {
    let (up, right, down, left) = match letter {
        '─' | '━' => (false, true, false, true),
        '│' | '┃' => (true, false, true, false),
        '┌' | '╭' => (false, true, true, false),
        '┐' | '╮' => (false, false, true, true),
        '└' | '╰' => (true, true, false, false),
        '┘' | '╯' => (true, false, false, true),
        '├' => (true, true, true, false),
        '┤' => (true, false, true, true),
        '┬' => (false, true, true, true),
        '┴' => (true, true, false, true),
        '┼' => (true, true, true, true),
        _other => return None,
    };
    Some(Arms { up, right, down, left })
}

/// The part of the cell that a block character fills.
pub fn block(letter: char) -> Option<Block> {
    let whole = Block { left: 0, top: 0, right: 8, bottom: 8, density: 1.0 };
    Some(match letter {
        '█' => whole,
        '▀' => Block { bottom: 4, ..whole },
        '▌' => Block { right: 4, ..whole },
        '▐' => Block { left: 4, ..whole },
        '░' => Block { density: 0.25, ..whole },
        '▒' => Block { density: 0.5, ..whole },
        '▓' => Block { density: 0.75, ..whole },
        // One to seven eighths, from the bottom up.
        '▁'..='▇' => {
            let eighths = u8::try_from(u32::from(letter) - 0x2580).unwrap_or(8);
            Block { top: 8 - eighths, ..whole }
        }
        // Seven to one eighth, from the left.
        '▉'..='▏' => {
            let eighths = u8::try_from(0x2590 - u32::from(letter)).unwrap_or(8);
            Block { right: eighths, ..whole }
        }
        _other => return None,
    })
}
