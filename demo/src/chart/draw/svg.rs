//! SVG that stands by itself: text as text, light and dark as the reader's screen is, no script and nothing
//! from elsewhere.

use std::fmt::Write;

/// The look of every picture. Classes carry meaning; colours follow the reader's scheme.
const STYLE: &str = "
text { font-family: ui-sans-serif, system-ui, sans-serif; font-size: 14px; fill: #1c2330; }
.page { fill: #ffffff; }
.mono { font-family: ui-monospace, monospace; font-size: 12px; }
.title { font-size: 18px; font-weight: 600; }
.strong { font-weight: 600; }
.small { font-size: 12px; }
.dim { fill: #5b6472; }
.halo { stroke: #ffffff; stroke-width: 5px; stroke-linejoin: round; paint-order: stroke; }
.danger { fill: #b42318; }
.safe { fill: #14713a; }
.box { fill: #f5f7fa; stroke: #98a2b3; stroke-width: 1.2; }
.box-danger { fill: #fdecea; stroke: #b42318; stroke-width: 2; }
.cell-safe { fill: #eaf6ee; }
.cell-danger { fill: #fdecea; }
.rule { stroke: #d5dae1; stroke-width: 1; fill: none; }
.life { stroke: #b3bbc7; stroke-width: 1.2; stroke-dasharray: 3 4; fill: none; }
.go { fill: none; stroke-width: 1.8; }
.w0 { stroke: #1d5fd1; } .f0 { fill: #1d5fd1; }
.w1 { stroke: #0b7a6b; } .f1 { fill: #0b7a6b; }
.w2 { stroke: #7a3fd0; } .f2 { fill: #7a3fd0; }
.w3 { stroke: #9a5b05; } .f3 { fill: #9a5b05; }
.wx { stroke: #b42318; } .fx { fill: #b42318; }
@media (prefers-color-scheme: dark) {
text { fill: #e6e9ef; }
.page { fill: #10151c; }
.dim { fill: #a3acba; }
.halo { stroke: #10151c; }
.danger { fill: #ff8a80; }
.safe { fill: #6fd695; }
.box { fill: #1a212b; stroke: #667085; }
.box-danger { fill: #3a1a1a; stroke: #ff8a80; }
.cell-safe { fill: #14271b; }
.cell-danger { fill: #331a1a; }
.rule { stroke: #2c3542; }
.life { stroke: #4a5565; }
.w0 { stroke: #7cb0ff; } .f0 { fill: #7cb0ff; }
.w1 { stroke: #4fd1b5; } .f1 { fill: #4fd1b5; }
.w2 { stroke: #c4a7ff; } .f2 { fill: #c4a7ff; }
.w3 { stroke: #f2b45c; } .f3 { fill: #f2b45c; }
.wx { stroke: #ff8a80; } .fx { fill: #ff8a80; }
}
";

/// Classes of wires: the fifth looks as the first does.
const WIRES: usize = 4;

/// How wide a cell of text is at most at the usual size, in pixels, where fonts differ.
pub const CELL: usize = 8;

/// A picture that is put together from above to below.
pub struct Svg {
    title: String,
    about: String,
    width: usize,
    body: String,
}

/// The class of a wire's lines, or of what a card could be read on.
pub fn wire_class(wire: usize, exposed: bool) -> String {
    if exposed { "wx".to_owned() } else { format!("w{}", wire % WIRES) }
}

/// The class of what a wire's lines end with.
pub fn fill_class(wire: usize, exposed: bool) -> String {
    if exposed { "fx".to_owned() } else { format!("f{}", wire % WIRES) }
}

/// Text as XML takes it: what is markup is escaped, and what XML has no form of is replaced.
pub fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                safe.push(char::REPLACEMENT_CHARACTER)
            }
            c => safe.push(c),
        }
    }
    safe
}

impl Svg {
    /// So many pixels wide. The title is its name and the text about it is read to those who cannot see it.
    pub fn new(title: &str, about: &str, width: usize) -> Self {
        Self { title: title.to_owned(), about: about.to_owned(), width, body: String::new() }
    }

    pub fn text(&mut self, x: usize, y: usize, anchor: &str, class: &str, text: &str) {
        let text = escaped(text);
        self.add(format_args!(
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"
        ));
    }

    pub fn line(&mut self, (x1, y1): (usize, usize), (x2, y2): (usize, usize), class: &str) {
        self.add(format_args!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" class=\"{class}\"/>"));
    }

    pub fn rect(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), class: &str) {
        let size = format!("width=\"{width}\" height=\"{height}\"");
        self.add(format_args!("<rect x=\"{x}\" y=\"{y}\" {size} rx=\"5\" class=\"{class}\"/>"));
    }

    /// The head of an arrow whose point is here.
    pub fn head(&mut self, x: usize, y: usize, rightwards: bool, class: &str) {
        let back = if rightwards { "-10" } else { "10" };
        self.add(format_args!("<path d=\"M{x} {y} l{back} -4.5 v9 z\" class=\"{class}\"/>"));
    }

    pub fn dot(&mut self, x: usize, y: usize, class: &str) {
        self.add(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"5\" class=\"{class}\"/>"));
    }

    /// Another picture within this one, at this height.
    pub fn inset(&mut self, y: usize, other: &Self) {
        self.add(format_args!("<g transform=\"translate(0 {y})\">"));
        self.body.push_str(&other.body);
        self.add(format_args!("</g>"));
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing into a text does not fail.
        let _ = writeln!(self.body, "{element}");
    }

    /// The file, for a picture of this height in pixels.
    pub fn finish(self, height: usize) -> String {
        let Self { title, about, width, body } = self;
        let (title, about) = (escaped(&title), escaped(&about));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-labelledby=\"title about\">\n<title id=\"title\">{title}</title>\n\
             <desc id=\"about\">{about}</desc>\n<style>{STYLE}</style>\n\
             <rect width=\"{width}\" height=\"{height}\" class=\"page\"/>\n{body}</svg>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let mut svg = Svg::new("</title><script>", "\"a\" & b", 100);
        svg.text(1, 2, "start", "dim", "<b>\u{1b}'\u{ffff}");
        let file = svg.finish(50);
        assert!(file.contains("&lt;/title&gt;&lt;script&gt;") && !file.contains("<script"), "{file}");
        assert!(file.contains(">&lt;b&gt;\u{fffd}&#39;\u{fffd}</text>"), "{file}");
    }
}
