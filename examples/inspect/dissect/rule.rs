//! What is wrong on the wire: the rule, its section, and what the peer should be told.

use std::fmt::{Debug, Display};

/// Something that is wrong, or that cannot be shown.
#[derive(Debug)]
pub struct Problem {
    pub text: String,
    /// The rule that was broken, with its section.
    pub rule: Option<String>,
    /// What the peer should be told.
    pub answer: Option<String>,
    /// How the inspector goes on.
    pub then: Option<String>,
    violation: bool,
}

impl Problem {
    /// A rule of `standard` that the sender broke. `source` is the text of the file that has the error's type: its
    /// documentation says which rule that is.
    pub fn new(error: &(impl Debug + Display), standard: &str, source: &str) -> Self {
        let rule = documented(source, error).map(|doc| format!("rule: {doc} [{standard}]"));
        Self { text: error.to_string(), rule, answer: None, then: None, violation: true }
    }

    /// Something that no peer is to blame for.
    pub fn note(text: impl Into<String>) -> Self {
        Self { text: text.into(), rule: None, answer: None, then: None, violation: false }
    }

    pub fn answer(mut self, answer: impl Into<String>) -> Self {
        self.answer = Some(format!("the peer should be told: {}", answer.into()));
        self
    }

    /// Says that nothing more is decoded of what `whose` sends.
    pub fn ends(mut self, whose: &str) -> Self {
        self.then = Some(format!("the rest of {whose} is not decoded"));
        self
    }

    pub const fn is_violation(&self) -> bool {
        self.violation
    }
}

/// Returns the documentation of the variant that `error` is, in one line.
///
/// The library documents each variant with the section of its standard. To copy all of that to a table here would
/// mean that the two differ one day.
fn documented(source: &str, error: &impl Debug) -> Option<String> {
    let debug = format!("{error:?}");
    let name = debug.split(|c: char| !c.is_alphanumeric()).next()?;
    let (_, body) = source.split_once("pub enum Error {")?;
    let mut doc = String::new();
    for line in body.lines() {
        let line = line.trim();
        if let Some(text) = line.strip_prefix("///") {
            if !doc.is_empty() {
                doc.push(' ');
            }
            doc += text.trim();
        } else if line.split(|c: char| !c.is_alphanumeric()).next() == Some(name) {
            return Some(without_links(&doc));
        } else if !line.starts_with("#[") {
            doc.clear();
        }
    }
    None
}

/// The first paragraph, with the text of each link in place of the link.
fn without_links(doc: &str) -> String {
    let paragraph = doc.split("  ").next().unwrap_or(doc);
    let mut text = String::new();
    let mut rest = paragraph;
    while let Some((before, link)) = rest.split_once("[`") {
        text += before;
        let (name, after) = link.split_once("`]").unwrap_or((link, ""));
        text += name;
        rest = match after.strip_prefix('(').and_then(|target| target.split_once(')')) {
            Some((_, after)) => after,
            None => after,
        };
    }
    text += rest;
    text.replace(['`', '*'], "")
}
