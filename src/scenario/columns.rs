//! Columns of numbers from CSV and npz files: edge lists and spike trains.

use super::codes::Code;
use super::problem::{Finding, Findings, Problem, list_of, nearest, shorten};
use std::io::Cursor;

/// So many broken rows of a file are reported one by one.
const MOST_ROWS: usize = 20;

/// A table that was read: one vector for each column asked for; `None` for those that the file
/// does not have.
#[derive(Debug)]
pub(super) struct Columns<'b> {
    /// The file's name in the scenario.
    pub file: String,
    /// The key path that named the file.
    pub path: String,
    /// The values.
    pub columns: Vec<Option<Vec<f64>>>,
    /// Where rows can be shown, the text.
    text: Option<&'b [u8]>,
    /// The line of each row, where rows have lines.
    lines: Vec<u32>,
    reported: usize,
}

/// A column that a file must or may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub name: &'static str,
    pub required: bool,
}

/// Reads the columns of a file; its name decides how.
pub(super) fn read<'b>(
    file: &str,
    path: &str,
    bytes: &'b [u8],
    wanted: &[Column],
    findings: &mut Findings,
) -> Option<Columns<'b>> {
    let mut table = Columns {
        file: file.to_string(),
        path: path.to_string(),
        columns: vec![None; wanted.len()],
        text: None,
        lines: Vec::new(),
        reported: 0,
    };
    let before = findings.placed.len();
    if file.ends_with(".npz") {
        table.read_npz(bytes, wanted, findings);
    } else {
        table.read_csv(bytes, wanted, findings);
    }
    (findings.placed.len() == before).then_some(table)
}

impl<'b> Columns<'b> {
    fn whole(&self, found: String, allowed: String, findings: &mut Findings) {
        let finding = self.finding(Code::BrokenTable, found, allowed);
        findings.placed.push(Problem::without_text(finding, &self.file));
    }

    fn finding(&self, code: Code, found: String, allowed: String) -> Finding {
        Finding { code, path: self.path.clone(), found, allowed, help: None, on_key: false }
    }

    /// Reports a row, by its line where the file has lines.
    pub fn row(
        &mut self,
        code: Code,
        row: usize,
        found: String,
        allowed: String,
        findings: &mut Findings,
    ) {
        match self.lines.get(row) {
            Some(&line) => self.line(code, line as usize, found, allowed, findings),
            None if self.reported < MOST_ROWS => {
                let finding = self.finding(code, format!("row {row}: {found}"), allowed);
                findings.placed.push(Problem::without_text(finding, &self.file));
                self.reported += 1;
            }
            None => {}
        }
    }

    fn line(
        &mut self,
        code: Code,
        line: usize,
        found: String,
        allowed: String,
        findings: &mut Findings,
    ) {
        if self.reported < MOST_ROWS {
            let bytes = self.text.unwrap_or_default();
            // The reader counts from the blank lines and comments that it skips before a row.
            let skipped = |line: &[u8]| line.trim_ascii().is_empty() || line.starts_with(b"#");
            let mut lines = bytes.split(|&b| b == b'\n').zip(1..).skip(line.saturating_sub(1));
            let (text, line) = lines.find(|(text, _)| !skipped(text)).unwrap_or((&[], line));
            let finding = self.finding(code, found, allowed);
            let text = String::from_utf8_lossy(text);
            findings.placed.push(Problem::at_line(finding, &self.file, line, &text));
            self.reported += 1;
        }
    }

