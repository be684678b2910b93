//! The checks of the fuzz targets, as functions of bytes: see `README.md`.

pub mod checks;
pub mod peers;

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_corpus_passes_its_check_and_others_read_it_alike() {
        let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        for checks::Check { name, run } in checks::ALL.into_iter().chain(peers::ALL) {
            for file in fs::read_dir(corpora.join(name)).expect("each target has a corpus") {
                let path = file.expect("it is listed").path();
                println!("{}", path.display());
                run(&fs::read(path).expect("it can be read"));
            }
        }
    }
}
