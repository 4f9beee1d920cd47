//! Plain tables: the first column to the left, all others to the right.

use std::fmt::Write;
use std::ops::Range;

/// Lays rows out; the first row is the heading.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            let done = if column == 0 {
                write!(line, "{cell:<width$}")
            } else {
                write!(line, "  {cell:>width$}")
            };
            done.expect("a String takes everything");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Lays rows out in as many tables as it takes for each to be no wider than `width`, if that can be;
/// each begins with the first column.
pub fn tables(rows: &[Vec<String>], width: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let part = |columns: Range<usize>| {
        let pick = |row: &Vec<String>| {
            let others = row.iter().take(columns.end).skip(columns.start);
            row.first().into_iter().chain(others).cloned().collect()
        };
        table(&rows.iter().map(pick).collect::<Vec<Vec<String>>>())
    };
    let fits = |text: &str| text.lines().all(|line| line.chars().count() <= width);
    let (mut tables, mut from) = (Vec::new(), 1);
    while from < columns {
        let mut to = columns;
        while to > from + 1 && !fits(&part(from..to)) {
            to -= 1;
        }
        tables.push(part(from..to));
        from = to;
    }
    tables.join("\n")
}

/// Lays out lines of a name and what is to be said about it.
pub fn facts(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("{name:<width$}  {value}\n")).collect()
}

/// Lays rows out as a Markdown table; the first row is the heading.
pub fn markdown(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut text = String::new();
    for (place, row) in rows.iter().enumerate() {
        writeln!(text, "| {} |", row.join(" | ")).expect("a String takes everything");
        if place == 0 {
            text.push_str(&"|---".repeat(columns));
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["name", "n"], ["exc", "10,000"]].map(|row| row.map(String::from).to_vec());
        assert_eq!(table(&rows), "name       n\nexc   10,000\n");
        assert_eq!(markdown(&rows), "| name | n |\n|---|---|\n| exc | 10,000 |\n");
        assert_eq!(facts(&[("a", "1".into()), ("long", "2".into())]), "a     1\nlong  2\n");
    }

    #[test]
    fn columns_that_do_not_fit_stand_below() {
        let rows = [["name", "one", "two", "three"], ["exc", "1", "22", "333"]];
        let rows = rows.map(|row| row.map(String::from).to_vec());
        assert_eq!(tables(&rows, 99), table(&rows));
        let two = "name  one  two\nexc     1   22\n\nname  three\nexc     333\n";
        assert_eq!(tables(&rows, 14), two);
        let each = "name  one\nexc     1\n\nname  two\nexc    22\n\nname  three\nexc     333\n";
        assert_eq!(tables(&rows, 1), each);
    }
}
