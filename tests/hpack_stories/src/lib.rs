//! Stories: the field blocks of one connection, as an encoder wrote them, and the fields in them.

pub mod encoded;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde::Deserialize;
use serde_json::Value;

/// The blocks of one connection.
#[derive(Deserialize)]
pub struct Story {
    pub cases: Vec<Case>,
}

/// One block.
#[derive(Deserialize)]
pub struct Case {
    wire: String,
    headers: Vec<BTreeMap<String, String>>,
    /// The SETTINGS_HEADER_TABLE_SIZE that the encoder had acknowledged before this block.
    header_table_size: Option<u32>,
}

impl Story {
    /// Reads the story in a file.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("the story is there");
        serde_json::from_str(&text).expect("it is a story")
    }

    /// The largest table that the encoder was allowed.
    pub fn table_size(&self) -> u32 {
        let sizes = self.cases.iter().map(|case| case.header_table_size);
        // Until it was told, it had 4096.
        let told = sizes
            .enumerate()
            .filter_map(|(at, size)| if at == 0 { size.or(Some(4096)) } else { size });
        told.max().expect("a story has cases")
    }
}

impl Case {
    /// The block.
    pub fn block(&self) -> Vec<u8> {
        let digit = |byte: u8| char::from(byte).to_digit(16).expect("it is hexadecimal") as u8;
        let pairs = self.wire.as_bytes().chunks_exact(2);
        pairs.map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
    }

    /// The fields in it.
    pub fn fields(&self) -> Vec<(&str, &str)> {
        let fields = self.headers.iter().flatten();
        fields.map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// The files of all stories of all encoders.
pub fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for encoder in entries(&fixtures()).into_iter().filter(|path| path.is_dir()) {
        files.extend(entries(&encoder).into_iter().filter(|path| path.extension().is_some()));
    }
    assert!(files.len() > 400, "there are {} stories", files.len());
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    paths.sort();
    paths
}

/// The folder of the package that has the stories.
fn fixtures() -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or("cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--format-version", "1", "--manifest-path", manifest])
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    let package = packages.iter().find(|package| package["name"] == "httlib-hpack");
    let manifest = package.expect("it is a dependency")["manifest_path"].as_str();
    Path::new(manifest.expect("it has a manifest")).with_file_name("fixtures")
}
