//! Reading projections and their edge lists.

use super::codes::Code;
use super::columns::{self, Column, Columns};
use super::read::{At, Fields, Reader};
use super::read_population::index_below;
use super::read_scenario::Names;
use super::{Connect, DelayOf, Distribution, EdgeFile, Edges, Growth, Plasticity, Projection};
use crate::base::{Span, Unit};
use crate::neuron::{Descriptor, receptor};
use crate::synapse::LONGEST_DELAY;

/// The connection rules, each with the keys that it takes beside `rule`, `autapses`, `multapses`.
pub(super) const RULES: [(&str, &[&str]); 8] = [
    ("all_to_all", &[]),
    ("one_to_one", &[]),
    ("fixed_indegree", &["indegree"]),
    ("fixed_outdegree", &["outdegree"]),
    ("fixed_total_number", &["number"]),
    ("pairwise_bernoulli", &["p"]),
    ("growth", &["roots", "p", "q", "p_none"]),
    ("edges", &["file", "weight_scale", "source", "target", "weight", "delay"]),
];

/// The keys of a projection.
const KEYS: [&str; 9] = [
    "source",
    "target",
    "receptor",
    "connect",
    "weight",
    "delay",
    "delay_of",
    "plasticity",
    "pruning",
];

/// What is known about the two ends of a projection; `None` where an end could not be read.
#[derive(Clone, Copy)]
struct Ends {
    sizes: Option<(u32, u32)>,
    unit: Option<Unit>,
}

/// A `connect` table.
struct Connection {
    rule: Connect,
    autapses: bool,
    multapses: bool,
}

