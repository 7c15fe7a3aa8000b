//! What the rules look at: the text files git knows of, and cargo's view of our crates.

use crate::shell;
use serde_json::Value;
use std::path::Path;

/// A text file of the repository.
pub(crate) struct TextFile {
    /// Relative to the workspace, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

impl TextFile {
    /// Whether the path ends in a dot and this.
    pub(crate) fn has_ending(&self, ending: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, found)| found == ending)
    }
}

/// One of our crates.
pub(crate) struct Package {
    /// Its name for cargo.
    pub(crate) name: String,
    /// Its manifest, relative to the workspace.
    pub(crate) manifest: String,
    /// The root file of each target, relative to the workspace.
    pub(crate) roots: Vec<String>,
    /// Which of our crates it depends on, tests and build scripts included.
    pub(crate) uses: Vec<String>,
}

/// The repository.
pub(crate) struct Tree {
    pub(crate) files: Vec<TextFile>,
    pub(crate) packages: Vec<Package>,
}

impl Tree {
    /// Reads tracked files and those about to be; what git ignores is not ours to judge.
    pub(crate) fn read() -> Result<Tree, String> {
        let root = shell::workspace();
        let listed = shell::output(
            "git",
            &["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        )?;
        let mut files: Vec<TextFile> = listed
            .split('\0')
            .filter(|path| !path.is_empty())
            .filter_map(|path| {
                let text = std::fs::read_to_string(root.join(path)).ok()?;
                Some(TextFile { path: path.to_owned(), text })
            })
            .collect();
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(Tree { files, packages: packages(&root)? })
    }

    /// The file at this path.
    pub(crate) fn file(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(|file| file.has_ending("rs"))
    }

    /// Whether this is a file, or a folder with files in it.
    pub(crate) fn holds(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
    }
}

fn packages(root: &Path) -> Result<Vec<Package>, String> {
    let text = shell::output(&shell::cargo(), &["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: Value =
        serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))?;
    Ok(list(&metadata["packages"]).iter().map(|package| read_package(package, root)).collect())
}

fn read_package(package: &Value, root: &Path) -> Package {
    let targets = list(&package["targets"]).iter();
    // Only a dependency that is one of our crates has a path.
    let ours = list(&package["dependencies"]).iter().filter(|one| one["path"].is_string());
    Package {
        name: text(&package["name"]).to_owned(),
        manifest: relative(text(&package["manifest_path"]), root),
        roots: targets.map(|target| relative(text(&target["src_path"]), root)).collect(),
        uses: ours.map(|one| text(&one["name"]).to_owned()).collect(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn relative(path: &str, root: &Path) -> String {
    let path = Path::new(path);
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

#[cfg(test)]
pub(crate) mod sample {
    //! Small trees for the rules' own tests.

    use super::{Package, TextFile, Tree};

    pub(crate) fn tree(files: &[(&str, &str)]) -> Tree {
        let files = files.iter();
        let files =
            files.map(|(path, text)| TextFile { path: (*path).into(), text: (*text).into() });
        Tree { files: files.collect(), packages: Vec::new() }
    }

    pub(crate) fn package(name: &str, root: &str, uses: &[&str]) -> Package {
        Package {
            name: name.into(),
            manifest: "Cargo.toml".into(),
            roots: vec![root.into()],
            uses: uses.iter().map(|name| (*name).into()).collect(),
        }
    }
}
