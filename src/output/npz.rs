//! numpy's archives: what is stored under which name is decided elsewhere, how it becomes bytes
//! is decided here.
//!
//! Entries carry no time stamp, so equal arrays make equal bytes. Big irregular columns (spike
//! times) are stored as they are, regular ones (names, ranges) are packed. Reading trusts
//! nothing: an array's length is held against the bytes that are there before memory is taken.

use super::OutputError;
use npyz::{AutoSerialize, DType, Deserialize, NpyFile, Serialize, WriteOptions, WriterBuilder};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use zip::write::FileOptions;
use zip::{ZipArchive, ZipWriter};

/// Whether an array is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As it is: fast, and can be mapped into memory.
    Stored,
    /// Deflated: for arrays that repeat themselves.
    Packed,
}

/// An archive that is being written.
pub struct NpzWriter<W: Write + Seek> {
    zip: ZipWriter<W>,
}

impl<W: Write + Seek> NpzWriter<W> {
    /// An empty archive.
    pub fn new(writer: W) -> Self {
        NpzWriter { zip: ZipWriter::new(writer) }
    }

    /// Adds an array of the given shape; `values` yields its elements row by row.
    ///
    /// # Errors
    /// Whatever the writer reports, and a number of values that does not fill the shape.
    pub fn array<T: AutoSerialize>(
        &mut self,
        name: &str,
        shape: &[u64],
        packing: Packing,
        values: impl IntoIterator<Item = T>,
    ) -> io::Result<()> {
        let dtype = <T as AutoSerialize>::default_dtype();
        self.typed(name, shape, dtype, packing, values)
    }

    /// Adds an array of texts, held as numpy holds them (`<U...`).
    ///
    /// # Errors
    /// As [`NpzWriter::array`].
    pub fn texts<'a>(
        &mut self,
        name: &str,
        count: usize,
        longest: usize,
        packing: Packing,
        values: impl IntoIterator<Item = &'a str>,
    ) -> io::Result<()> {
        let kind = format!("<U{}", longest.max(1));
        let dtype = DType::new_scalar(kind.parse().expect("a text type that numpy knows"));
        self.typed(name, &[count as u64], dtype, packing, values.into_iter().map(str::to_string))
    }

    fn typed<T: Serialize>(
        &mut self,
        name: &str,
        shape: &[u64],
        dtype: DType,
        packing: Packing,
        values: impl IntoIterator<Item = T>,
    ) -> io::Result<()> {
        let bytes = shape.iter().product::<u64>() * dtype.num_bytes().unwrap_or(8) as u64;
        let method = match packing {
            Packing::Stored => zip::CompressionMethod::Stored,
            Packing::Packed => zip::CompressionMethod::Deflated,
        };
        let options = FileOptions::default()
            .compression_method(method)
            .last_modified_time(zip::DateTime::default())
            .large_file(bytes > u64::from(u32::MAX) / 2);
        self.zip.start_file(entry_name(name), options)?;
        let mut buffered = BufWriter::with_capacity(1 << 16, &mut self.zip);
        let options = WriteOptions::new().dtype(dtype).shape(shape).writer(&mut buffered);
        let mut npy = options.begin_nd()?;
        npy.extend(values)?;
        npy.finish()?;
        buffered.flush()
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// Whatever the writer reports.
    pub fn finish(mut self) -> io::Result<()> {
        self.zip.finish()?.flush()
    }
}

/// The name of the entry that holds an array.
fn entry_name(array: &str) -> String {
    format!("{array}.npy")
}

/// An archive that is being read.
pub struct NpzReader {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
    bytes: u64,
}

/// No deflated byte stands for more than this many.
const LARGEST_EXPANSION: u64 = 1032;

