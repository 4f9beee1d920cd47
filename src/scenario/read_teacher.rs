//! Reading teachers and their scores.

use super::codes::Code;
use super::columns::{self, Column};
use super::read::{At, Fields, Reader};
use super::read_population::index_below;
use super::read_scenario::Names;
use super::{Phase, Score, Teacher};
use crate::base::{Span, Tick, Unit};

/// The keys of a teacher, in the order of the manual.
pub(super) const KEYS: [&str; 10] =
    ["target", "score", "elements", "element", "on", "off", "ramp", "step", "phases", "clamp"];

/// More elements than anybody types.
const MOST_ELEMENTS: u64 = 1_000_000;

impl Reader<'_> {
    /// One `[[teacher]]`.
    pub fn teacher(&mut self, at: &At<'_>, names: &Names) -> Option<Teacher> {
        let fields = self.table(at, &KEYS)?;
        let target = self.required(&fields, "target", "the name of a population");
        let target = target.and_then(|at| self.target_name(&at, names));
        let elements = self.required(&fields, "elements", "how many elements");
        let elements = elements.and_then(|at| self.integer(&at, 1, MOST_ELEMENTS));
        let element = self.required(&fields, "element", "a time such as \"10 ms\"");
        let element = element.and_then(|at| self.span(&at));
        let step = match fields.find("step") {
            Some(at) => self.span(&at),
            None => Some(Span::from_whole_ms(1)),
        };
        let on_mv = self.potential(&fields, "on", -50.0);
        let off_mv = self.potential(&fields, "off", -70.0);
        let clamp_mv = self.potential(&fields, "clamp", -70.0);
        let ramp_ms = match fields.find("ramp") {
            Some(at) => self.quantity(&at, Unit::Ms),
            None => Some(1.0),
        };
        let phases = self.required(&fields, "phases", "[[\"0 s\", \"teach\"], ...]");
        let phases = phases.and_then(|at| self.phases(&at));
        let score = self.required(&fields, "score", "\"x.csv\", or a list of lists");
        let population = target?;
        let size = names.read.get(population)?.size;
        let score = self.score(&score?, elements?, size);
        let grid = |span: Span| match span.0 {
            0 => span,
            _ => self.grid.nearest_delay(span),
        };
        let (element, step) = (grid(element?), grid(step?));
        Some(Teacher {
            population,
            score: score?,
            element,
            step,
            on_mv: on_mv?,
            off_mv: off_mv?,
            ramp_ms: ramp_ms?,
            clamp_mv: clamp_mv?,
            phases: phases?,
        })
    }

    fn potential(&mut self, fields: &Fields<'_>, key: &str, default: f64) -> Option<f64> {
        match fields.find(key) {
            Some(at) => self.quantity(&at, Unit::Mv),
            None => Some(default),
        }
    }

    fn phases(&mut self, at: &At<'_>) -> Option<Vec<(Tick, Phase)>> {
        let items = self.list(at, "a list of pairs such as [\"0 s\", \"teach\"]")?;
        let mut phases = Vec::new();
        for item in &items {
            let Some([start, word]) = self.pair(item, "a time and a phase") else { continue };
            let start = self.span(&start);
            let word = self.word(&word, "phase", &Phase::ALL.map(Phase::name));
            if let (Some(start), Some(word)) = (start, word) {
                let phase = Phase::ALL.into_iter().find(|phase| phase.name() == word);
                phases.push((self.grid.nearest(Tick(start.0)), phase?));
            }
        }
        (phases.len() == items.len()).then_some(phases)
    }

    /// A file with the columns `element` and `neuron`, or for each element a list of neurons.
    fn score(&mut self, at: &At<'_>, elements: u64, size: u32) -> Option<Score> {
        if !at.is_list() {
            return self.score_file(at, elements, size);
        }
        let items = self.list(at, "a list of lists of neurons")?;
        if items.len() as u64 != elements {
            let found = format!("found {} elements", items.len());
            self.findings.add(Code::WrongCount, &at.path, found, elements.to_string());
            return None;
        }
        let mut score = Vec::new();
        for item in &items {
            let mut element = self.indices(item)?;
            element.sort_unstable();
            score.push(element);
        }
        Some(Score { elements: score, file: None })
    }

    fn score_file(&mut self, at: &At<'_>, elements: u64, size: u32) -> Option<Score> {
        let (name, bytes) = self.file(at)?;
        let column = |name| Column { name, required: true };
        let wanted = [column("element"), column("neuron")];
        let mut table = columns::read(&name, &at.path, &bytes, &wanted, &mut self.findings)?;
        let mut ends = [0, 1].map(|k| table.columns[k].take().unwrap_or_default());
        let mut score = vec![Vec::new(); elements as usize];
        let (neurons, times) = (ends[1].split_off(0), ends[0].split_off(0));
        let before = self.findings.placed.len();
        for (row, (time, neuron)) in times.into_iter().zip(neurons).enumerate() {
            let most = elements.min(u64::from(u32::MAX)) as u32;
            match (index_below(time, most), index_below(neuron, size)) {
                (Some(time), Some(neuron)) => score[time as usize].push(neuron),
                _ => {
                    let found = format!("element {time}, neuron {neuron}");
                    let allowed = format!("elements below {elements}, neurons below {size}");
                    let code = Code::NotInPopulation;
                    table.row(code, row, found, allowed, &mut self.findings);
                }
            }
        }
        score.iter_mut().for_each(|element| element.sort_unstable());
        let file = Some(name);
        (self.findings.placed.len() == before).then_some(Score { elements: score, file })
    }
}
