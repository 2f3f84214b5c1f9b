//! A manifest that changes: its text afterwards and meanwhile, with nothing but what changes taken apart.

use super::manifest_lines::{HEADER, Line};
use super::ownership::{Manifest, Owned};
use crate::base::Sum;
use std::borrow::Cow;
use std::iter::Peekable;

/// What an output holds afterwards, and the image it was written for; nothing, if it is no longer owned.
type After<'a> = Option<(Sum, &'a str)>;

/// A change of a manifest.
#[derive(Debug)]
pub struct ManifestChange<'a> {
    before: &'a Manifest,
    /// By path.
    outputs: Vec<(&'a str, After<'a>)>,
}

impl<'a> ManifestChange<'a> {
    /// That of `before` when each of these `outputs` holds what hashes to this, written for that image, or is gone.
    pub fn new(before: &'a Manifest, outputs: impl Iterator<Item = (&'a str, After<'a>)>) -> Self {
        let mut outputs: Vec<(&str, After<'_>)> = outputs.collect();
        outputs.sort_by_key(|(path, _)| *path);
        Self { before, outputs }
    }

    /// The text of the manifest afterwards; empty if it owns nothing.
    pub fn after(&self) -> String {
        self.print(false)
    }

    /// Its text meanwhile: it owns what outputs held and what they are to hold.
    pub fn both(&self) -> String {
        self.print(true)
    }

    fn print(&self, keeps: bool) -> String {
        let mut text = String::with_capacity((self.before.outputs.len().max(self.outputs.len()) + 1) * 160);
        let mut before = self.before.outputs.iter().map(|(path, owned)| (path.as_str(), owned)).peekable();
        let mut outputs = self.outputs.iter().copied().peekable();
        let next = |before: &mut Peekable<_>, outputs: &mut Peekable<_>| {
            let paths = [before.peek().map(path_of::<&Owned>), outputs.peek().map(path_of::<After<'_>>)];
            paths.into_iter().flatten().min()
        };
        let mut hashes: Vec<Sum> = Vec::new();
        while let Some(path) = next(&mut before, &mut outputs) {
            let owned = before.next_if(|next| next.0 == path).map(|(_, owned)| owned);
            let mut change = None;
            while let Some((_, after)) = outputs.next_if(|next| next.0 == path) {
                change = Some(after);
            }
            let after = change.flatten();
            hashes.clear();
            hashes.extend(owned.filter(|_| keeps || change.is_none()).into_iter().flat_map(|owned| &owned.hashes));
            hashes.extend(after.map(|(hash, _)| hash));
            hashes.sort();
            hashes.dedup();
            let image = after.map(|(_, image)| image).or(owned.map(|owned| owned.image.as_str())).unwrap_or_default();
            for hash in &hashes {
                if text.is_empty() {
                    text.push_str(HEADER);
                    text.push('\n');
                }
                Line { path: Cow::Borrowed(path), hash: *hash, image: Cow::Borrowed(image) }.print(&mut text);
            }
        }
        text
    }
}

fn path_of<'p, T>(next: &(&'p str, T)) -> &'p str {
    next.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(outputs: &[(&str, u8, &str)]) -> Manifest {
        let mut manifest = Manifest::default();
        outputs.iter().for_each(|(path, byte, image)| manifest.add(path, Sum::from_bytes([*byte; 32]), image));
        manifest
    }

    #[test]
    fn texts() {
        let before = manifest(&[("a", 1, "x"), ("b", 2, "x"), ("b", 9, "x"), ("c", 3, "x"), ("e", 4, "x")]);
        let to = |byte: u8, image| Some((Sum::from_bytes([byte; 32]), image));
        // In no order; what is owned so already, what is not owned and goes, and what is told twice.
        let outputs = [("e", None), ("d", to(5, "y")), ("b", to(6, "y")), ("c", to(3, "x")), ("f", None)];
        let change = ManifestChange::new(&before, outputs.into_iter().chain([("d", to(7, "z"))]));
        let after = [("a", 1, "x"), ("b", 6, "y"), ("c", 3, "x"), ("d", 7, "z")];
        assert_eq!(change.after(), manifest(&after).print());
        let both = [after.as_slice(), &[("b", 2, "y"), ("b", 9, "y"), ("e", 4, "x")]].concat();
        assert_eq!(change.both(), manifest(&both).print());
        let gone = ManifestChange::new(&before, ["a", "b", "c", "e"].map(|path| (path, None)).into_iter());
        assert_eq!((gone.after(), gone.both()), (String::new(), before.print()));
        let none = ManifestChange::new(&before, std::iter::empty());
        assert_eq!([none.after(), none.both()], [before.print(), before.print()]);
    }
}
