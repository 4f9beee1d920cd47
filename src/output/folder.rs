//! How files come into being: written beside their destination, then renamed; a folder of
//! results as a whole or not at all.

use super::OutputError;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, TempDir};

/// The file that is moved last: a folder with it holds a whole result.
pub const MANIFEST: &str = "manifest.json";

/// Every file that a run may leave behind. A forced run removes those of an older run that it
/// does not write itself, so that a folder never mixes two runs.
pub const RESULT_FILES: [&str; 9] = [
    MANIFEST,
    "summary.json",
    "scenario.toml",
    "spikes.npz",
    "spikes.csv",
    "spikes.dat",
    "traces.npz",
    "weights.npz",
    "pruned.npz",
];

/// Writes one file beside `path` and renames it. With `force` an existing file is replaced.
///
/// # Errors
/// If the file exists and `force` is not given, or if the system refuses; then nothing is left.
pub fn write_file(
    path: &Path,
    force: bool,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), OutputError> {
    let exists = || OutputError::Exists {
        path: path.to_path_buf(),
        what: "exists already; add --force to replace it".to_string(),
    };
    if !force && path.exists() {
        return Err(exists());
    }
    let parent = parent_of(path);
    fs::create_dir_all(&parent).map_err(OutputError::io("create", &parent))?;
    let mut builder = Builder::new();
    builder.prefix(".saltatory-");
    usual_permissions(&mut builder, 0o666);
    let staged = builder.tempfile_in(&parent).map_err(OutputError::io("write", path))?;
    let mut writer = BufWriter::new(staged.as_file().try_clone().map_err(io_error(path))?);
    fill(&mut writer).and_then(|()| writer.flush()).map_err(io_error(path))?;
    drop(writer);
    if force {
        staged.persist(path).map_err(|error| io_error(path)(error.error))?;
        return Ok(());
    }
    match staged.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists()),
        Err(error) => Err(io_error(path)(error.error)),
    }
}

/// Finds out at once whether [`write_file`] will be able to write a file, after hours perhaps.
///
/// # Errors
/// If it is a folder, or the system refuses.
pub fn can_write(path: &Path) -> Result<(), OutputError> {
    if path.is_dir() {
        let what = "is a folder; a file is needed".to_string();
        return Err(OutputError::Exists { path: path.to_path_buf(), what });
    }
    let parent = parent_of(path);
    fs::create_dir_all(&parent).map_err(OutputError::io("create", &parent))?;
    tempfile::tempfile_in(&parent).map_err(OutputError::io("write", path)).map(drop)
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> OutputError + use<> {
    OutputError::io("write", path)
}

/// The folder that holds `path`; the current one for a bare name.
fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Temporary files are private by default; results are as open as any other file of the user.
#[cfg(unix)]
fn usual_permissions(builder: &mut Builder<'_, '_>, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(mode));
}

#[cfg(not(unix))]
fn usual_permissions(_: &mut Builder<'_, '_>, _: u32) {}

/// Which file of an earlier result stands in the way, if any.
pub fn earlier_result(folder: &Path) -> Option<&'static str> {
    RESULT_FILES.into_iter().find(|name| folder.join(name).exists())
}

/// A folder of results that is being written.
///
/// Invariant: until [`ResultFolder::commit`] everything lies in `staging`, which disappears when
/// this value is dropped.
pub struct ResultFolder {
    target: PathBuf,
    staging: TempDir,
    names: Vec<String>,
}

impl ResultFolder {
    /// Prepares to fill `target`. Call it before the long work, so that a folder that cannot be
    /// written is found out at once.
    ///
    /// # Errors
    /// If `target` is no folder, if it holds results and `force` is not given, or if the system
    /// refuses.
    pub fn prepare(target: &Path, force: bool) -> Result<ResultFolder, OutputError> {
        let exists =
            |what: &str| OutputError::Exists { path: target.to_path_buf(), what: what.to_string() };
        if target.exists() && !target.is_dir() {
            return Err(exists("is a file; results need a folder"));
        }
        if let (false, Some(name)) = (force, earlier_result(target)) {
            return Err(exists(&format!("holds results of an earlier run ({name})")));
        }
        // Beside the target, so that one rename suffices; inside it if it is there already,
        // because its parent may be another file system.
        let beside = if target.is_dir() { target.to_path_buf() } else { parent_of(target) };
        fs::create_dir_all(&beside).map_err(OutputError::io("create", &beside))?;
        let mut builder = Builder::new();
        builder.prefix(".saltatory-");
        usual_permissions(&mut builder, 0o777);
        let staging = builder.tempdir_in(&beside).map_err(OutputError::io("create", target))?;
        Ok(ResultFolder { target: target.to_path_buf(), staging, names: Vec::new() })
    }

