//! The codes of problems: what each means, with an example of what it refuses.

use std::fmt;

/// The stable code of a problem. Codes are never renumbered; new ones go to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The file is not TOML.
    Syntax,
    /// The key does not exist.
    UnknownKey,
    /// A key is given twice.
    DuplicateKey,
    /// A key is missing.
    MissingKey,
    /// The value is of another kind.
    WrongType,
    /// The text is not a quantity of the right dimension.
    NotAQuantity,
    /// NaN or an infinity.
    NotFinite,
    /// The value is not allowed by itself.
    OutOfRange,
    /// No population has this name.
    UnknownPopulation,
    /// No model has this name.
    UnknownModel,
    /// The model has no parameter or variable of this name.
    UnknownName,
    /// No rule or law has this name.
    UnknownRule,
    /// Two values exclude each other.
    Contradiction,
    /// The name of a population is not a name.
    PopulationName,
    /// The network is larger than the numbers that count it.
    TooManyNeurons,
    /// A time is zero or beyond the end of simulated time.
    Time,
    /// A delay is zero, may become so, or is too long.
    Delay,
    /// More partners are asked for than there are.
    TooFewPartners,
    /// A truncated distribution leaves hardly any value.
    HardlyAnyMass,
    /// A shared parameter is drawn.
    MustBeConstant,
    /// Times do not increase.
    NotIncreasing,
    /// A list has the wrong length.
    WrongCount,
    /// A selection is not within its population.
    NotInPopulation,
    /// The population is of the wrong kind.
    WrongKind,
    /// A file cannot be read.
    Unreadable,
    /// A file does not hold the table that is needed.
    BrokenTable,
    /// An edge ends outside of its population.
    EdgeOutOfRange,
    /// The scenario cannot be scaled.
    CannotScale,
    /// An override cannot be applied.
    Override,
    /// A model's parameters contradict each other.
    ParametersContradict,
    /// No current gives this period.
    NoCurrentForPeriod,
}

/// What is known about a code.
struct Entry {
    code: Code,
    name: &'static str,
    text: &'static str,
}

