//! From a text, with the files and overrides that belong to it, to a scenario.

use super::codes::Code;
use super::files::ReadFile;
use super::problem::{Findings, Problem, Problems};
use super::read::{At, Fields, Reader};
use super::tree::{self, Node, OVERRIDE_FILE, Override, Source};
use super::{Population, Projection, Record, Scenario, check, check_input, plasticity};
use super::{pruning, teacher};
use crate::base::{Resolution, Span, Unit};

/// The keys at the top of a scenario file.
const KEYS: [&str; 11] = [
    "title",
    "seed",
    "duration",
    "resolution",
    "population",
    "projection",
    "background",
    "current",
    "teacher",
    "record",
    "scale",
];

/// The populations, as far as they could be read.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Every name in the file, with the index in `read` of those that could be read.
    pub all: Vec<(String, Option<usize>)>,
    /// The populations that could be read.
    pub read: Vec<Population>,
}

/// Reads a scenario. Overrides change the file's values before anything is checked; `files`
/// gives the contents of edge lists and spike trains.
///
/// # Errors
/// Everything that is wrong, each with its place.
///
/// # Examples
/// ```
/// use saltatory::scenario::{NoFiles, Source, parse};
/// let text = "duration = \"1 s\"\n[population.p]\nmodel = \"poisson\"\nsize = 3\n";
/// let problems = parse(&Source::new("a.toml", text), &NoFiles, &[]).unwrap_err();
/// assert_eq!(
///     problems.lines(),
///     "a.toml:2:1: S004: `population.p`: `params` is missing; \
///      allowed: params = { rate = \"12 Hz\" }\n",
/// );
/// ```
pub fn parse(
    source: &Source,
    files: &dyn ReadFile,
    overrides: &[Override],
) -> Result<Scenario, Problems> {
    let mut findings = Findings::default();
    let Some(mut root) = tree::parse(source, &mut findings) else {
        return Err(Problems(sorted(findings.placed)));
    };
    for (index, Override(text)) in overrides.iter().enumerate() {
        tree::apply(&mut root, text, index + 1, &mut findings);
    }
    let mut reader = Reader { files, findings, grid: Resolution::FINEST };
    let scenario = reader.scenario(&root);
    match scenario {
        Some(scenario) if reader.findings.is_empty() => Ok(scenario),
        _ => Err(place(reader.findings, &root, source, overrides)),
    }
}

/// Gives each finding its place in the text that holds its key path.
fn place(findings: Findings, root: &Node, source: &Source, overrides: &[Override]) -> Problems {
    let mut problems = findings.placed;
    for finding in findings.list {
        let place = root.locate(&finding.path, finding.on_key);
        let (file, text) = match place.source {
            0 => (source.name.as_str(), source.text.as_str()),
            index => (OVERRIDE_FILE, overrides[index - 1].0.as_str()),
        };
        problems.push(Problem::at(finding, file, text, place.span));
    }
    Problems(sorted(problems))
}

/// In the order of files and lines, the same problem once.
fn sorted(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by(|a, b| {
        (&a.file, a.line, a.column, a.code).cmp(&(&b.file, b.line, b.column, b.code))
    });
    problems.dedup();
    problems
}