impl NpzReader {
    /// Opens an archive.
    ///
    /// # Errors
    /// If there is none, or if it is no whole archive.
    pub fn open(path: &Path) -> Result<NpzReader, OutputError> {
        let file = File::open(path).map_err(OutputError::io("read", path))?;
        let bytes = file.metadata().map_err(OutputError::io("read", path))?.len();
        let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| {
            OutputError::malformed(path, format!("not a whole npz archive ({error})"))
        })?;
        Ok(NpzReader { path: path.to_path_buf(), archive, bytes })
    }

    /// The names of all arrays, sorted.
    pub fn names(&self) -> Vec<String> {
        let array_name = |entry: &str| entry.strip_suffix(".npy").unwrap_or(entry).to_string();
        let mut names: Vec<String> = self.archive.file_names().map(array_name).collect();
        names.sort_unstable();
        names
    }

    /// An array of doubles or floats. `None` if it is not there.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub fn reals(&mut self, name: &str) -> Result<Option<Vec<f64>>, OutputError> {
        let Some(bytes) = self.bytes(name)? else { return Ok(None) };
        let mut found = self.decode::<f64>(name, &bytes)?;
        if found.is_none() {
            let floats = self.decode::<f32>(name, &bytes)?;
            found = floats.map(|values| values.into_iter().map(f64::from).collect());
        }
        found.map(Some).ok_or_else(|| self.malformed(name, "does not hold numbers"))
    }

    /// An array of whole numbers that are not negative, of any width. `None` if it is not there.
    ///
    /// # Errors
    /// If it is there and cannot be read, or holds a negative number.
    pub fn whole_numbers(&mut self, name: &str) -> Result<Option<Vec<u64>>, OutputError> {
        let Some(bytes) = self.bytes(name)? else { return Ok(None) };
        if let Some(values) = self.decode::<u64>(name, &bytes)? {
            return Ok(Some(values));
        }
        if let Some(values) = self.decode::<u32>(name, &bytes)? {
            return Ok(Some(values.into_iter().map(u64::from).collect()));
        }
        let mut signed = self.decode::<i64>(name, &bytes)?;
        if signed.is_none() {
            let narrow = self.decode::<i32>(name, &bytes)?;
            signed = narrow.map(|values| values.into_iter().map(i64::from).collect());
        }
        let Some(values) = signed else {
            return Err(self.malformed(name, "does not hold whole numbers"));
        };
        let values: Result<Vec<u64>, _> = values.into_iter().map(u64::try_from).collect();
        values.map(Some).map_err(|_| self.malformed(name, "holds a negative number"))
    }

    /// An array of texts. `None` if it is not there.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, OutputError> {
        let Some(bytes) = self.bytes(name)? else { return Ok(None) };
        let found = self.decode::<String>(name, &bytes)?;
        found.map(Some).ok_or_else(|| self.malformed(name, "does not hold texts"))
    }

    /// All bytes of an entry. They are read to their end, because only there is the checksum
    /// compared.
    fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, OutputError> {
        let entry_name = entry_name(name);
        let limit = self.bytes.saturating_mul(LARGEST_EXPANSION);
        let failed = |error: &dyn std::fmt::Display| {
            let what = format!("array `{name}` cannot be read ({error}); is the file whole?");
            OutputError::malformed(&self.path, what)
        };
        let entry = match self.archive.by_name(&entry_name) {
            Ok(entry) => entry,
            Err(zip::result::ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        let mut bytes = Vec::new();
        entry.take(limit).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
        Ok(Some(bytes))
    }

    /// The values of an array, if they are of this type.
    fn decode<T: Deserialize>(
        &self,
        name: &str,
        bytes: &[u8],
    ) -> Result<Option<Vec<T>>, OutputError> {
        let npy = NpyFile::new(bytes)
            .map_err(|error| self.malformed(name, &format!("has no header ({error})")))?;
        let width = npy.dtype().num_bytes().unwrap_or(1).max(1) as u64;
        let count = npy.shape().iter().try_fold(1u64, |all, &n| all.checked_mul(n));
        let needed = count.and_then(|count| count.checked_mul(width));
        if needed.is_none_or(|needed| needed > bytes.len() as u64) {
            return Err(self.malformed(name, "promises more values than the file holds"));
        }
        let Ok(values) = npy.try_data::<T>() else { return Ok(None) };
        let values: io::Result<Vec<T>> = values.collect();
        values.map(Some).map_err(|error| self.malformed(name, &format!("cannot be read ({error})")))
    }

    fn malformed(&self, name: &str, what: &str) -> OutputError {
        OutputError::malformed(&self.path, format!("array `{name}` {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn archive() -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let mut npz = NpzWriter::new(&mut bytes);
        npz.array("t", &[3], Packing::Stored, [0.5f64, 1.5, 2.5]).unwrap();
        npz.array("n", &[2], Packing::Packed, [7u32, 9]).unwrap();
        npz.array("minus", &[1], Packing::Stored, [-1i64]).unwrap();
        npz.texts("name", 2, 4, Packing::Packed, ["ab", "größ"]).unwrap();
        npz.finish().unwrap();
        bytes.into_inner()
    }

    fn open(bytes: &[u8]) -> (tempfile::TempDir, Result<NpzReader, OutputError>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npz");
        std::fs::write(&path, bytes).unwrap();
        let reader = NpzReader::open(&path);
        (folder, reader)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let (_folder, reader) = open(&archive());
        let mut reader = reader.unwrap();
        assert_eq!(reader.names(), ["minus", "n", "name", "t"]);
        assert_eq!(reader.reals("t").unwrap().unwrap(), [0.5, 1.5, 2.5]);
        assert_eq!(reader.whole_numbers("n").unwrap().unwrap(), [7, 9]);
        assert_eq!(reader.texts("name").unwrap().unwrap(), ["ab", "größ"]);
        assert_eq!(reader.reals("absent").unwrap(), None);
        assert!(reader.whole_numbers("minus").unwrap_err().to_string().contains("negative"));
        assert!(reader.reals("name").unwrap_err().to_string().contains("does not hold numbers"));
    }

    #[test]
    fn equal_arrays_make_equal_bytes() {
        let first = archive();
        std::thread::sleep(std::time::Duration::from_millis(2100));
        assert_eq!(first, archive(), "the time of writing must not show");
    }

    #[test]
    fn a_file_cut_off_anywhere_is_an_error_and_never_a_panic() {
        let whole = archive();
        for end in 0..whole.len() {
            let (_folder, reader) = open(&whole[..end]);
            let read = reader.and_then(|mut reader| reader.reals("t"));
            assert!(!matches!(read, Ok(Some(_))), "cut off at {end} of {}", whole.len());
        }
    }

    #[test]
    fn a_damaged_byte_is_an_error_or_harmless_and_never_a_panic() {
        let whole = archive();
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x5a;
            let (_folder, reader) = open(&damaged);
            if let Ok(mut reader) = reader {
                if let Ok(Some(values)) = reader.reals("t") {
                    assert_eq!(values, [0.5, 1.5, 2.5], "byte {place}");
                }
                let _ = (reader.whole_numbers("n"), reader.texts("name"));
            }
        }
    }
}