impl Reader<'_> {
    /// One `[[projection]]`.
    pub fn projection(&mut self, at: &At<'_>, names: &Names) -> Option<Projection> {
        let fields = self.table(at, &KEYS)?;
        let source = self.required(&fields, "source", "the name of a population");
        let source = source.and_then(|at| self.population_name(&at, names));
        let target = self.required(&fields, "target", "the name of a population");
        let target = target.and_then(|at| self.target_name(&at, names));
        let size = |index: Option<usize>| Some(names.read.get(index?)?.size);
        let reached = target.and_then(|index| names.read[index].model.descriptor());
        let receptor = match (fields.find("receptor"), reached) {
            (Some(at), Some(model)) => self.receptor(&at, model),
            (Some(_), None) => None,
            (None, _) => Some(0),
        };
        let unit = reached.zip(receptor).map(|(model, number)| match number {
            0 => model.input,
            _ => receptor::receptors(model)[number - 1].unit,
        });
        let ends = Ends { sizes: size(source).zip(size(target)), unit };
        let connect = self.required(&fields, "connect", "{ rule = ... }");
        let connect = connect.and_then(|at| self.connect(&at, ends, names));
        let edges = match &connect {
            Some(Connection { rule: Connect::Edges(edges), .. }) => Some(edges),
            _ => None,
        };
        // A rule that cannot be read might have brought weights and delays.
        let unknown = connect.is_none();
        let brings_weight = unknown || edges.is_some_and(|edges| edges.weight.is_some());
        let brings_delay = unknown || edges.is_some_and(|edges| edges.delay.is_some());
        let weight = self.weight(&fields, ends.unit, brings_weight);
        let delay_ms = match fields.find("delay") {
            None if brings_delay => Some(Distribution::constant(1.0)),
            _ => self.required(&fields, "delay", "VALUE").and_then(|at| self.law(&at, Unit::Ms)),
        };
        let delay_of = match fields.find("delay_of") {
            Some(at) => self.delay_of(&at),
            None => Some(DelayOf::Synapse),
        };
        let plasticity = match fields.find("plasticity") {
            Some(at) => self.plasticity(&at, ends.unit, names),
            None => Some(Plasticity::default()),
        };
        let pruning = match fields.find("pruning") {
            Some(at) => self.prunings(&at, ends.unit),
            None => Some(Vec::new()),
        };
        let Connection { rule, autapses, multapses } = connect?;
        let (source, target) = (source?, target?);
        Some(Projection {
            source,
            target,
            receptor: receptor?,
            connect: rule,
            autapses,
            multapses,
            weight: weight?,
            delay_ms: delay_ms?,
            delay_of: delay_of?,
            plasticity: plasticity?,
            pruning: pruning?,
        })
    }

    /// The name of a receptor, as its number.
    fn receptor(&mut self, at: &At<'_>, model: &'static Descriptor) -> Option<usize> {
        let known: Vec<&str> = receptor::receptors(model).iter().map(|r| r.name).collect();
        if known.is_empty() {
            let found = format!("{} tells no receptors apart", model.name);
            self.findings.add(Code::Contradiction, &at.path, found, "no receptor");
            return None;
        }
        let word = self.word(at, "receptor", &known)?;
        known.iter().position(|name| *name == word).map(|index| index + 1)
    }

    fn delay_of(&mut self, at: &At<'_>) -> Option<DelayOf> {
        match self.word(at, "owner of a delay", &["synapse", "source"])? {
            "source" => Some(DelayOf::Source),
            _ => Some(DelayOf::Synapse),
        }
    }

    fn growth(&mut self, fields: &Fields<'_>, names: &Names) -> Option<Growth> {
        let roots = self.required(fields, "roots", "the name of a population");
        let roots = roots.and_then(|at| self.population_name(&at, names));
        let mut number = |key| {
            let at = self.required(fields, key, "a number")?;
            self.number(&at)
        };
        let (p, q, p_none) = (number("p"), number("q"), number("p_none"));
        Some(Growth { roots: roots?, p: p?, q: q?, p_none: p_none? })
    }

    fn weight(
        &mut self,
        fields: &Fields<'_>,
        unit: Option<Unit>,
        brought: bool,
    ) -> Option<Distribution> {
        match fields.find("weight") {
            None if brought => Some(Distribution::constant(0.0)),
            _ => {
                let at = self.required(fields, "weight", "VALUE")?;
                self.law(&at, unit?)
            }
        }
    }

    fn connect(&mut self, at: &At<'_>, ends: Ends, names: &Names) -> Option<Connection> {
        let known: Vec<&str> = RULES.iter().map(|(name, _)| *name).collect();
        let open = self.open_table(at, "{ rule = ... }")?;
        let rule = self.required(&open, "rule", &known.join(" | "))?;
        let rule = self.word(&rule, "connection rule", &known)?;
        let (_, own) = RULES.iter().find(|(name, _)| *name == rule)?;
        let keys = [&["rule", "autapses", "multapses"], *own].concat();
        let fields = self.table(at, &keys)?;
        let mut flag = |key| match fields.find(key) {
            Some(at) => self.boolean(&at),
            None => Some(true),
        };
        let (autapses, multapses) = (flag("autapses"), flag("multapses"));
        let rule = self.rule(rule, &fields, ends, names);
        Some(Connection { rule: rule?, autapses: autapses?, multapses: multapses? })
    }

    fn rule(
        &mut self,
        rule: &str,
        fields: &Fields<'_>,
        ends: Ends,
        names: &Names,
    ) -> Option<Connect> {
        Some(match rule {
            "all_to_all" => Connect::AllToAll,
            "one_to_one" => Connect::OneToOne,
            "fixed_indegree" => Connect::FixedIndegree(self.degree(fields, "indegree")?),
            "fixed_outdegree" => Connect::FixedOutdegree(self.degree(fields, "outdegree")?),
            "fixed_total_number" => {
                let number = self.required(fields, "number", "how many synapses")?;
                Connect::FixedTotalNumber(self.integer(&number, 0, i64::MAX as u64)?)
            }
            "pairwise_bernoulli" => {
                let p = self.required(fields, "p", "a probability")?;
                Connect::PairwiseBernoulli(self.number(&p)?)
            }
            "growth" => Connect::Growth(self.growth(fields, names)?),
            _ => Connect::Edges(self.edges(fields, ends)?),
        })
    }

    /// A whole number of partners, or the law that it is drawn from.
    fn degree(&mut self, fields: &Fields<'_>, key: &str) -> Option<Distribution> {
        let at = self.required(fields, key, "how many partners")?;
        match at.is_table() {
            true => self.law(&at, Unit::One),
            false => {
                let degree = self.integer(&at, 0, u64::from(u32::MAX))?;
                Some(Distribution::constant(degree as f64))
            }
        }
    }

    fn edges(&mut self, fields: &Fields<'_>, ends: Ends) -> Option<Edges> {
        let scale = match fields.find("weight_scale") {
            Some(at) => self.number(&at),
            None => Some(1.0),
        };
        let Some(at) = fields.find("file") else { return self.inline_edges(fields, ends) };
        for key in ["source", "target", "weight", "delay"] {
            if let Some(extra) = fields.find(key) {
                let found = format!("`{key}` is given beside `file`");
                self.findings.add(Code::Contradiction, &extra.path, found, "one of them");
            }
        }
        let (name, bytes) = self.file(&at)?;
        let column = |name, required| Column { name, required };
        let wanted = [
            column("source", true),
            column("target", true),
            column("weight", false),
            column("delay_ms", false),
        ];
        let mut table = columns::read(&name, &at.path, &bytes, &wanted, &mut self.findings)?;
        let (weight_scale, (sources, targets)) = (scale?, ends.sizes?);
        let before = self.findings.placed.len();
        let edges = Edges {
            source: self.ends_column(&mut table, 0, sources),
            target: self.ends_column(&mut table, 1, targets),
            weight: self.weight_column(&mut table, weight_scale),
            delay: self.delay_column(&mut table),
            file: Some(EdgeFile { name, weight_scale }),
        };
        (self.findings.placed.len() == before).then_some(edges)
    }

    fn ends_column(&mut self, table: &mut Columns<'_>, column: usize, size: u32) -> Vec<u32> {
        let end = ["source", "target"][column];
        let values = table.columns[column].take().unwrap_or_default();
        let mut ends = Vec::with_capacity(values.len());
        for (row, value) in values.into_iter().enumerate() {
            ends.push(index_below(value, size).unwrap_or_else(|| {
                let found = format!("{end} {value}");
                let allowed = format!("a whole number from 0 to {}", size.saturating_sub(1));
                table.row(Code::EdgeOutOfRange, row, found, allowed, &mut self.findings);
                0
            }));
        }
        ends
    }

    fn weight_column(&mut self, table: &mut Columns<'_>, scale: f64) -> Option<Vec<f32>> {
        let values = table.columns[2].take()?;
        let mut weights = Vec::with_capacity(values.len());
        for (row, value) in values.into_iter().enumerate() {
            let weight = value * scale;
            if weight.abs() > super::check_law::LARGEST {
                let found = format!("weight {weight:e}");
                let allowed = "a weight of at most 1e12".to_string();
                table.row(Code::OutOfRange, row, found, allowed, &mut self.findings);
            }
            weights.push(weight as f32);
        }
        Some(weights)
    }

    fn delay_column(&mut self, table: &mut Columns<'_>) -> Option<Vec<Span>> {
        let values = table.columns[3].take()?;
        let mut delays = Vec::with_capacity(values.len());
        for (row, ms) in values.into_iter().enumerate() {
            let delay = Span::from_ms(ms).filter(|delay| ms > 0.0 && *delay <= LONGEST_DELAY);
            delays.push(self.grid.nearest_delay(delay.unwrap_or(Span(1))));
            if delay.is_none() {
                let found = format!("delay {ms} ms");
                let allowed = format!("more than 0 and at most {LONGEST_DELAY}");
                table.row(Code::Delay, row, found, allowed, &mut self.findings);
            }
        }
        Some(delays)
    }

    /// Edges that stand in the scenario itself, for small networks and for those made in code.
    fn inline_edges(&mut self, fields: &Fields<'_>, ends: Ends) -> Option<Edges> {
        if let Some(at) = fields.find("weight_scale") {
            let found = "`weight_scale` is given without `file`";
            self.findings.add(Code::Contradiction, &at.path, found, "weights as they are");
        }
        let sources = self.required(fields, "source", "a list, or file = \"x.csv\"");
        let sources = sources.and_then(|at| self.indices(&at));
        let targets = self.required(fields, "target", "a list, or file = \"x.csv\"");
        let targets = targets.and_then(|at| self.indices(&at));
        let weight = match fields.find("weight") {
            Some(at) => Some(self.quantities(&at, ends.unit?)?.iter().map(|&w| w as f32).collect()),
            None => None,
        };
        let delay = match fields.find("delay") {
            Some(at) => {
                let items = self.list(&at, "a list of delays")?;
                let spans: Vec<Span> = items.iter().filter_map(|item| self.span(item)).collect();
                let grid = self.grid;
                (spans.len() == items.len()).then_some(())?;
                if let Some(zero) = spans.iter().position(|span| *span == Span::ZERO) {
                    let found = "found a delay of zero";
                    let path = &items[zero].path;
                    self.findings.add(Code::Delay, path, found, "a delay greater than zero");
                    return None;
                }
                Some(spans.into_iter().map(|span| grid.nearest_delay(span)).collect())
            }
            None => None,
        };
        Some(Edges { source: sources?, target: targets?, weight, delay, file: None })
    }

    fn quantities(&mut self, at: &At<'_>, unit: Unit) -> Option<Vec<f64>> {
        let items = self.list(at, "a list of quantities")?;
        let values: Vec<f64> = items.iter().filter_map(|i| self.quantity(i, unit)).collect();
        (values.len() == items.len()).then_some(values)
    }

    /// A list of indices.
    pub fn indices(&mut self, at: &At<'_>) -> Option<Vec<u32>> {
        let items = self.list(at, "a list of neurons")?;
        let high = u64::from(u32::MAX - 1);
        let values: Vec<u32> = items
            .iter()
            .filter_map(|item| self.integer(item, 0, high).map(|value| value as u32))
            .collect();
        (values.len() == items.len()).then_some(values)
    }
}