impl Reader<'_> {
    /// The whole file. `None` only where something was reported.
    fn scenario(&mut self, root: &Node) -> Option<Scenario> {
        let root = At { node: root, path: String::new() };
        let fields = self.table(&root, &KEYS)?;
        let title = fields.find("title").and_then(|at| self.text(&at, "a text"));
        let seed = match fields.find("seed") {
            Some(at) => self.integer(&at, 0, u64::MAX).unwrap_or(1),
            None => 1,
        };
        let duration = self.required(&fields, "duration", "a time such as \"1 s\"");
        let duration = duration.and_then(|at| self.span(&at));
        self.resolution(&fields);
        let names = self.populations(&fields);
        let mut scenario = Scenario {
            title: title.unwrap_or_default().to_string(),
            seed,
            duration: duration.unwrap_or(Span(u64::MAX)),
            resolution: self.grid,
            populations: Vec::new(),
            projections: self.projections(&fields, &names),
            backgrounds: Vec::new(),
            currents: Vec::new(),
            teachers: Vec::new(),
            record: Record::default(),
        };
        for at in self.tables(&fields, "background") {
            if let Some(background) = self.background(&at, &names) {
                check_input::background(&names.read, &background, &at.path, &mut self.findings);
                scenario.backgrounds.push(background);
            }
        }
        for at in self.tables(&fields, "current") {
            if let Some(current) = self.current(&at, &names) {
                check_input::current(&names.read, &current, &at.path, &mut self.findings);
                scenario.currents.push(current);
            }
        }
        for at in self.tables(&fields, "teacher") {
            if let Some(teacher) = self.teacher(&at, &names) {
                teacher::check(&names.read, &teacher, &at.path, &mut self.findings);
                scenario.teachers.push(teacher);
            }
        }
        if let Some(at) = fields.find("record") {
            scenario.record = self.record(&at, &names);
            pruning::refuse_samples(&scenario, &mut self.findings);
            plasticity::refuse_samples(&scenario, &mut self.findings);
        }
        let scale = fields.find("scale").and_then(|at| self.scale(&at, &names));
        scenario.populations = names.read;
        if duration.is_some() {
            check::times(&scenario, &mut self.findings);
        }
        if let Some(scale) = scale.filter(|_| self.findings.is_empty()) {
            self.findings.list.extend(scale.apply(&mut scenario).err().unwrap_or_default());
        }
        duration.map(|_| scenario)
    }

    fn resolution(&mut self, fields: &Fields<'_>) {
        let Some(at) = fields.find("resolution") else { return };
        let Some(ms) = self.quantity(&at, Unit::Ms) else { return };
        let span = Span::from_ms(ms).filter(|span| (span.ms() - ms).abs() <= 1e-12 * ms);
        match span.and_then(Resolution::new) {
            Some(grid) => self.grid = grid,
            None => {
                let found = format!("found {}", at.node.describe());
                let allowed = "a whole number of ns, at least one";
                self.findings.add(Code::Time, &at.path, found, allowed);
            }
        }
    }

    fn populations(&mut self, fields: &Fields<'_>) -> Names {
        let mut names = Names::default();
        let at = self.required(fields, "population", "[population.NAME]");
        let Some(at) = at else { return names };
        let Some(fields) = self.open_table(&at, "[population.NAME]") else { return names };
        for (name, at) in fields.all() {
            let population = self.population(name, &at);
            let index = population.is_some().then_some(names.read.len());
            match &population {
                Some(population) => check::population(population, &at.path, &mut self.findings),
                None => check::name(name, &at.path, &mut self.findings),
            }
            names.all.push((name.to_string(), index));
            names.read.extend(population);
        }
        if names.all.is_empty() {
            let found = "there is no population";
            self.findings.add(Code::MissingKey, &at.path, found, "[population.NAME]");
        }
        check::sizes(&names.read, &mut self.findings);
        names
    }

    fn projections(&mut self, fields: &Fields<'_>, names: &Names) -> Vec<Projection> {
        let mut projections = Vec::new();
        for at in self.tables(fields, "projection") {
            if let Some(projection) = self.projection(&at, names) {
                check::projection(&names.read, &projection, &at.path, &mut self.findings);
                projections.push(projection);
            }
        }
        projections
    }

    /// The items of a list of tables such as `[[projection]]`.
    fn tables<'n>(&mut self, fields: &Fields<'n>, key: &str) -> Vec<At<'n>> {
        let list = fields.find(key).and_then(|at| self.list(&at, &format!("[[{key}]]")));
        list.unwrap_or_default()
    }
}
