//! What is wrong with a scenario, and how that is shown.
//!
//! A [`Finding`] says what is wrong at a key path; readers and checks collect them. A [`Problem`]
//! is a finding that has found its place in a text. All problems are reported at once.

use super::codes::Code;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt;
use std::ops::Range;

/// One thing that is wrong, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its stable code; see [`super::explain`].
    pub code: Code,
    /// The file as it was named, or `--set`.
    pub file: String,
    /// Bytes of the file that are wrong.
    pub span: Range<usize>,
    /// Line, from 1; 0 where the file is no text.
    pub line: usize,
    /// Character within the line, from 1; 0 where the file is no text.
    pub column: usize,
    /// The key, such as `population.exc.params.tau_m`.
    pub path: String,
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
    /// What was probably meant.
    pub help: Option<String>,
    /// The line of the file, for the drawing.
    excerpt: Option<Excerpt>,
}

/// A line and the part of it that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Excerpt {
    text: String,
    span: Range<usize>,
}

/// Lines longer than this are cut around the caret when they are drawn.
const LONGEST_EXCERPT: usize = 400;
/// So many problems are drawn; the rest is counted.
const MOST_DRAWN: usize = 100;

impl Problem {
    /// A problem at some bytes of a text.
    pub(super) fn at(finding: Finding, file: &str, text: &str, span: Range<usize>) -> Problem {
        let start = floor_boundary(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let end = floor_boundary(text, span.end).clamp(start, line_end.max(start));
        let line = 1 + text[..line_start].matches('\n').count();
        let mut problem = Problem::without_text(finding, file);
        problem.column = 1 + text[line_start..start].chars().count();
        problem.line = line;
        problem.excerpt =
            Some(cut(&text[line_start..line_end], start - line_start..end - line_start));
        problem.span = span;
        problem
    }

    /// A problem in a line of a table of numbers.
    pub(super) fn at_line(finding: Finding, file: &str, line: usize, text: &str) -> Problem {
        let mut problem = Problem::without_text(finding, file);
        problem.line = line;
        problem.column = 1;
        problem.excerpt = Some(cut(text, 0..text.len()));
        problem.span = 0..text.len();
        problem
    }

    /// A problem with a file as a whole.
    pub(super) fn without_text(finding: Finding, file: &str) -> Problem {
        Problem {
            code: finding.code,
            file: file.to_string(),
            span: 0..0,
            line: 0,
            column: 0,
            path: finding.path,
            found: finding.found,
            allowed: finding.allowed,
            help: finding.help,
            excerpt: None,
        }
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> String {
        let mut message = String::new();
        if !self.path.is_empty() {
            message.push_str(&format!("`{}`: ", self.path));
        }
        message.push_str(&self.found);
        if !self.allowed.is_empty() {
            message.push_str(&format!("; allowed: {}", self.allowed));
        }
        if let Some(help) = &self.help {
            message.push_str(&format!("; {help}"));
        }
        message
    }

    fn draw(&self, renderer: &Renderer) -> String {
        let title = match self.path.as_str() {
            "" => self.found.clone(),
            path => format!("`{path}`: {}", self.found),
        };
        let title = Level::ERROR.primary_title(title).id(self.code.as_str());
        let footer = self.help.iter().map(|help| Level::HELP.message(help));
        let group = match &self.excerpt {
            Some(excerpt) => {
                let label = match self.allowed.as_str() {
                    "" => None,
                    allowed => Some(format!("allowed: {allowed}")),
                };
                let mark = AnnotationKind::Primary.span(excerpt.span.clone()).label(label);
                let snippet = Snippet::source(excerpt.text.as_str())
                    .line_start(self.line)
                    .path(self.file.as_str())
                    .annotation(mark);
                title.element(snippet).elements(footer)
            }
            None => {
                let note = format!("in {}; allowed: {}", self.file, self.allowed);
                title.element(Level::NOTE.message(note)).elements(footer)
            }
        };
        renderer.render(&[group])
    }
}

impl fmt::Display for Problem {
    /// `file:line:column: code: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { file, line, column, code, .. } = self;
        write!(f, "{file}:{line}:{column}: {code}: {}", self.message())
    }
}

/// The largest boundary between characters that is not behind `at`.
fn floor_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// A line, shortened around the marked part if it is very long.
fn cut(line: &str, span: Range<usize>) -> Excerpt {
    let line = line.trim_end_matches('\r');
    let span = span.start.min(line.len())..span.end.min(line.len());
    if line.len() <= LONGEST_EXCERPT {
        return Excerpt { text: line.to_string(), span };
    }
    let from = floor_boundary(line, span.start.saturating_sub(LONGEST_EXCERPT / 4));
    let to = floor_boundary(line, from + LONGEST_EXCERPT);
    let text = line[from..to].to_string();
    let end = (span.end.min(to) - from).max(span.start - from);
    Excerpt { text, span: span.start - from..end }
}

/// Everything that is wrong with a scenario; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Draws each problem under its line, in colour or not.
    pub fn render(&self, coloured: bool) -> String {
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut text = String::new();
        for problem in self.0.iter().take(MOST_DRAWN) {
            text.push_str(&problem.draw(&renderer));
            text.push_str("\n\n");
        }
        if self.0.len() > MOST_DRAWN {
            text.push_str(&format!("and {} more\n\n", self.0.len() - MOST_DRAWN));
        }
        let count = self.0.len();
        let plural = if count == 1 { "problem" } else { "problems" };
        text.push_str(&format!("{count} {plural}; `saltatory explain CODE` tells more\n"));
        text
    }

