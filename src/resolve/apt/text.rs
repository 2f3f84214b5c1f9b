//! The texts of all files as one range of places, and names in it.

use super::Flaw;
use std::sync::Arc;

/// Where a piece of text is: in one of the files, which follow each other, or in what was made of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Piece {
    at: u32,
    length: u32,
}

impl Piece {
    /// Whether nothing is in it.
    pub fn is_empty(self) -> bool {
        self.length == 0
    }
}

/// Places from here on are in [`Texts::made`].
const MADE: u32 = 1 << 31;

/// The texts.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// Each file with the place of its first byte.
    files: Vec<(u32, Arc<[u8]>)>,
    made: Vec<u8>,
    end: u32,
}

impl Texts {
    /// Takes a file in, and gives its place.
    pub fn add(&mut self, file: &Arc<[u8]>) -> Result<u32, Flaw> {
        let place = self.end;
        let end = u32::try_from(file.len()).ok().and_then(|length| place.checked_add(length));
        self.end = end.filter(|end| *end < MADE).ok_or_else(|| Flaw("the indexes are larger than 2 GiB".to_owned()))?;
        self.files.push((place, Arc::clone(file)));
        Ok(place)
    }

    /// The piece that is `start..end` of the file at `place`.
    pub fn piece(place: u32, start: usize, end: usize) -> Piece {
        // Both are inside a file whose end has a place.
        Piece { at: place + start as u32, length: (end - start) as u32 }
    }

    /// The piece that is `bytes` inside of `file`, which is at `place`.
    pub fn piece_of(place: u32, file: &[u8], bytes: &[u8]) -> Piece {
        let start = (bytes.as_ptr() as usize).wrapping_sub(file.as_ptr() as usize);
        debug_assert!(start + bytes.len() <= file.len());
        Self::piece(place, start, start + bytes.len())
    }

    /// A piece that is in no file.
    pub fn make(&mut self, bytes: &[u8]) -> Piece {
        let at = MADE + self.made.len() as u32;
        self.made.extend_from_slice(bytes);
        Piece { at, length: bytes.len() as u32 }
    }

    /// What is at `piece`.
    pub fn get(&self, piece: Piece) -> &[u8] {
        let (bytes, at) = if piece.at >= MADE {
            (self.made.as_slice(), piece.at - MADE)
        } else {
            let number = self.files.partition_point(|(place, _)| *place <= piece.at);
            match self.files.get(number.wrapping_sub(1)) {
                Some((place, file)) => (&file[..], piece.at - place),
                None => return &[],
            }
        };
        bytes.get(at as usize..(at + piece.length) as usize).unwrap_or_default()
    }

    /// The same as a text.
    pub fn text(&self, piece: Piece) -> String {
        String::from_utf8_lossy(self.get(piece)).into_owned()
    }
}

/// Numbers of names: an open hash table, as a tree of names takes a third of the whole time. Its order is never seen.
#[derive(Debug, Clone)]
pub struct Names {
    /// A name's number + 1, or 0.
    slots: Vec<u32>,
    pieces: Vec<Piece>,
}

impl Default for Names {
    fn default() -> Self {
        Self { slots: vec![0; 1 << 12], pieces: Vec::new() }
    }
}

impl Names {
    /// The number of `name`.
    pub fn find(&self, texts: &Texts, name: &[u8]) -> Option<u32> {
        self.slot(texts, name).1
    }

    /// The number of the name at `piece`, which is a new one if it is not known.
    pub fn intern(&mut self, texts: &Texts, piece: Piece) -> u32 {
        let (slot, found) = self.slot(texts, texts.get(piece));
        if let Some(number) = found {
            return number;
        }
        let number = self.pieces.len() as u32;
        self.pieces.push(piece);
        self.slots[slot] = number + 1;
        if self.pieces.len() * 2 > self.slots.len() {
            self.grow(texts);
        }
        number
    }

    /// Where the name of the number is.
    pub fn piece(&self, number: u32) -> Piece {
        self.pieces.get(number as usize).copied().unwrap_or_default()
    }

    fn slot(&self, texts: &Texts, name: &[u8]) -> (usize, Option<u32>) {
        let mask = self.slots.len() - 1;
        let mut slot = hash(name) as usize & mask;
        loop {
            match self.slots[slot] {
                0 => return (slot, None),
                taken if texts.get(self.piece(taken - 1)) == name => return (slot, Some(taken - 1)),
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    fn grow(&mut self, texts: &Texts) {
        self.slots = vec![0; self.slots.len() * 2];
        for number in 0..self.pieces.len() {
            let (slot, _) = self.slot(texts, texts.get(self.pieces[number]));
            self.slots[slot] = number as u32 + 1;
        }
    }
}

/// FNV-1a, with its bits mixed at the end.
fn hash(name: &[u8]) -> u64 {
    let hash = name
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_numbers() {
        let mut texts = Texts::default();
        let mut names = Names::default();
        let file: Arc<[u8]> = b"name0 name1"[..].into();
        let place = texts.add(&file).expect("room");
        assert_eq!(texts.text(Texts::piece_of(place, &file, &file[6..])), "name1");
        let made: Vec<Piece> = (0..10_000).map(|n| texts.make(format!("made{n}").as_bytes())).collect();
        for (number, piece) in made.iter().enumerate() {
            assert_eq!(names.intern(&texts, *piece), number as u32);
        }
        for (number, piece) in made.iter().enumerate() {
            assert_eq!(names.intern(&texts, *piece), number as u32);
        }
        assert_eq!(names.find(&texts, b"made77"), Some(77));
        assert_eq!(names.find(&texts, b"made"), None);
        assert_eq!(texts.text(Texts::piece(place, 0, 5)), "name0");
    }
}
