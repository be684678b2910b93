//! Runs the checks of the fuzz targets on their corpora, which `fuzz/README.md` describes, and the frame inspector on
//! captures and on some of the same.
#![cfg(all(feature = "deflate", feature = "std"))]

use std::fs;
use std::path::Path;

#[path = "../fuzz/src/checks/mod.rs"]
mod checks;
mod inspect;
#[path = "../examples/inspect/inspector/mod.rs"]
mod inspector;

#[test]
fn every_corpus_passes_its_check() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    assert_eq!(fs::read_dir(&corpora).expect("it is there").count(), checks::ALL.len());
    for checks::Check { name, run } in checks::ALL {
        let files = fs::read_dir(corpora.join(name)).expect("each target has a corpus");
        let mut count = 0;
        for file in files {
            let path = file.expect("it is listed").path();
            println!("{}", path.display());
            run(&fs::read(path).expect("it can be read"));
            count += 1;
        }
        assert!(count > 10, "{name} has {count} files");
    }
}
