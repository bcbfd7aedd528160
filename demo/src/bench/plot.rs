//! Throughput against latency: as an SVG, and with characters for those who read text. The latency is
//! on a logarithmic scale, because a queue makes it grow by orders of magnitude.

use std::fmt::Write;

/// One load in a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// What the load was, such as `64`.
    pub label: String,
    pub per_second: f64,
    pub p50_us: f64,
    pub p99_us: f64,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 440.0;
/// Room for axes and labels: left, right, above and below the field, in the units of the SVG.
const MARGIN: (f64, f64, f64, f64) = (80.0, 30.0, 40.0, 60.0);
/// Columns and rows of the field of the plot in characters.
const COLUMNS: usize = 60;
const ROWS: usize = 14;

/// The scales of a plot: throughput from zero, latency between two powers of ten.
struct Scale {
    most: f64,
    decades: (f64, f64),
}

impl Scale {
    fn of(points: &[Point]) -> Self {
        let most = points.iter().map(|point| point.per_second).fold(1.0, f64::max);
        let times = || points.iter().flat_map(|point| [point.p50_us, point.p99_us]).map(|us| us.max(1.0));
        let least = times().fold(f64::INFINITY, f64::min).log10().floor();
        let longest = times().fold(1.0, f64::max).log10().ceil();
        let least = if least.is_finite() { least } else { 0.0 };
        Self { most: nice(most), decades: (least, longest.max(least + 1.0)) }
    }

    /// Where a throughput lies, from 0 at the left to 1.
    fn x(&self, per_second: f64) -> f64 {
        (per_second / self.most).clamp(0.0, 1.0)
    }

    /// Where a latency lies, from 0 at the bottom to 1.
    fn y(&self, micros: f64) -> f64 {
        let (least, most) = self.decades;
        ((micros.max(1.0).log10() - least) / (most - least)).clamp(0.0, 1.0)
    }

    /// The whole powers of ten, in microseconds.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let (least, most) = self.decades;
        (least as i32..=most as i32).map(|power| 10_f64.powi(power))
    }
}

/// The next number up that is 1, 2 or 5 times a power of ten.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|step| step * power).into_iter().find(|round| *round >= value).unwrap_or(value)
}

fn time(micros: f64) -> String {
    match micros {
        us if us >= 1e6 => format!("{} s", us / 1e6),
        us if us >= 1e3 => format!("{} ms", us / 1e3),
        us => format!("{us} µs"),
    }
}

/// The plot as an SVG document.
pub fn svg(points: &[Point], what: &str) -> String {
    let scale = Scale::of(points);
    let (left, right, top, bottom) = MARGIN;
    let x = |per_second: f64| left + scale.x(per_second) * (WIDTH - left - right);
    let y = |micros: f64| HEIGHT - bottom - scale.y(micros) * (HEIGHT - top - bottom);
    let (floor, end) = (HEIGHT - bottom, WIDTH - right);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{left}\" y=\"24\" font-size=\"14\">Latency of a purchase against purchases a second, \
         by {what}</text>\n"
    );
    for tick in scale.ticks() {
        let (at, name) = (y(tick), time(tick));
        let _ = writeln!(svg, "<path d=\"M{left} {at:.1}H{end}\" stroke=\"#ddd\"/>");
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>",
            left - 8.0,
            at + 4.0
        );
    }
    for part in 0..=4 {
        let value = scale.most * f64::from(part) / 4.0;
        let at = x(value);
        let _ = writeln!(svg, "<path d=\"M{at:.1} {floor}v5\" stroke=\"#222\"/>");
        let _ = writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{value:.0}</text>",
            floor + 20.0
        );
    }
    let _ = writeln!(svg, "<path d=\"M{left} {top}V{floor}H{end}\" fill=\"none\" stroke=\"#222\"/>");
    let middle = (left + end) / 2.0;
    let _ = writeln!(
        svg,
        "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">purchases a second</text>",
        HEIGHT - 16.0
    );
    let turned = format!("transform=\"rotate(-90 18 {0})\" x=\"18\" y=\"{0}\"", (top + floor) / 2.0);
    let _ = writeln!(svg, "<text {turned} text-anchor=\"middle\">latency (logarithmic)</text>");
    line(&mut svg, points, ("p50", "#1f5fa8"), |point| (x(point.per_second), y(point.p50_us)));
    line(&mut svg, points, ("p99", "#b5452c"), |point| (x(point.per_second), y(point.p99_us)));
    for point in points {
        let (at, under) = (x(point.per_second), y(point.p50_us) + 18.0);
        let _ = writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{under:.1}\" text-anchor=\"middle\">{}</text>",
            point.label
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn line(svg: &mut String, points: &[Point], (name, colour): (&str, &str), at: impl Fn(&Point) -> (f64, f64)) {
    let path: Vec<_> = points.iter().map(&at).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
        path.join(" ")
    );
    for (x, y) in points.iter().map(&at) {
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
    }
    if let Some((x, y)) = points.last().map(at) {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\" text-anchor=\"end\">{name}</text>",
            x - 8.0,
            y - 6.0
        );
    }
}

