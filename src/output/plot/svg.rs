//! The little of SVG that the pictures need.

use std::fmt::Write;

/// Where a text is anchored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It starts there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub struct TextStyle {
    /// Height in pixels.
    pub size: f64,
    /// Colour.
    pub fill: &'static str,
    /// Anchor.
    pub anchor: Anchor,
    /// Whether it is bold.
    pub bold: bool,
}

/// A picture under construction. The origin is the upper left corner.
pub struct Svg {
    text: String,
}

/// The colour of axes and words.
pub const INK: &str = "#333333";
/// The colour of words that matter less.
pub const PALE_INK: &str = "#777777";
/// The colour of grid lines.
pub const GRID: &str = "#e8e8e8";

impl Svg {
    /// A white picture.
    pub fn new(width: f64, height: f64) -> Svg {
        let mut svg = Svg { text: String::new() };
        svg.push(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" \
             font-family=\"Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
        ));
        svg
    }

    fn push(&mut self, arguments: std::fmt::Arguments<'_>) {
        self.text.write_fmt(arguments).expect("a String takes everything");
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str, width: f64) {
        let [(x1, y1), (x2, y2)] = [from, to].map(|(x, y)| (short(x), short(y)));
        self.push(format_args!(
            "<path d=\"M{x1} {y1}L{x2} {y2}\" stroke=\"{stroke}\" stroke-width=\"{width}\"/>\n"
        ));
    }

    /// A path that is stroked; `round` makes its pieces end in half discs, so that a piece of no
    /// length is a dot.
    pub fn stroke(&mut self, path: &str, stroke: &str, width: f64, round: bool) {
        let ends = if round { " stroke-linecap=\"round\"" } else { " stroke-linejoin=\"round\"" };
        let width = short(width);
        self.push(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\"{ends}/>\n"
        ));
    }

    /// A path that is filled.
    pub fn fill(&mut self, path: &str, fill: &str, opacity: f64) {
        let line =
            format_args!("<path d=\"{path}\" fill=\"{fill}\" fill-opacity=\"{opacity}\"/>\n");
        self.text.write_fmt(line).expect("a String takes everything");
    }

    /// Words.
    pub fn words(&mut self, x: f64, y: f64, style: TextStyle, words: &str) {
        self.text_with(x, y, style, "", words);
    }

    /// Words that are read from below, turned about their anchor.
    pub fn words_upwards(&mut self, x: f64, y: f64, style: TextStyle, words: &str) {
        let turn = format!(" transform=\"rotate(-90 {} {})\"", short(x), short(y));
        self.text_with(x, y, style, &turn, words);
    }

    fn text_with(&mut self, x: f64, y: f64, style: TextStyle, attributes: &str, words: &str) {
        let anchor = match style.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let weight = if style.bold { " font-weight=\"600\"" } else { "" };
        let (x, y, words) = (short(x), short(y), escape(words));
        let TextStyle { size, fill, .. } = style;
        self.push(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{fill}\" \
             text-anchor=\"{anchor}\"{weight}{attributes}>{words}</text>\n"
        ));
    }

    /// The whole picture.
    pub fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }
}

/// A coordinate to a hundredth of a pixel, in as few characters as that takes.
pub fn short(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

fn escape(words: &str) -> String {
    let mut text = String::new();
    for letter in words.chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            // XML has no way to write most control characters.
            other if other.is_control() => text.push(' '),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short_and_words_escaped() {
        assert_eq!([1.0, 2.345_6, -0.001].map(short), ["1", "2.35", "0"]);
        let mut svg = Svg::new(10.0, 10.0);
        let style = TextStyle { size: 10.0, fill: INK, anchor: Anchor::Start, bold: false };
        svg.words(0.0, 0.0, style, "a<b & \"c\"\u{7}");
        let text = svg.finish();
        assert!(text.contains("a&lt;b &amp; &quot;c&quot; <"), "{text}");
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"));
    }
}