const TABLE: &[Entry] = &[
    Entry {
        code: Code::Syntax,
        name: "S001",
        text: "The file is not TOML. Common causes are a text without quotation marks, a bracket \
        that is not closed, and an inline table that lacks a comma. A quantity is a text: \
        \"20 ms\", not 20 ms.\n\n\
\x20   duration = 2 s              # must be \"2 s\"",
    },
    Entry {
        code: Code::UnknownKey,
        name: "S002",
        text: "The key does not exist at this place. The message lists the keys that do, and the \
        one that was probably meant.\n\n\
\x20   duraton = \"1 s\"             # duration",
    },
    Entry {
        code: Code::DuplicateKey,
        name: "S003",
        text: "A key is given twice in one table. TOML forbids that, because one of the two \
        values would be lost silently.\n\n\
\x20   seed = 1\n\
\x20   seed = 2",
    },
    Entry {
        code: Code::MissingKey,
        name: "S004",
        text: "A key that has no default is missing. Every scenario needs `duration` and at least \
        one population; a population needs `model` and `size`; a projection needs \
        `source`, `target`, `connect`, `weight` and `delay` (the last two unless its edges \
        bring them).\n\n\
\x20   [population.exc]\n\
\x20   model = \"lif_exp\"           # and size = 100",
    },
    Entry {
        code: Code::WrongType,
        name: "S005",
        text: "The value is of another kind than the key takes: a number where a text belongs, a \
        table where a number belongs.\n\n\
\x20   size = \"many\"               # size = 100",
    },
    Entry {
        code: Code::NotAQuantity,
        name: "S006",
        text: "A quantity is a text made of a number and a unit of the right dimension, such as \
        \"20 ms\" or \"-65 mV\". The number or the unit is missing, or the unit measures \
        something else. Pure numbers are written without quotation marks.\n\n\
\x20   tau_m = \"20 mV\"            # a time is needed: \"20 ms\"",
    },
    Entry {
        code: Code::NotFinite,
        name: "S007",
        text: "NaN, an infinity, or a number that a double cannot hold.\n\n\
\x20   p = nan",
    },
    Entry {
        code: Code::OutOfRange,
        name: "S008",
        text: "The value lies outside of what is allowed by itself. Apart from the ranges that \
        the models state, no quantity may exceed 1e12 of its unit (mV, pA, pF, nS, Hz), \
        and a value that must be positive may not be less than 1e-9 of it; times are at \
        least one tick of 1 ns.\n\n\
\x20   tau_m = \"-1 ms\"",
    },
    Entry {
        code: Code::UnknownPopulation,
        name: "S009",
        text: "A name refers to a population that the scenario does not have.\n\n\
\x20   target = \"ext\"              # target = \"exc\"",
    },
    Entry {
        code: Code::UnknownModel,
        name: "S010",
        text: "There is no model of this name. The message lists all of them.\n\n\
\x20   model = \"lif\"               # model = \"lif_exp\"",
    },
    Entry {
        code: Code::UnknownName,
        name: "S011",
        text: "The model has no parameter or variable of this name. `saltatory explain MODEL` \
        shows those that it has.\n\n\
\x20   params = { tau = \"10 ms\" }  # tau_m",
    },
    Entry {
        code: Code::UnknownRule,
        name: "S012",
        text: "There is no connection rule, plasticity rule or distribution of this name, or a \
        parameter has no such word.\n\n\
\x20   connect = { rule = \"fixed_in_degree\", indegree = 10 }   # fixed_indegree",
    },
    Entry {
        code: Code::Contradiction,
        name: "S013",
        text: "Two values exclude each other: `min` above `max`, two laws in one distribution, a \
        projection one_to_one between populations of different sizes, a list of edges that \
        holds what `autapses` or `multapses` forbids.\n\n\
\x20   weight = { uniform = [\"1 pA\", \"2 pA\"], min = \"3 pA\", max = \"2 pA\" }",
    },
    Entry {
        code: Code::PopulationName,
        name: "S014",
        text: "A population's name consists of letters, digits, `_` and `-`, so that it can be \
        used in file names and in --set.\n\n\
\x20   [population.\"my neurons\"]   # [population.my_neurons]",
    },
    Entry {
        code: Code::TooManyNeurons,
        name: "S015",
        text: "Neurons are numbered with 32 bits, so all populations together have at most \
        4,294,967,295 of them; there are at most 65,535 populations.\n\n\
\x20   size = 5_000_000_000",
    },
    Entry {
        code: Code::Time,
        name: "S016",
        text: "A duration is longer than zero and at most 2^53 - 1 ns (about 104 days), and so is \
        every time on the grid. The resolution is at least 1 ns and not longer than the \
        duration.\n\n\
\x20   duration = \"0 ms\"",
    },
    Entry {
        code: Code::Delay,
        name: "S017",
        text: "A delay is greater than zero and at most 4.294967295 s. A law from which a delay \
        is drawn must not reach zero or below: give it a `min`. Delays are rounded to the \
        grid, and are at least one step of it.\n\n\
\x20   delay = { normal = { mean = \"1.5 ms\", sd = \"0.75 ms\" } }   # min = \"0.1 ms\"",
    },
    Entry {
        code: Code::TooFewPartners,
        name: "S018",
        text: "The rule asks for more different partners than there are. With multapses = false a \
        neuron can be connected to each partner once; with autapses = false it cannot be \
        connected to itself.\n\n\
\x20   connect = { rule = \"fixed_indegree\", indegree = 200, multapses = false }   # 100 sources",
    },
    Entry {
        code: Code::HardlyAnyMass,
        name: "S019",
        text: "The distribution is truncated by `min` and `max` to a range in which less than one \
        draw in a thousand falls, so redrawing would take practically forever. Choose \
        other bounds, or outside = \"clip\".\n\n\
\x20   weight = { normal = { mean = \"1 pA\", sd = \"1 pA\", min = \"50 pA\" } }",
    },
    Entry {
        code: Code::MustBeConstant,
        name: "S020",
        text: "All neurons of a population share this parameter; only parameters that the model's \
        page marks as per neuron can be drawn. Make a second population, or give one \
        value.\n\n\
\x20   tau_m = { uniform = [\"10 ms\", \"20 ms\"] }",
    },
    Entry {
        code: Code::NotIncreasing,
        name: "S021",
        text: "Times must increase strictly as they are written. Spike times that fall on one \
        grid point only by rounding become one spike; steps that do are refused, because \
        one of them would be lost.\n\n\
\x20   rate = { steps = [[\"5 ms\", \"1 Hz\"], [\"5 ms\", \"2 Hz\"]] }",
    },
    Entry {
        code: Code::WrongCount,
        name: "S022",
        text: "A list has another number of entries than needed: `values` holds one value for \
        each neuron, `times` one list for each source, a pair two.\n\n\
\x20   v_m = { values = [\"-70 mV\"] }   # but size = 2",
    },
    Entry {
        code: Code::NotInPopulation,
        name: "S023",
        text: "A selection names neurons that the population does not have, or the same one \
        twice. Neurons are numbered from 0 to size - 1.\n\n\
\x20   target = { population = \"exc\", neurons = [100] }   # size = 100",
    },
    Entry {
        code: Code::WrongKind,
        name: "S024",
        text: "The population cannot serve here: sources (poisson, correlated_poisson, \
        spike_source) only send, so they receive no projection, background or current and have no \
        state to record; a current needs a model with the parameter `i_e`.\n\n\
\x20   [[background]]\n\
\x20   target = \"drive\"             # a poisson population",
    },
    Entry {
        code: Code::Unreadable,
        name: "S025",
        text: "A file that the scenario names cannot be read. Names are relative to the directory \
        of the scenario file.\n\n\
\x20   connect = { rule = \"edges\", file = \"missing.csv\" }",
    },
    Entry {
        code: Code::BrokenTable,
        name: "S026",
        text: "A CSV or npz file does not hold what is needed. A CSV file starts with a line of \
        column names; edges have the columns source,target and may have weight and \
        delay_ms, spikes have neuron,time_ms. An npz file holds one-dimensional arrays of \
        these names and of equal lengths, little-endian, as 32 or 64 bit integers or \
        floats.\n\n\
\x20   source,target\n\
\x20   0,1,2                       # three fields in two columns",
    },
    Entry {
        code: Code::EdgeOutOfRange,
        name: "S027",
        text: "An edge names a neuron that its population does not have. Neurons are numbered \
        from 0 to size - 1 within their population.\n\n\
\x20   source,target\n\
\x20   0,100                       # the target has 100 neurons",
    },
    Entry {
        code: Code::CannotScale,
        name: "S028",
        text: "[scale] can shrink random rules between neurons with exponential or alpha \
        currents. Lists of edges, given spike times, one_to_one, lists of neurons or of \
        values have no smaller version; and the expected rate of each population that \
        sends must be known.\n\n\
\x20   [scale]\n\
\x20   factor = 0.1\n\
\x20   rates = { exc = \"4 Hz\" }     # but inh sends, too",
    },
    Entry {
        code: Code::Override,
        name: "S029",
        text: "`--set` takes path=value. The path leads through the scenario file with dots, \
        entries of lists by their number from 0; the value is TOML, and quotation marks \
        may be left out.\n\n\
\x20   --set projection.7.delay=\"2 ms\"   # there are only 3 projections",
    },
    Entry {
        code: Code::ParametersContradict,
        name: "S030",
        text: "Parameters of one model contradict each other; the model's page says why, for \
        instance v_reset must lie below v_th.\n\n\
\x20   params = { v_reset = \"-50 mV\", v_th = \"-55 mV\" }",
    },
    Entry {
        code: Code::NoCurrentForPeriod,
        name: "S031",
        text: "No constant current makes an undriven neuron of this model fire with this period: \
        the period must be longer than t_ref, and a law from which it is drawn must have a \
        `min` that is, too.\n\n\
\x20   i_e = { period = \"1 ms\" }    # but t_ref = \"2 ms\"",
    },
];

impl Code {
    /// The code as it is written: `S001`.
    pub fn as_str(self) -> &'static str {
        TABLE[self as usize].name
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// All codes, in order.
pub fn codes() -> impl Iterator<Item = Code> {
    TABLE.iter().map(|entry| entry.code)
}

/// What a code such as `S008` means, with an example of what is refused; small letters will do.
pub fn explain(code: &str) -> Option<&'static str> {
    let entry = TABLE.iter().find(|entry| entry.name.eq_ignore_ascii_case(code.trim()))?;
    Some(entry.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_codes() {
        for (index, code) in codes().enumerate() {
            assert_eq!(code as usize, index);
            assert_eq!(code.as_str(), format!("S{:03}", index + 1));
            assert!(explain(code.as_str()).expect("explained").len() > 60, "{code}");
        }
        assert_eq!(explain("S999"), None);
    }
}
