//! XML, element by element: a repository's list of packages has hundreds of megabytes.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::io::BufRead;

/// Why a repository's data cannot be read: a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Flaw(pub String);

/// The bytes that one element's text may have.
const MAX_TEXT: usize = 1 << 16;

/// How deep elements may stand in each other.
const MAX_DEPTH: usize = 32;

/// An element that begins, or the text of one that ends.
pub(super) enum Part<'a> {
    /// The names of the elements around it, itself the last, and its attributes.
    Begins(&'a [String], &'a dyn Fn(&str) -> Option<String>),
    /// The same, and its own text, without that of elements in it.
    Ends(&'a [String], &'a str),
}

/// Calls `each` with the parts of a document, in their order. Names are without their prefix.
pub(super) fn walk(document: impl BufRead, mut each: impl FnMut(Part<'_>) -> Result<(), Flaw>) -> Result<(), Flaw> {
    let mut reader = Reader::from_reader(document);
    let mut buffer = Vec::new();
    let (mut names, mut text): (Vec<String>, String) = (Vec::new(), String::new());
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).map_err(|error| Flaw(error.to_string()))?;
        match event {
            Event::Start(start) => {
                begins(&start, &mut names, &mut each)?;
                text.clear();
            }
            Event::Empty(start) => {
                begins(&start, &mut names, &mut each)?;
                each(Part::Ends(&names, ""))?;
                names.pop();
            }
            Event::Text(more) => {
                push(&mut text, &more.xml10_content());
            }
            Event::GeneralRef(name) => {
                push(&mut text, entity(&name.into_inner()).as_deref().unwrap_or("?"));
            }
            Event::End(_) => {
                each(Part::Ends(&names, text.trim()))?;
                names.pop();
                text.clear();
            }
            // What it declares is not followed, and so nothing can be made of little that is large.
            Event::DocType(_) => return Err(Flaw("it has a document type".to_owned())),
            Event::Eof if names.is_empty() => return Ok(()),
            Event::Eof => return Err(Flaw("it ends in the middle".to_owned())),
            _ => {}
        }
    }
}

fn begins(
    start: &BytesStart<'_>,
    names: &mut Vec<String>,
    each: &mut impl FnMut(Part<'_>) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    if names.len() >= MAX_DEPTH {
        return Err(Flaw("its elements stand too deep in each other".to_owned()));
    }
    names.push(start.local_name().into_inner().to_owned());
    let attribute = |name: &str| {
        let found = start.try_get_attribute(name).ok().flatten()?;
        quick_xml::escape::unescape(&found.value).ok().map(|value| value.into_owned())
    };
    each(Part::Begins(names, &attribute))
}

/// Descriptions may be long, and nobody reads them.
fn push(text: &mut String, more: &str) {
    if text.len() + more.len() <= MAX_TEXT {
        text.push_str(more);
    }
}

fn entity(name: &str) -> Option<String> {
    let text = format!("&{name};");
    quick_xml::escape::unescape(&text).ok().map(|text| text.into_owned())
}

/// Calls `each` with every element of a small document as it ends: the names of the elements around it, itself the last,
/// its own text, and its attributes.
pub fn elements(
    document: &[u8],
    mut each: impl FnMut(&[String], &str, &dyn Fn(&str) -> Option<String>),
) -> Result<(), Flaw> {
    // Attributes stand at the beginning, text at the end: kept in between.
    let mut open: Vec<Vec<(String, String)>> = Vec::new();
    walk(document, |part| {
        match part {
            Part::Begins(_, attribute) => {
                let kept = ["type", "protocol"].map(|name| Some((name.to_owned(), attribute(name)?)));
                open.push(kept.into_iter().flatten().collect());
            }
            Part::Ends(names, text) => {
                let attributes = open.pop().unwrap_or_default();
                let attribute =
                    |name: &str| attributes.iter().find(|(of, _)| of == name).map(|(_, value)| value.clone());
                each(names, text, &attribute);
            }
        }
        Ok(())
    })
}
