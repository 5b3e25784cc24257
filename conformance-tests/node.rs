//! Node, its packages and a browser, for what others wrote in JavaScript.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a machine needs to run a folder's scripts.
pub struct Node {
    folder: PathBuf,
    modules: PathBuf,
    chromium: PathBuf,
}

fn found(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

impl Node {
    /// The scripts of a folder of `conformance-tests`, whose packages are installed once into a cache outside the checkout: one folder for
    /// each lock file, in place by one rename. Or what is missing.
    pub fn of(name: &str) -> Result<Self, String> {
        found("node").ok_or("node is missing")?;
        found("npm").ok_or("npm is missing")?;
        let chromium = found("chromium").or_else(|| found("chromium-browser")).ok_or("chromium is missing")?;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance-tests").join(name);
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"))).ok_or("HOME is not set")?.join("hearthgate");
        let lock = fs::read(folder.join("package-lock.json")).map_err(|e| e.to_string())?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &lock);
        let digest: String = digest.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let place = cache.join(format!("{name}-{digest}"));
        if !place.exists() {
            let making = cache.join(format!("{name}-{digest}.{}", std::process::id()));
            fs::create_dir_all(&making).map_err(|e| e.to_string())?;
            for file in ["package.json", "package-lock.json"] {
                fs::copy(folder.join(file), making.join(file)).map_err(|e| e.to_string())?;
            }
            let words = ["ci", "--ignore-scripts", "--omit=optional", "--omit=peer", "--legacy-peer-deps", "--no-audit", "--no-fund"];
            let npm = Command::new("npm").args(words).current_dir(&making).output();
            let made = npm.is_ok_and(|output| output.status.success());
            // Somebody else may have been faster.
            if !made || fs::rename(&making, &place).is_err() {
                let _ = fs::remove_dir_all(&making);
            }
            if !place.exists() {
                return Err(format!("the packages of conformance-tests/{name} cannot be installed"));
            }
        }
        Ok(Self { folder, modules: place.join("node_modules"), chromium })
    }

    /// A script, ready to run.
    pub fn script(&self, name: &str) -> Command {
        let mut command = Command::new("node");
        command.arg(self.folder.join(name)).env("NODE_PATH", &self.modules).env("CHROMIUM", &self.chromium);
        command
    }
}