    /// One line a problem: `file:line:column: code: message`.
    pub fn lines(&self) -> String {
        self.0.iter().map(|problem| format!("{problem}\n")).collect()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.lines().trim_end())
    }
}

impl std::error::Error for Problems {}

/// What is wrong at a key path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The code.
    pub code: Code,
    /// The key path; empty for the whole scenario.
    pub path: String,
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
    /// What was probably meant.
    pub help: Option<String>,
    /// Whether the key itself is wrong, not its value.
    pub on_key: bool,
}

impl Finding {
    /// The finding in one line, for scenarios that have no file.
    pub fn line(&self) -> String {
        Problem::without_text(self.clone(), "").message()
    }
}

/// Findings, and problems whose place is already known.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub list: Vec<Finding>,
    pub placed: Vec<Problem>,
}

impl Findings {
    /// Adds a finding at a value.
    pub fn add(
        &mut self,
        code: Code,
        path: &str,
        found: impl Into<String>,
        allowed: impl Into<String>,
    ) -> &mut Finding {
        self.list.push(Finding {
            code,
            path: path.to_string(),
            found: found.into(),
            allowed: allowed.into(),
            help: None,
            on_key: false,
        });
        self.list.last_mut().expect("just pushed")
    }

    /// Adds a finding about a name, with the nearest of the valid ones.
    pub fn add_name(&mut self, code: Code, path: &str, what: &str, name: &str, valid: &[&str]) {
        let help = nearest(name, valid).map(|near| format!("did you mean `{near}`?"));
        let found = format!("there is no {what} `{}`", shorten(name));
        self.add(code, path, found, list_of(valid)).help = help;
    }

    /// Whether nothing was found at or below `path`.
    pub fn clean(&self, path: &str) -> bool {
        let below = |other: &str| {
            other.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        !self.list.iter().any(|finding| below(&finding.path))
            && !self.placed.iter().any(|problem| below(&problem.path))
    }

    /// Whether nothing was found at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.placed.is_empty()
    }
}

/// Names as a list for messages.
pub(super) fn list_of(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_string(),
        _ => names.join(", "),
    }
}

/// At most the first 60 characters of a text, for messages.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_string(),
    }
}

/// The valid name that is the fewest edits away, if that is near enough to be meant.
pub(super) fn nearest<'v>(name: &str, valid: &[&'v str]) -> Option<&'v str> {
    if name.len() > 80 {
        return None;
    }
    let (distance, near) = valid.iter().map(|v| (edits(name, v), *v)).min()?;
    (distance <= (name.chars().count() / 3).max(2)).then_some(near)
}

/// The number of insertions, deletions and replacements that turn one word into the other
/// (Levenshtein 1966), capital letters being the same as small ones.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(nearest("tau_n", &["tau_m", "t_ref"]), Some("tau_m"));
        assert_eq!(nearest("Exc", &["inh", "exc"]), Some("exc"));
        assert_eq!(nearest("completely", &["tau_m"]), None);
        assert_eq!(nearest("", &[]), None);
    }

    #[test]
    fn the_caret_stands_under_the_value() {
        let mut findings = Findings::default();
        findings.add(Code::OutOfRange, "b", "found `-1`", "a value greater than zero");
        let text = "a = 1\nµb = \"-1\"\n";
        let finding = findings.list.remove(0);
        let problem = Problem::at(finding, "x.toml", text, 12..16);
        assert_eq!((problem.line, problem.column), (2, 6));
        let drawn = Problems(vec![problem]).render(false);
        let lines: Vec<&str> = drawn.lines().collect();
        let caret = lines.iter().find(|line| line.contains("^^^^")).expect("a caret");
        let source = lines.iter().find(|line| line.contains("µb")).expect("the line");
        assert_eq!(caret.find('^').map(|at| at + 1), source.find("\"-1\""), "{drawn}");
        assert!(drawn.contains("x.toml:2:6") && drawn.contains("S008"), "{drawn}");
    }

    #[test]
    fn spans_beyond_the_text_do_no_harm() {
        for span in [0..0, Range { start: 5, end: 2 }, 100..200, 1..3, 0..100] {
            let mut findings = Findings::default();
            findings.add(Code::Syntax, "", "x", "y");
            for text in ["", "µ", "a\nb", "\n\n\n"] {
                let finding = findings.list[0].clone();
                let problem = Problem::at(finding, "f", text, span.clone());
                assert!(!Problems(vec![problem]).render(true).is_empty());
            }
        }
    }
}