    /// Adds a file.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn file(
        &mut self,
        name: &'static str,
        fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), OutputError> {
        debug_assert!(RESULT_FILES.contains(&name), "{name} is not in the list of result files");
        let path = self.staging.path().join(name);
        // A message names where the file will be, not where it is for the moment.
        let failed = || OutputError::io("write", &self.target.join(name));
        let mut writer = BufWriter::new(File::create(&path).map_err(failed())?);
        fill(&mut writer).and_then(|()| writer.flush()).map_err(failed())?;
        self.names.push(name.to_string());
        Ok(())
    }

    /// The files so far.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Makes the folder appear.
    ///
    /// # Errors
    /// If the system refuses. A folder that was there before then lacks its manifest rather than
    /// holding a mixture that looks whole.
    pub fn commit(self) -> Result<(), OutputError> {
        let target = self.target;
        if !target.exists() {
            let staging = self.staging.keep();
            return fs::rename(&staging, &target).map_err(OutputError::io("create", &target));
        }
        remove_if_there(&target.join(MANIFEST))?;
        let rename = |name: &str| {
            let to = target.join(name);
            fs::rename(self.staging.path().join(name), &to).map_err(OutputError::io("write", &to))
        };
        for name in self.names.iter().filter(|name| *name != MANIFEST) {
            rename(name)?;
        }
        let stale = RESULT_FILES.iter().filter(|old| !self.names.iter().any(|new| new == *old));
        for name in stale {
            remove_if_there(&target.join(name))?;
        }
        if self.names.iter().any(|name| name == MANIFEST) {
            rename(MANIFEST)?;
        }
        Ok(())
    }
}

fn remove_if_there(path: &Path) -> Result<(), OutputError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(OutputError::io("replace", path)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
        let mut names: Vec<String> = names.map(|n| n.into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn fill(folder: &mut ResultFolder, name: &'static str, text: &str) {
        folder.file(name, |writer| writer.write_all(text.as_bytes())).unwrap();
    }

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("deep/results");
        let mut folder = ResultFolder::prepare(&target, false).unwrap();
        fill(&mut folder, "summary.json", "{}");
        assert!(!target.exists());
        drop(folder);
        assert!(entries(&home.path().join("deep")).is_empty(), "nothing is left behind");

        let mut folder = ResultFolder::prepare(&target, false).unwrap();
        fill(&mut folder, "summary.json", "{}");
        fill(&mut folder, MANIFEST, "{}");
        folder.commit().unwrap();
        assert_eq!(entries(&target), ["manifest.json", "summary.json"]);
    }

    #[test]
    fn earlier_results_stay_unless_forced_and_never_mix() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path();
        fs::write(target.join("notes.txt"), "mine").unwrap();
        let mut folder = ResultFolder::prepare(target, false).unwrap();
        fill(&mut folder, "spikes.csv", "old");
        fill(&mut folder, MANIFEST, "old");
        folder.commit().unwrap();
        let refused = ResultFolder::prepare(target, false).err().unwrap().to_string();
        assert!(refused.contains("earlier run"), "{refused}");

        let mut folder = ResultFolder::prepare(target, true).unwrap();
        fill(&mut folder, "spikes.npz", "new");
        fill(&mut folder, MANIFEST, "new");
        folder.commit().unwrap();
        assert_eq!(entries(target), ["manifest.json", "notes.txt", "spikes.npz"]);
        assert_eq!(fs::read_to_string(target.join(MANIFEST)).unwrap(), "new");
    }

    #[test]
    fn single_files_are_not_overwritten_without_force() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/plot.svg");
        let write = |force, text: &'static str| {
            write_file(&path, force, |writer| writer.write_all(text.as_bytes()))
        };
        write(false, "one").unwrap();
        assert!(write(false, "two").unwrap_err().to_string().contains("--force"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        write(true, "three").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "three");
        let failed = write_file(&path, true, |_| Err(io::Error::other("disk full")));
        assert!(failed.unwrap_err().to_string().contains("disk full"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "three");
        assert_eq!(entries(path.parent().unwrap()), ["plot.svg"], "nothing is left behind");
    }

    #[cfg(unix)]
    #[test]
    fn results_are_as_open_as_other_files() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let usual = home.path().join("usual");
        fs::create_dir(&usual).unwrap();
        let target = home.path().join("results");
        let mut folder = ResultFolder::prepare(&target, false).unwrap();
        fill(&mut folder, MANIFEST, "{}");
        folder.commit().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&target), mode(&usual));
        fs::write(home.path().join("plain"), "").unwrap();
        write_file(&home.path().join("ours"), false, |_| Ok(())).unwrap();
        assert_eq!(mode(&home.path().join("ours")), mode(&home.path().join("plain")));
    }
}
