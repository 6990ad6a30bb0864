//! An error says its cause in its own text, or has it as its source: the programs print the chain of sources, and would say it twice.

use std::fs;
use std::path::PathBuf;

use syn::visit::Visit;
use syn::{Attribute, Field, Fields, Ident, ItemStruct, Variant};

use crate::{entries, folders_of_sources};

/// The errors of a text: structs, and variants of enums.
#[derive(Default)]
struct Errors {
    count: usize,
    /// Those whose text names a field that is their source too.
    twice: Vec<String>,
}

impl Errors {
    fn of(text: &str) -> Self {
        let mut errors = Self::default();
        errors.visit_file(&syn::parse_file(text).unwrap());
        errors
    }

    fn look(&mut self, name: &Ident, attributes: &[Attribute], fields: &Fields) {
        let messages = attributes.iter().filter(|one| one.path().is_ident("error"));
        for message in messages {
            self.count += 1;
            let words = message.meta.require_list().unwrap().tokens.to_string();
            let words = words.replace(char::is_whitespace, "");
            let mut sources = fields.iter().enumerate().filter_map(source);
            if sources.any(|field| says(&words, &field)) {
                self.twice.push(name.to_string());
            }
        }
    }
}

impl Visit<'_> for Errors {
    fn visit_item_struct(&mut self, item: &ItemStruct) {
        self.look(&item.ident, &item.attrs, &item.fields);
    }

    fn visit_variant(&mut self, variant: &Variant) {
        self.look(&variant.ident, &variant.attrs, &variant.fields);
    }
}

/// The field's name or number, if it is a source.
fn source((number, field): (usize, &Field)) -> Option<String> {
    let name = field
        .ident
        .as_ref()
        .map_or_else(|| number.to_string(), Ident::to_string);
    let mut attributes = field.attrs.iter().map(Attribute::path);
    let is_source = attributes.any(|one| one.is_ident("source") || one.is_ident("from"));
    (is_source || name == "source").then_some(name)
}

fn says(message: &str, field: &str) -> bool {
    let mut places = message.match_indices(['{', '.']);
    places.any(|(place, _)| {
        let after = message[place + 1..].strip_prefix(field);
        after.is_some_and(|after| {
            !after.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_')
        })
    })
}

#[test]
fn no_error_says_its_cause_and_has_it_as_its_source() {
    let files = folders_of_sources()
        .into_iter()
        .flat_map(|one| entries(&one));
    let is_code = |file: &PathBuf| file.extension().is_some_and(|end| end == "rs");
    let mut count = 0;
    let mut twice = Vec::new();
    for file in files.filter(is_code) {
        let errors = Errors::of(&fs::read_to_string(&file).unwrap());
        count += errors.count;
        let told = errors.twice.into_iter();
        twice.extend(told.map(|error| format!("{}: {error}", file.display())));
    }
    assert!(count > 100, "only {count} errors are found");
    assert!(
        twice.is_empty(),
        "leave the cause out of the text, or make it no source:\n{}",
        twice.join("\n")
    );
}

#[test]
fn an_error_that_says_its_cause_twice_is_found() {
    let text = r##"
        enum Error {
        #[error("{0} at {1:?}")] A(PathBuf, #[from] io::Error),
        #[error("it is lost: {why}")]
        B { // Why, if (
 #[source] why: io::Error },
        #[error(
            "(lost) {source}"
        )]
        C { source: io::Error, at: u8 },
        #[error("lost: {}", .0)] D(#[source] io::Error),
        #[error("'{0}' at {1}")] Fine(Vec<(u8, u8)>, u8, #[from] io::Error),
        #[error("{at}")] Good { at: u8, source: io::Error },
        #[error(transparent)] Through(#[from] io::Error),
        #[error("{0}")] Told(io::Error),
        #[error("nothing")] Unit,
        #[error("{0}")] Last(u8), } impl X { fn y(#[source] source: u8) {} }
        mod inner { #[error("lost: {0}")] struct E(#[source] io::Error); }
    "##;
    assert_eq!(Errors::of(text).twice, ["A", "B", "C", "D", "E"]);
}
