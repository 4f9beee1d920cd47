//! Numbers as people read them.

/// `1234567` as `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in binary units: `1.5 GiB`.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = number as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{number} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// The decimal unit in which a number is best told: its size and its name.
pub fn unit(value: f64) -> (f64, &'static str) {
    match value {
        v if v >= 1e9 => (1e9, "billion"),
        v if v >= 1e6 => (1e6, "million"),
        v if v >= 1e3 => (1e3, "thousand"),
        _ => (1.0, ""),
    }
}

/// A speed in decimal units: `312.5 million/s`.
pub fn per_second(value: f64) -> String {
    let (size, name) = unit(value);
    let space = if name.is_empty() { "" } else { " " };
    format!("{:.1}{space}{name}/s", value / size)
}

/// A length of time: `350 ms`, `12.3 s`, `4 min 10 s`, `3 h 05 min`.
pub fn seconds(value: f64) -> String {
    match value {
        v if v < 0.000_999_5 => format!("{:.0} us", v * 1e6),
        v if v < 0.999_5 => format!("{:.0} ms", v * 1e3),
        v if v < 99.95 => format!("{v:.1} s"),
        v if v < 3600.0 => format!("{} min {:02} s", v as u64 / 60, v as u64 % 60),
        v => format!("{} h {:02} min", v as u64 / 3600, v as u64 / 60 % 60),
    }
}

/// `synapse` or `synapses`.
pub fn plural<'a>(number: u64, one: &'a str, many: &'a str) -> &'a str {
    if number == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([5, 1536, 3 << 30].map(bytes), ["5 B", "1.5 KiB", "3.0 GiB"]);
        assert_eq!([12.0, 2.5e6].map(per_second), ["12.0/s", "2.5 million/s"]);
        let times = [0.000_02, 0.35, 12.34, 250.0, 11_100.0].map(seconds);
        assert_eq!(times, ["20 us", "350 ms", "12.3 s", "4 min 10 s", "3 h 05 min"]);
    }
}