/// The plot with characters: `o` for the median, `+` for p99.
pub fn text(points: &[Point], what: &str) -> String {
    let scale = Scale::of(points);
    let mut field = vec![vec![' '; COLUMNS + 1]; ROWS + 1];
    for (mark, latency) in [('+', (|p| p.p99_us) as fn(&Point) -> f64), ('o', |p| p.p50_us)] {
        for point in points {
            let column = (scale.x(point.per_second) * COLUMNS as f64).round() as usize;
            let row = ROWS - (scale.y(latency(point)) * ROWS as f64).round() as usize;
            field[row][column] = mark;
        }
    }
    for tick in scale.ticks() {
        let row = ROWS - (scale.y(tick) * ROWS as f64).round() as usize;
        field[row].iter_mut().filter(|at| **at == ' ').step_by(2).for_each(|at| *at = '·');
    }
    let mut text = format!("  o p50, + p99 of a purchase, from left to right by {what}\n");
    for (row, marks) in field.iter().enumerate() {
        let here = |tick: &f64| ROWS - (scale.y(*tick) * ROWS as f64).round() as usize == row;
        let name = scale.ticks().find(here).map(time).unwrap_or_default();
        let marks: String = marks.iter().collect();
        let _ = writeln!(text, "  {name:>8} │{}", marks.trim_end());
    }
    let _ = writeln!(text, "  {:>8} └{}", "", "─".repeat(COLUMNS + 1));
    let most = format!("{:.0}", scale.most);
    let _ = writeln!(text, "  {:>8}  0{most:>COLUMNS$} a second", "");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(label: &str, per_second: f64, p50_us: f64, p99_us: f64) -> Point {
        Point { label: label.to_owned(), per_second, p50_us, p99_us }
    }

    #[test]
    fn more_is_further_right_and_longer_is_further_up() {
        let points = [point("1", 400.0, 500.0, 900.0), point("64", 9_000.0, 7_000.0, 20_000.0)];
        let scale = Scale::of(&points);
        assert_eq!((scale.most, scale.decades), (10_000.0, (2.0, 5.0)));
        assert_eq!((scale.x(5_000.0), scale.y(1_000.0), scale.y(100_000.0)), (0.5, 1.0 / 3.0, 1.0));
        let drawn = text(&points, "purchases outstanding");
        assert_eq!((drawn.matches(" │").count(), drawn.matches("10 ms").count()), (ROWS + 1, 1), "{drawn}");
        let row = |mark: char| drawn.lines().skip(1).position(|line| line.contains(mark)).expect("a mark");
        assert!(row('+') < row('o'), "{drawn}");
        let svg = svg(&points, "purchases outstanding");
        assert_eq!((svg.matches("<polyline").count(), svg.matches("<circle").count()), (2, 4));
        assert!(svg.contains(">64</text>") && svg.contains(">10000</text>") && svg.contains("100 µs"));
    }

    #[test]
    fn a_plot_of_nothing_or_of_one_point_is_a_plot() {
        for points in [vec![], vec![point("1", 0.0, 0.0, 0.0)]] {
            assert!(text(&points, "x").contains("a second"));
            assert!(!svg(&points, "x").contains("NaN"));
        }
    }
}