    fn read_csv(&mut self, bytes: &'b [u8], wanted: &[Column], findings: &mut Findings) {
        self.text = Some(bytes);
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .from_reader(bytes);
        let header = match reader.byte_headers() {
            Ok(header) => header.clone(),
            Err(error) => return self.whole(error.to_string(), "a CSV file".into(), findings),
        };
        let Some(places) = self.header(&header, wanted, findings) else { return };
        let mut columns: Vec<Vec<f64>> = vec![Vec::new(); wanted.len()];
        let mut record = csv::ByteRecord::new();
        let mut from = header.position().map_or(1, |position| position.line());
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) => {
                    return self.whole(error.to_string(), "a CSV file".into(), findings);
                }
            }
            from = record.position().map_or(from, |position| position.line());
            let line = from as usize;
            if record.len() != header.len() {
                let found = format!("{} fields", record.len());
                let allowed = format!("{} fields, as the first line has", header.len());
                self.line(Code::BrokenTable, line, found, allowed, findings);
                continue;
            }
            self.lines.push(from.min(u64::from(u32::MAX)) as u32);
            for (column, place) in columns.iter_mut().zip(&places) {
                let Some(place) = *place else { continue };
                let field = String::from_utf8_lossy(&record[place]);
                let value = match field.parse::<f64>() {
                    Ok(value) if value.is_finite() => value,
                    _ => {
                        let found = format!("\"{}\" is not a number", shorten(&field));
                        let allowed = "a finite number".to_string();
                        self.line(Code::BrokenTable, line, found, allowed, findings);
                        0.0
                    }
                };
                column.push(value);
            }
        }
        self.columns =
            columns.into_iter().zip(&places).map(|(c, place)| place.map(|_| c)).collect();
    }

    /// Where in a row each wanted column stands; `None` after reporting what is wrong.
    fn header(
        &mut self,
        header: &csv::ByteRecord,
        wanted: &[Column],
        findings: &mut Findings,
    ) -> Option<Vec<Option<usize>>> {
        let names: Vec<String> =
            header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        let valid: Vec<&str> = wanted.iter().map(|column| column.name).collect();
        let before = findings.placed.len();
        for (index, name) in names.iter().enumerate() {
            let found = if !valid.contains(&name.as_str()) {
                let near = nearest(name, &valid).map(|near| format!(", did you mean `{near}`?"));
                let near = near.unwrap_or_default();
                format!("there is no column `{}`{near}", shorten(name))
            } else if names[..index].contains(name) {
                format!("the column `{name}` stands there twice")
            } else {
                continue;
            };
            self.line(Code::BrokenTable, 1, found, list_of(&valid), findings);
        }
        for column in wanted {
            if column.required && !names.iter().any(|name| name == column.name) {
                let found = format!("the column `{}` is missing", column.name);
                self.line(Code::BrokenTable, 1, found, list_of(&valid), findings);
            }
        }
        let place = |column: &Column| names.iter().position(|name| name == column.name);
        (findings.placed.len() == before).then(|| wanted.iter().map(place).collect())
    }

    fn read_npz(&mut self, bytes: &'b [u8], wanted: &[Column], findings: &mut Findings) {
        let mut archive = match zip::ZipArchive::new(Cursor::new(bytes)) {
            Ok(archive) => archive,
            Err(error) => return self.whole(error.to_string(), "an npz file".into(), findings),
        };
        let valid: Vec<&str> = wanted.iter().map(|column| column.name).collect();
        let array_name = |entry: &str| entry.strip_suffix(".npy").unwrap_or(entry).to_string();
        let mut names: Vec<String> = archive.file_names().map(array_name).collect();
        names.sort();
        for name in names.iter().filter(|name| !valid.contains(&name.as_str())) {
            let found = format!("there is no array `{}`", shorten(name));
            self.whole(found, list_of(&valid), findings);
        }
        for (index, column) in wanted.iter().enumerate() {
            match array(&mut archive, column.name) {
                Ok(values) => self.columns[index] = values,
                Err((found, allowed)) => {
                    let found = format!("the array `{}`: {found}", column.name);
                    self.whole(found, allowed, findings);
                }
            }
            if column.required && !names.iter().any(|name| name == column.name) {
                let found = format!("the array `{}` is missing", column.name);
                self.whole(found, list_of(&valid), findings);
            }
        }
        let mut lengths = self.columns.iter().flatten().map(Vec::len);
        let first = lengths.next().unwrap_or(0);
        if lengths.any(|length| length != first) {
            let found = "the arrays have different lengths".to_string();
            self.whole(found, "arrays of equal lengths".into(), findings);
        }
        let position = |values: &Vec<f64>| values.iter().position(|value| !value.is_finite());
        if let Some(row) = self.columns.iter().flatten().find_map(position) {
            let found = format!("row {row} holds NaN or an infinity");
            self.whole(found, "finite numbers".into(), findings);
        }
    }
}

type Archive<'b> = zip::ZipArchive<Cursor<&'b [u8]>>;

/// One array of an npz file as doubles; integers beyond 53 bits are refused by their ranges later.
fn array(archive: &mut Archive<'_>, name: &str) -> Result<Option<Vec<f64>>, (String, String)> {
    let broken = |error: std::io::Error| (error.to_string(), "an npy array".to_string());
    let entry = match archive.by_name(&format!("{name}.npy")) {
        Ok(entry) => entry,
        Err(zip::result::ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(broken(error.into())),
    };
    let file = npyz::NpyFile::new(entry).map_err(broken)?;
    if file.shape().len() != 1 {
        let found = format!("it has {} dimensions", file.shape().len());
        return Err((found, "one dimension".to_string()));
    }
    let kind = file.dtype().descr();
    // Values are read one by one, so that a length that lies cannot ask for all memory.
    macro_rules! values {
        ($kind:ty) => {{
            let wrong = |error: npyz::DTypeError| (error.to_string(), "numbers".to_string());
            let data = file.data::<$kind>().map_err(wrong)?;
            let values: Result<Vec<f64>, _> = data.map(|v| v.map(|v| v as f64)).collect();
            values.map(Some).map_err(broken)
        }};
    }
    match kind.trim_matches('\'') {
        "<i4" => values!(i32),
        "<i8" => values!(i64),
        "<u4" => values!(u32),
        "<u8" => values!(u64),
        "<f4" => values!(f32),
        "<f8" => values!(f64),
        _ => Err((
            format!("it holds {}", shorten(&kind)),
            "<i4, <i8, <u4, <u8, <f4 or <f8".to_string(),
        )),
    }
}
